/* SPDX-License-Identifier: Apache-2.0
 *
 * libcurl's multi interface, driven by events: it tells which sockets to watch (on_socket) and when to call again
 * (on_timer); curl_multi_socket_action is called when one of them is ready or that time has come, and nothing else polls.
 *
 *   fetch_start ─▶ curl_multi_add_handle ─▶ (sockets, timer) ⇄ act ─▶ on_piece* ─▶ tell: on_over
 *
 * libcurl may not be asked to remove a request from inside its own callbacks, so one that is cancelled there is only left
 * by its owner, and taken out when libcurl has returned.
 */
#include "http/client.h"
#include "base/list.h"
#include "base/mem.h"
#include "http/client_options.h"
#include "loop/watch.h"
#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define KEPT_CONNECTIONS 64L

struct client {
    struct fetcher fetcher;
    struct loop *loop;      /* borrowed */
    const char *user_agent; /* borrowed */
    CURLM *multi;           /* owned; NULL: there was no request yet */
    struct timer timer;     /* libcurl's */
    struct list requests;   /* of struct request */
    struct list sockets;    /* of struct socket */
    bool acting;            /* inside libcurl */
};

struct request {
    struct list link;
    struct client *client;
    struct fetch *fetch;        /* the owner's; NULL: it was cancelled */
    CURL *easy;                 /* owned; NULL: taken from it */
    struct curl_slist *headers; /* owned */
    char why[CURL_ERROR_SIZE];
    bool by_proxy;
    int no_socket;              /* errno of a socket that the system did not give; 0: it did */
    const struct fetch_guard *guard; /* borrowed; NULL: none */
    const char *why_not;        /* static: what the guard said of all addresses that were tried; NULL: it let one through */
    bool let;                   /* one */
};

struct socket {
    struct list link;
    struct watch watch;
    struct client *client;
    curl_socket_t fd;
};

/* ---- requests come and go ---- */

static void take_out(struct request *r)
{
    if (!r->easy) return;
    curl_multi_remove_handle(r->client->multi, r->easy);
    curl_easy_cleanup(r->easy);
    r->easy = NULL;
}

static void drop(struct request *r)
{
    list_remove(&r->link);
    take_out(r);
    curl_slist_free_all(r->headers);
    free(r);
}

static int code_of(CURLcode code)
{
    switch ((int)code) {
    case CURLE_OPERATION_TIMEDOUT: return ERR_TIMEOUT;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR: return ERR_AWAY;
    default: return ERR_IO; /* an int, not an enum: each release has more of them */
    }
}

/* The status of a proxy that refuses us, else 0. When a tunnel was wanted that is an error of libcurl's, and some say 401 then;
 * without one it is an answer like any other, and only 407 is surely the proxy's. */
static int refused_by_proxy(const struct request *r, long status)
{
    long connect = 0;
    if (!r->by_proxy || !r->easy) return 0;
    curl_easy_getinfo(r->easy, CURLINFO_HTTP_CONNECTCODE, &connect);
    if (connect == 401 || connect == 407) return (int)connect;
    return status == 407 ? 407 : 0;
}

static void tell(struct request *r, CURLcode code)
{
    struct fetch *f = r->fetch;
    long status = 0;
    if (r->easy) curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
    int refused = refused_by_proxy(r, status);
    if (f) f->status = refused ? refused : (int)status;
    if (f && refused) err_set(&f->err, ERR_FORBIDDEN, "the proxy wants a login, or another one (HTTP %d)", refused);
    else if (f && r->why_not) err_set(&f->err, ERR_FORBIDDEN, "it leads to %s", r->why_not);
    else if (f && r->no_socket) err_set_errno(&f->err, ERR_AGAIN, r->no_socket, "a socket");
    else if (f && code != CURLE_OK) err_set(&f->err, code_of(code), "%s", r->why[0] ? r->why : curl_easy_strerror(code));
    drop(r);
    if (!f) return;
    f->inside = NULL;
    f->on_over(f);
}

/* What happened while libcurl worked: requests that ended, and those that were cancelled meanwhile. */
static void settle(struct client *c)
{
    int left;
    for (CURLMsg *m; (m = curl_multi_info_read(c->multi, &left));) {
        struct request *r = NULL;
        if (m->msg != CURLMSG_DONE) continue;
        CURLcode code = m->data.result; /* the message goes with its request */
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&r);
        tell(r, code);
    }
    LIST_EACH_SAFE(l, &c->requests)
    {
        struct request *r = CONTAINER_OF(l, struct request, link);
        if (!r->fetch) drop(r);
    }
}

static void forget_socket(struct socket *s)
{
    list_remove(&s->link);
    watch_close(&s->watch);
    free(s);
}

