/* SPDX-License-Identifier: Apache-2.0
 *
 * Accepting: a uv_poll handle on our own listening socket.
 *
 *   ready ─▶ accept up to 64 ─▶ ready again        no descriptors left ─▶ paused 100 ms (backlog waits) ─▶ ready
 *
 * A bounded number a round, so that a flood of connections leaves time for those that are open.
 */
#include "loop/listen.h"
#include "base/mem.h"
#include "loop/bind.h"
#include "loop/uv_inside.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#define ACCEPT_ROUND 64
#define PAUSE_MS 100

struct listener {
    uv_poll_t poll;
    struct loop *loop; /* borrowed */
    struct bind_socket socket;
    const struct listen_events *events; /* borrowed */
    void *owner;                        /* borrowed */
    struct timer pause;                 /* set while no descriptors are left */
};

static void on_ready(uv_poll_t *poll, int status, int events);

static void describe_peer(const struct sockaddr_storage *addr, char peer[LISTEN_PEER])
{
    static const char mapped[] = "::ffff:"; /* an IPv4 peer of a socket for both */
    const char *text = NULL;
    if (addr->ss_family == AF_INET)
        text = inet_ntop(AF_INET, &((const struct sockaddr_in *)addr)->sin_addr, peer, LISTEN_PEER);
    else if (addr->ss_family == AF_INET6)
        text = inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)addr)->sin6_addr, peer, LISTEN_PEER);
    if (!text) str_copy(peer, LISTEN_PEER, STR("unix"));
    if (strncmp(peer, mapped, sizeof mapped - 1) == 0 && strchr(peer, '.'))
        memmove(peer, peer + sizeof mapped - 1, strlen(peer + sizeof mapped - 1) + 1);
}

static void on_pause_over(struct timer *t)
{
    struct listener *li = CONTAINER_OF(t, struct listener, pause);
    uv_poll_start(&li->poll, UV_READABLE, on_ready);
}

static void pause_accepting(struct listener *li)
{
    uv_poll_stop(&li->poll);
    turn_timer(loop_turn(li->loop), &li->pause, PAUSE_MS, on_pause_over);
}

/* True when there may be more. */
static bool accept_one(struct listener *li)
{
    struct sockaddr_storage addr = {0};
    socklen_t len = sizeof addr;
    char peer[LISTEN_PEER];
    int fd = accept4(li->socket.fd, (struct sockaddr *)&addr, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) pause_accepting(li);
        return errno == EINTR || errno == ECONNABORTED;
    }
    struct stream *s;
    if (stream_open(&s, li->loop, fd, li->socket.is_unix, NULL) < 0) return true; /* that one caller is dropped */
    describe_peer(&addr, peer);
    li->events->on_accept(li->owner, s, peer);
    return !uv_is_closing((uv_handle_t *)&li->poll);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct listener *li = poll->data;
    (void)events;
    if (status < 0) {
        pause_accepting(li);
        return;
    }
    for (int i = 0; i < ACCEPT_ROUND && accept_one(li); i++) continue;
}

static void on_closed(uv_handle_t *handle)
{
    struct listener *li = handle->data;
    if (li->events) li->events->on_closed(li->owner);
    free(li);
}

/* Takes the socket, also when it fails. */
static int start(struct listener **ret_listener, struct loop *l, const struct bind_socket *socket, struct err *e)
{
    struct listener *li = mem_new(sizeof *li);
    const char *address = socket->bound;
    li->socket = *socket;
    li->loop = l;
    li->poll.data = li;
    int status = uv_poll_init(loop_uv(l), &li->poll, li->socket.fd);
    if (status < 0) {
        bind_close(&li->socket);
        free(li);
        return loop_err_set(e, status, address);
    }
    status = uv_poll_start(&li->poll, UV_READABLE, on_ready);
    if (status < 0) {
        listen_close(li); /* without events: frees itself and tells nobody */
        return loop_err_set(e, status, address);
    }
    *ret_listener = li;
    return 0;
}

static void begin(struct listener *li, const struct listen_events *events, void *owner, char bound[LISTEN_BOUND])
{
    li->events = events;
    li->owner = owner;
    str_copy(bound, LISTEN_BOUND, str_of(li->socket.bound));
}

int listen_open(struct listener **ret_listener, struct loop *l, const char *address, const struct listen_events *events,
                void *owner, char bound[LISTEN_BOUND], struct err *e)
{
    struct bind_socket socket;
    int rc = bind_open(&socket, address, e);
    if (rc == 0) rc = start(ret_listener, l, &socket, e);
    if (rc == 0) begin(*ret_listener, events, owner, bound);
    return rc;
}

int listen_take(struct listener **ret_listener, struct loop *l, int fd, const char *name,
                const struct listen_events *events, void *owner, char bound[LISTEN_BOUND], struct err *e)
{
    struct bind_socket socket;
    int rc = bind_take(&socket, fd, name, e);
    if (rc == 0) rc = start(ret_listener, l, &socket, e);
    if (rc == 0) begin(*ret_listener, events, owner, bound);
    return rc;
}

void listen_close(struct listener *li)
{
    if (!loop_handle_close((uv_handle_t *)&li->poll, on_closed)) return;
    turn_timer_stop(loop_turn(li->loop), &li->pause);
    bind_close(&li->socket);
}
