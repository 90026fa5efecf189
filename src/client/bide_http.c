/* SPDX-License-Identifier: Apache-2.0
 *
 * HTTP by libcurl's easy interface; a request with a meanwhile by its multi interface, one at a time all the same. The
 * handle is reset before each request, which keeps its connections. It must never follow redirects (a token would travel
 * with them), use a proxy for this very machine, raise a signal, or hold an answer without a limit.
 */
#include "client/bide_http.h"

#include "base/json.h"
#include "base/limits.h"
#include "client/bide_error.h"
#include "client/bide_problem.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* A kept connection older than this is not used again: the server ends idle ones after 75 s, and a submit that met its
 * end on the way could not be sent again. */
#define KEPT_S 60L
#define SLICE_MS 50 /* between two calls of a request's meanwhile, when nothing moves */

struct bide_http {
    CURL *easy;         /* owned */
    CURLM *multi;       /* owned: for requests that leave time for something else; NULL: there were none yet */
    char *server;       /* owned: as given, for messages */
    char *base;         /* owned: what a path is put behind */
    const char *socket; /* in `server`: path of a UNIX socket; NULL: TCP */
    char *token;        /* owned; NULL: none */
    bool direct;        /* no proxy: the server is on this machine */
    int64_t connect_timeout_ms, answer_timeout_ms;
    int n_sent;    /* how often the request under way was begun */
    const struct bide_http_request *request; /* under way; borrowed */
    struct buf *answer;                      /* of it; borrowed */
    int unwritten; /* errno: why its answer could not be written */
    bool given_up; /* it was: its meanwhile said so */
    char why[CURL_ERROR_SIZE];
};

static bool is_loopback(struct str base)
{
    struct str host = str_sub(base, str_starts(base, STR("https://")) ? 8 : 7, base.len);
    return str_starts(host, STR("127.")) || str_starts(host, STR("localhost")) || str_starts(host, STR("[::1]"));
}

/* What goes into a header must not end it. */
static bool is_header_text(const char *text, size_t max)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if (text[i] <= 0x20 || text[i] > 0x7e) return false;
    return len > 0 && len <= max;
}

static int read_server(struct bide_http *h, const char *server, struct bide_error *error)
{
    struct str s = str_of(server);
    struct str scheme = {server, str_find(s, ':')};
    while (s.len > 0 && s.p[s.len - 1] == '/') s.len--;
    bool with_scheme = strstr(server, "://") != NULL;
    if (str_starts(s, STR("unix:")) && s.len > 5) h->base = str_dup(STR("http://localhost"));
    else if (with_scheme && (str_eq(scheme, STR("http")) || str_eq(scheme, STR("https")))) h->base = str_dup(s);
    else if (!with_scheme && scheme.len > 0 && scheme.len < s.len && isdigit((unsigned char)s.p[s.len - 1])) {
        struct buf b; /* as `listen:` is written: HOST:PORT */
        buf_init(&b, s.len + 7);
        buf_add_text(&b, "http://");
        buf_add_str(&b, s);
        h->base = b.p;
        if (buf_err(&b)) return bide_error_nomem(error);
    } else {
        return bide_error_set(error, "invalid",
                              "\"%s\" is not the address of a server: http://HOST:PORT or unix:PATH is expected",
                              server);
    }
    h->server = str_dup(str_of(server));
    if (!h->base || !h->server) return bide_error_nomem(error);
    if (str_starts(s, STR("unix:"))) h->socket = h->server + 5;
    h->direct = h->socket || is_loopback(str_of(h->base));
    return 0;
}

struct bide_http *bide_http_new(const struct bide_client_options *o, struct bide_error *error)
{
    static const struct bide_client_options none;
    if (!o) o = &none;
    const char *server = o->server && *o->server ? o->server : getenv("BIDE_SERVER");
    struct bide_http *h = calloc(1, sizeof *h);
    if (!h || curl_global_init(CURL_GLOBAL_DEFAULT)) {
        free(h);
        bide_error_nomem(error);
        return NULL;
    }
    h->connect_timeout_ms = o->connect_timeout_ms > 0 ? o->connect_timeout_ms : 10 * 1000;
    h->answer_timeout_ms = o->answer_timeout_ms > 0 ? o->answer_timeout_ms : 60 * 1000;
    if (read_server(h, server && *server ? server : "http://127.0.0.1:8080", error)) goto fail;
    if (o->token && !is_header_text(o->token, 4096)) {
        bide_error_set(error, "invalid", "a token is 1 to 4096 visible characters of ASCII");
        goto fail;
    }
    if (o->token) {
        struct buf b;
        buf_init(&b, 8192);
        buf_add_format(&b, "Authorization: Bearer %s", o->token);
        h->token = b.p;
        if (buf_err(&b)) goto nomem;
    }
    h->easy = curl_easy_init();
    if (h->easy) return h;
nomem:
    bide_error_nomem(error);
fail:
    bide_http_free(h);
    return NULL;
}