static void end_multi(struct client *c)
{
    if (!c->multi) return;
    curl_multi_cleanup(c->multi);
    curl_global_cleanup();
    c->multi = NULL;
    turn_timer_stop(loop_turn(c->loop), &c->timer);
    LIST_EACH_SAFE(l, &c->sockets) forget_socket(CONTAINER_OF(l, struct socket, link));
}

/* libcurl has given up, all of it, as when a socket cannot be watched: what was under way has failed, the next request begins
 * with another one. */
static void give_up(struct client *c)
{
    struct list lost;
    list_init(&lost);
    LIST_EACH(l, &c->requests) take_out(CONTAINER_OF(l, struct request, link));
    end_multi(c);
    list_splice(&lost, &c->requests);
    for (struct list *l; (l = list_shift(&lost));) tell(CONTAINER_OF(l, struct request, link), CURLE_ABORTED_BY_CALLBACK); /* may drop others */
}

static void act(struct client *c, curl_socket_t fd, int events)
{
    int running;
    c->acting = true;
    CURLMcode rc = curl_multi_socket_action(c->multi, fd, events, &running); /* what goes wrong with one request is in its message */
    c->acting = false;
    if (rc == CURLM_OK) settle(c);
    else give_up(c);
}

/* ---- what libcurl asks for ---- */

static void on_due(struct timer *t) { act(CONTAINER_OF(t, struct client, timer), CURL_SOCKET_TIMEOUT, 0); }

static int on_timer(CURLM *multi, long in_ms, void *user)
{
    struct client *c = user;
    (void)multi;
    if (in_ms < 0) turn_timer_stop(loop_turn(c->loop), &c->timer);
    else turn_timer(loop_turn(c->loop), &c->timer, in_ms, on_due);
    return 0;
}

static void on_ready(struct watch *w, bool readable, bool writable)
{
    struct socket *s = CONTAINER_OF(w, struct socket, watch);
    act(s->client, s->fd, (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0)); /* may free it */
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *known)
{
    struct client *c = user;
    struct socket *s = known;
    struct err e;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (s) forget_socket(s);
        return 0;
    }
    if (!s) {
        s = mem_new(sizeof *s);
        *s = (struct socket){.watch = {.on_ready = on_ready}, .client = c, .fd = fd};
        if (watch_open(&s->watch, c->loop, fd, &e) != 0) {
            free(s);
            return -1; /* libcurl gives up: give_up */
        }
        list_push(&c->sockets, &s->link);
        curl_multi_assign(c->multi, fd, s);
    }
    watch_for(&s->watch, what & CURL_POLL_IN, what & CURL_POLL_OUT);
    return 0;
}

static bool is_shortage(int sys) { return sys == EMFILE || sys == ENFILE || sys == ENOBUFS || sys == ENOMEM; }

static bool guard_lets(struct request *r, const struct sockaddr *to)
{
    const char *why = r->guard ? r->guard->why_not(r->guard, to) : NULL;
    if (!why) r->let = true;
    r->why_not = r->let ? NULL : why; /* of several addresses one that may be tried is enough for another try */
    return !why;
}

/* Also of a connection that is used again, which somebody else may have opened. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the type is libcurl's */
static int before_sending(void *user, char *there, char *here, int port_there, int port_here)
{
    struct sockaddr_in6 to6 = {.sin6_family = AF_INET6};
    struct sockaddr_in to4 = {.sin_family = AF_INET};
    (void)here;
    (void)port_there;
    (void)port_here;
    bool is_v4 = inet_pton(AF_INET, there, &to4.sin_addr) == 1;
    if (!is_v4 && inet_pton(AF_INET6, there, &to6.sin6_addr) != 1) return CURL_PREREQFUNC_ABORT;
    return guard_lets(user, is_v4 ? (struct sockaddr *)&to4 : (struct sockaddr *)&to6) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static curl_socket_t open_socket(void *user, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct request *r = user;
    (void)purpose;
    if (!guard_lets(r, &to->addr)) return CURL_SOCKET_BAD;
    curl_socket_t fd = socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
    if (fd == CURL_SOCKET_BAD && is_shortage(errno)) r->no_socket = errno;
    return fd;
}

static size_t on_piece(const char *bytes, size_t size, size_t n, void *user)
{
    struct request *r = user;
    struct fetch *f = r->fetch;
    long status = 0;
    if (!f) return CURL_WRITEFUNC_ERROR;
    curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
    f->status = (int)status;
    if (n > 0) f->on_body(f, (struct str){bytes, size * n});
    return r->fetch ? size * n : CURL_WRITEFUNC_ERROR;
}

static bool take_header(struct str line, struct str name, char *to, size_t cap)
{
    struct str value = line;
    if (!str_eq_nocase(str_trim(str_cut(&value, ':')), name)) return false;
    (void)str_copy(to, cap, str_trim(value));
    return true;
}

static size_t on_header(const char *bytes, size_t size, size_t n, void *user)
{
    struct request *r = user;
    struct fetch *f = r->fetch;
    struct str line = {bytes, size * n};
    if (!f) return 0;
    while (line.len && (line.p[line.len - 1] == '\n' || line.p[line.len - 1] == '\r')) line.len--;
    if (str_starts(line, STR("HTTP/"))) { /* another one begins: after 100 Continue, or a proxy's */
        f->type[0] = f->retry_after[0] = '\0';
    } else if (!take_header(line, STR("Content-Type"), f->type, sizeof f->type)) {
        (void)take_header(line, STR("Retry-After"), f->retry_after, sizeof f->retry_after);
    }
    return size * n;
}

/* ---- starting ---- */

static int begin(struct client *c, struct err *e)
{
    if (c->multi) return 0;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return err_set(e, ERR_INTERNAL, "libcurl does not start");
    c->multi = curl_multi_init();
    if (!c->multi) mem_give_up();
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, KEPT_CONNECTIONS);
    return 0;
}

static CURLcode set_request(struct request *r, const struct fetch_spec *spec)
{
    CURLcode rc = curl_easy_setopt(r->easy, CURLOPT_URL, spec->url);
    if (!rc && spec->body.p) rc = curl_easy_setopt(r->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)spec->body.len);
    if (!rc && spec->body.p) rc = curl_easy_setopt(r->easy, CURLOPT_COPYPOSTFIELDS, spec->body.p);
    if (!rc) rc = curl_easy_setopt(r->easy, CURLOPT_CUSTOMREQUEST, spec->method);
    if (!rc) rc = curl_easy_setopt(r->easy, CURLOPT_HTTPHEADER, r->headers);
    if (!rc) rc = curl_easy_setopt(r->easy, CURLOPT_PRIVATE, r);
    if (!rc) rc = curl_easy_setopt(r->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    if (!rc) rc = curl_easy_setopt(r->easy, CURLOPT_OPENSOCKETDATA, r);
    if (!rc && r->guard) rc = curl_easy_setopt(r->easy, CURLOPT_PREREQFUNCTION, before_sending);
    if (!rc && r->guard) rc = curl_easy_setopt(r->easy, CURLOPT_PREREQDATA, r);
    if (!rc) rc = curl_easy_setopt(r->easy, CURLOPT_ERRORBUFFER, r->why);
    if (!rc) rc = curl_easy_setopt(r->easy, CURLOPT_WRITEFUNCTION, on_piece);
    if (!rc) rc = curl_easy_setopt(r->easy, CURLOPT_WRITEDATA, r);
    if (!rc) rc = curl_easy_setopt(r->easy, CURLOPT_HEADERFUNCTION, on_header);
    if (!rc) rc = curl_easy_setopt(r->easy, CURLOPT_HEADERDATA, r);
    return rc;
}

static void add_header(struct request *r, const char *line)
{
    struct curl_slist *more = curl_slist_append(r->headers, line);
    if (!more) mem_give_up();
    r->headers = more;
}

static int start(struct fetcher *by, struct fetch *f, const struct fetch_spec *spec, struct err *e)
{
    struct client *c = CONTAINER_OF(by, struct client, fetcher);
    int err = begin(c, e);
    if (err) return err;
    struct request *r = mem_new(sizeof *r);
    *r = (struct request){.client = c, .fetch = f, .easy = curl_easy_init(), .by_proxy = spec->proxy, .guard = spec->guard};
    list_push(&c->requests, &r->link);
    if (!r->easy) mem_give_up();
    for (const char *const *h = spec->headers; h && *h; h++) add_header(r, *h);
    add_header(r, "Expect:"); /* no waiting for 100 Continue */
    CURLcode rc = client_options_set(r->easy, spec, c->user_agent);
    if (!rc) rc = set_request(r, spec);
    CURLMcode added = rc ? CURLM_INTERNAL_ERROR : curl_multi_add_handle(c->multi, r->easy);
    if (added != CURLM_OK) {
        drop(r);
        return err_set(e, ERR_INVALID, "%s", rc ? curl_easy_strerror(rc) : curl_multi_strerror(added));
    }
    f->inside = r;
    return 0;
}

static void cancel(struct fetch *f)
{
    struct request *r = f->inside;
    f->inside = NULL;
    r->fetch = NULL;
    if (!r->client->acting) drop(r);
}

struct fetcher *client_open(struct loop *l, const char *user_agent)
{
    struct client *c = mem_new(sizeof *c);
    c->fetcher = (struct fetcher){start, cancel};
    c->loop = l;
    c->user_agent = user_agent;
    list_init(&c->requests);
    list_init(&c->sockets);
    return &c->fetcher;
}

void client_close(struct fetcher *by)
{
    struct client *c = CONTAINER_OF(by, struct client, fetcher);
    end_multi(c);
    free(c);
}