void bide_http_free(struct bide_http *h)
{
    if (!h) return;
    curl_easy_cleanup(h->easy);
    if (h->multi) curl_multi_cleanup(h->multi);
    curl_global_cleanup();
    free(h->server);
    free(h->base);
    free(h->token);
    free(h);
}

const char *bide_http_server(const struct bide_http *h) { return h->server; }

static bool write_all(struct bide_http *h, const char *p, size_t len)
{
    for (size_t at = 0; at < len && !h->unwritten;) {
        ssize_t n = write(h->request->into, p + at, len - at);
        if (n >= 0) at += (size_t)n;
        else if (errno != EINTR) h->unwritten = errno;
    }
    return !h->unwritten;
}

static bool is_stream(struct bide_http *h)
{
    const char *type = NULL;
    long status = 0;
    curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(h->easy, CURLINFO_CONTENT_TYPE, &type);
    return status == 200 && type && str_starts(str_of(type), STR("text/event-stream"));
}

static size_t on_body(char *p, size_t size, size_t n, void *user)
{
    struct bide_http *h = user;
    long status = 0;
    if (h->request->has_into) curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
    if (h->request->on_bytes && is_stream(h)) {
        h->given_up = !h->request->on_bytes(h->request->user, p, size * n);
        return h->given_up ? 0 : size * n;
    }
    if (status >= 200 && status < 300) return write_all(h, p, size * n) ? size * n : 0;
    buf_add(h->answer, p, size * n);
    return buf_err(h->answer) ? 0 : size * n;
}

static struct curl_slist *drop(struct curl_slist *list)
{
    curl_slist_free_all(list);
    return NULL;
}

/* Appends a header; NULL (with the list freed) when out of memory. */
static struct curl_slist *add_header(struct curl_slist *list, const char *line)
{
    struct curl_slist *longer = list ? curl_slist_append(list, line) : NULL;
    return longer ? longer : drop(list);
}

/* NULL: out of memory. */
static struct curl_slist *headers(const struct bide_http *h, const struct bide_http_request *r)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    struct buf line;
    buf_init(&line, 8192);
    if (r->json.p || r->has_file) buf_add_format(&line, "Content-Type: %s", r->content_type ? r->content_type : "application/json");
    else buf_add_text(&line, "Content-Type:");
    list = buf_err(&line) ? drop(list) : add_header(list, line.p);
    if (h->token) list = add_header(list, h->token);
    if (r->idempotency_key) {
        buf_clear(&line);
        buf_add_format(&line, "Idempotency-Key: %s", r->idempotency_key);
        list = buf_err(&line) ? drop(list) : add_header(list, line.p);
    }
    if (r->on_bytes) list = add_header(list, "Accept: text/event-stream, application/problem+json;q=0.5");
    if (r->last_event_id) {
        buf_clear(&line);
        buf_add_format(&line, "Last-Event-ID: %s", r->last_event_id);
        list = buf_err(&line) ? drop(list) : add_header(list, line.p);
    }
    buf_release(&line);
    return list;
}

/* libcurl sends a request again when a kept connection ends before the answer. The server may have taken the first one,
 * so only what changes nothing is sent twice. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the type is libcurl's */
static int on_begin(void *user, char *ip, char *local_ip, int port, int local_port)
{
    struct bide_http *h = user;
    (void)ip, (void)local_ip, (void)port, (void)local_port;
    return h->n_sent++ ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static size_t on_read(char *to, size_t size, size_t n, void *user)
{
    const struct bide_http_request *r = user;
    ssize_t got;
    do got = read(r->file, to, size * n);
    while (got < 0 && errno == EINTR);
    return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the type is libcurl's */
static int on_seek(void *user, curl_off_t at, int from)
{
    const struct bide_http_request *r = user;
    return lseek(r->file, at, from) < 0 ? CURL_SEEKFUNC_FAIL : CURL_SEEKFUNC_OK;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the type is libcurl's */
static int on_while(void *user, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
    const struct bide_http_request *r = user;
    (void)down_all, (void)down, (void)up_all, (void)up;
    return __atomic_load_n(r->stop, __ATOMIC_RELAXED) != 0;
}

/* A file as the body. */
static bool set_file(CURL *e, const struct bide_http_request *r)
{
    return lseek(r->file, 0, SEEK_SET) == 0 && !curl_easy_setopt(e, CURLOPT_UPLOAD, 1L) &&
           !curl_easy_setopt(e, CURLOPT_READFUNCTION, on_read) && !curl_easy_setopt(e, CURLOPT_READDATA, (void *)(uintptr_t)r) &&
           !curl_easy_setopt(e, CURLOPT_SEEKFUNCTION, on_seek) && !curl_easy_setopt(e, CURLOPT_SEEKDATA, (void *)(uintptr_t)r) &&
           !curl_easy_setopt(e, CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->file_len) &&
           !curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, r->method);
}

static bool set_stop(CURL *e, const struct bide_http_request *r)
{
    return !curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L) && !curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, on_while) &&
           !curl_easy_setopt(e, CURLOPT_XFERINFODATA, (void *)(uintptr_t)r);
}

/* False: out of memory. An option that is not set must stop the request: without its method, its socket or its proxy it
 * would be another one. */
static bool set_options(struct bide_http *h, const struct bide_http_request *r, const char *url,
                        struct curl_slist *list, struct buf *answer)
{
    CURL *e = h->easy;
    int64_t silence_s = (h->answer_timeout_ms + 999) / 1000 + r->wait_s;
    bool get = strcmp(r->method, "GET") == 0, head = strcmp(r->method, "HEAD") == 0;
    curl_easy_reset(e);
    h->why[0] = '\0';
    h->n_sent = 0;
    h->request = r;
    h->answer = answer;
    h->unwritten = 0;
    bool set = !curl_easy_setopt(e, CURLOPT_ERRORBUFFER, h->why) && !curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) &&
               !curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") && !curl_easy_setopt(e, CURLOPT_URL, url) &&
               !curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L) &&
               !curl_easy_setopt(e, CURLOPT_USERAGENT, "bide/" BIDE_VERSION) &&
               !curl_easy_setopt(e, CURLOPT_HTTPHEADER, list) && !curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) &&
               !curl_easy_setopt(e, CURLOPT_WRITEDATA, h) &&
               !curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)h->connect_timeout_ms) &&
               /* silence, not total time: a large result may take long as long as it flows */
               !curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, 1L) &&
               !curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, r->on_bytes ? 0L : (long)silence_s) &&
               !curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, KEPT_S) &&
               (!h->socket || !curl_easy_setopt(e, CURLOPT_UNIX_SOCKET_PATH, h->socket)) &&
               (!h->direct || !curl_easy_setopt(e, CURLOPT_PROXY, ""));
    if (set && r->stop) set = set_stop(e, r);
    if (!set || get) return set;
    if (r->has_file) return set_file(e, r);
    if (head) return !curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
    return !curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, on_begin) && !curl_easy_setopt(e, CURLOPT_PREREQDATA, h) &&
           !curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, r->method) &&
           !curl_easy_setopt(e, CURLOPT_POSTFIELDS, r->json.p ? r->json.p : "") &&
           !curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->json.len);
}

static int no_answer(struct bide_http *h, const struct bide_http_request *r, CURLcode rc, const struct buf *answer,
                     struct bide_error *error)
{
    if (rc == CURLE_OUT_OF_MEMORY || answer->err == ERR_NOMEM) return bide_error_nomem(error);
    if (h->unwritten) return bide_error_set(error, err_word(ERR_IO), "cannot write what came: %s", strerror(h->unwritten));
    if (answer->err)
        return bide_error_set(error, "too_large", "the answer of %s is over %zu bytes", h->server, answer->max);
    if (h->given_up || (rc == CURLE_ABORTED_BY_CALLBACK && r->stop && __atomic_load_n(r->stop, __ATOMIC_RELAXED)))
        return bide_error_set(error, err_word(ERR_CANCELLED), "the request was given up");
    if (rc == CURLE_ABORTED_BY_CALLBACK)
        return bide_error_set(error, err_word(ERR_AWAY),
                              "%s ended the connection without an answer: the request may have been carried out",
                              h->server);
    long sys = 0;
    curl_easy_getinfo(h->easy, CURLINFO_OS_ERRNO, &sys);
    char reason[CURL_ERROR_SIZE];
    const char *why = h->why[0] ? h->why : curl_easy_strerror(rc);
    if (rc == CURLE_COULDNT_CONNECT && sys) why = strerror((int)sys);
    str_copy(reason, sizeof reason, str_of(why));
    if (islower((unsigned char)reason[1])) reason[0] = (char)tolower((unsigned char)reason[0]);
    if (rc == CURLE_URL_MALFORMAT) return bide_error_set(error, "invalid", "%s: %s", h->server, reason);
    return bide_error_set(error, err_word(ERR_AWAY), "cannot reach %s: %s", h->server, reason);
}

/* Any body that is no problem is told by its status. */
static int refused(struct bide_http *h, int status, const struct buf *answer, struct bide_error *error)
{
    if (!error) return -1;
    bide_error_set(error, status >= 500 ? err_word(ERR_AWAY) : err_word(ERR_INVALID), "%s answered with status %d",
                   h->server, status);
    struct json j;
    json_init(&j);
    j.envelope = LIMIT_JSON_ENVELOPE;
    int rc = json_parse(&j, buf_str(answer), NULL);
    if (rc == ERR_NOMEM || bide_problem_read(error, &j, rc ? NULL : json_root(&j), status) != 0) bide_error_nomem(error);
    error->http_status = status;
    json_release(&j);
    return -1;
}

/* As curl_easy_perform, with meanwhile called in between. */
static CURLcode perform_meanwhile(struct bide_http *h, const struct bide_http_request *r)
{
    CURLcode rc = CURLE_OUT_OF_MEMORY;
    int n_running = 1, n_left = 0;
    if (!h->multi) h->multi = curl_multi_init();
    if (!h->multi || curl_multi_add_handle(h->multi, h->easy)) return rc;
    while (n_running > 0) {
        if (curl_multi_perform(h->multi, &n_running)) break;
        h->given_up |= n_running > 0 && !r->meanwhile(r->user);
        if (h->given_up || (n_running > 0 && curl_multi_poll(h->multi, NULL, 0, SLICE_MS, NULL))) break;
    }
    const CURLMsg *m = curl_multi_info_read(h->multi, &n_left);
    if (m && m->msg == CURLMSG_DONE) rc = m->data.result;
    else if (h->given_up) rc = CURLE_ABORTED_BY_CALLBACK;
    curl_multi_remove_handle(h->multi, h->easy); /* ends the connection of one that is under way */
    return rc;
}

int bide_http_send(struct bide_http *h, const struct bide_http_request *r, struct buf *answer, int *ret_status,
                   struct bide_error *error)
{
    if (r->idempotency_key && !is_header_text(r->idempotency_key, 255))
        return bide_error_set(error, "invalid", "an idempotency key is 1 to 255 visible characters of ASCII");
    if (r->last_event_id && !is_header_text(r->last_event_id, 255))
        return bide_error_set(error, "invalid", "the id of an event is 1 to 255 visible characters of ASCII");
    struct curl_slist *list = headers(h, r);
    struct buf url;
    buf_init(&url, 64 * 1024);
    buf_add_text(&url, h->base);
    buf_add_text(&url, r->path);
    int rc = -1;
    if (buf_err(&url) && buf_err(&url) != ERR_NOMEM) {
        bide_error_set(error, "too_large", "the address of the request is over %zu bytes", url.max);
    } else if (!list || buf_err(&url) || !set_options(h, r, url.p, list, answer)) {
        bide_error_nomem(error);
    } else {
        h->given_up = false;
        CURLcode code = r->meanwhile ? perform_meanwhile(h, r) : curl_easy_perform(h->easy);
        long status = 0;
        curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
        if (code) rc = no_answer(h, r, code, answer, error);
        else if (status < 200 || status >= 300) rc = refused(h, (int)status, answer, error);
        else if (r->on_bytes && status != 204 && !is_stream(h))
            rc = bide_error_set(error, err_word(ERR_UNSUPPORTED), "%s tells no events: it is of an older version", h->server);
        else rc = 0;
        if (rc == 0 && ret_status) *ret_status = (int)status;
        curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, NULL);
    }
    curl_slist_free_all(list);
    buf_release(&url);
    return rc;
}
