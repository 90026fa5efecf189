/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening goes from below to above, closing from above to below.
 */
#include "cli/service.h"

#include "base/map.h"
#include "bide.h"
#include "handler/child_keeper.h"
#include "handler/keeper_lock.h"
#include "http/client.h"
#include "loop/slice.h"
#include "loop/wall.h"
#include "server/stores.h"
#include "store/gauge.h"
#include "store/trace.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define OLD_KEEPERS_MS 20000 /* a predecessor's workers are dead within milliseconds; a machine that swaps takes longer */

/* ---- closing ---- */

static void on_store_closed(void *user)
{
    struct service *s = user;
    turn_timer_stop(&s->turn, &s->deadline);
    for (size_t i = 0; i < sizeof s->watches / sizeof *s->watches; i++) signal_close(s->watches[i]);
    wall_close(s->wall);
    loop_stop(s->loop);
}

static void on_http_closed(void *user)
{
    struct service *s = user;
    store_close(s->store, on_store_closed, s);
}

/* HTTP knows when it is idle but tells nobody: this end of a server is the one place that asks, for a moment. */
static void on_look(struct timer *t)
{
    struct service *s = CONTAINER_OF(t, struct service, look);
    if (!http_is_idle(s->http) && turn_mono_ms(&s->turn) < s->answer_until_ms) {
        turn_timer(&s->turn, &s->look, SERVICE_LOOK_MS, on_look);
        return;
    }
    struct http *http = s->http;
    s->api.http = NULL;
    http_close(http, on_http_closed, s);
}

static void on_drained(void *user)
{
    struct service *s = user;
    log_info("drained; good bye");
    notify_status(&s->notify, "drained");
    http_drain(s->http);
    waiters_tell_all(&s->server.waiters);
    bus_close(&s->server.news.bus);
    s->answer_until_ms = turn_mono_ms(&s->turn) + SERVICE_ANSWER_MS;
    turn_timer(&s->turn, &s->look, 0, on_look);
}

static void stop_now(struct service *s, const char *why)
{
    log_warn("%s: stopping now with %zu running; they start again with the next server", why, s->server.run_by_id.n);
    notify_status(&s->notify, "stopping now with %zu running", s->server.run_by_id.n);
    child_keeper_close(s->spawner);
    _exit(1);
}

static void on_deadline(struct timer *t)
{
    stop_now(CONTAINER_OF(t, struct service, deadline), "the drain did not come to its end");
}

static void tell_draining(struct service *s)
{
    notify_status(&s->notify, "draining, %zu running", s->server.run_by_id.n);
}

static void on_run_over(void *user)
{
    struct service *s = user;
    if (s->signals) tell_draining(s);
}

static void on_signal(void *owner, int signum)
{
    struct service *s = owner;
    if (++s->signals > 1) stop_now(s, "second signal");
    log_info("%s: draining, %zu running; once more stops now", signum == SIGINT ? "SIGINT" : "SIGTERM",
             s->server.run_by_id.n);
    notify_stopping(&s->notify);
    tell_draining(s);
    turn_timer(&s->turn, &s->deadline, SERVICE_END_MS, on_deadline);
    server_drain(&s->server, on_drained, s);
}

/* A terminal that goes away must not end a server that is meant to stay: it reads its configuration again. */
static void on_hangup(void *owner, int signum)
{
    (void)signum;
    service_reload_hangup(owner);
}

/* ---- opening ---- */

static int make_folder(const char *path, struct err *e)
{
    char part[4096];
    if (!str_copy(part, sizeof part, str_of(path))) return err_set(e, ERR_INVALID, "%.100s...: the path is too long", path);
    for (char *p = part + 1; *p; p++) {
        if (*p != '/') continue;
        *p = 0;
        if (mkdir(part, 0755) != 0 && errno != EEXIST) return err_set_errno(e, ERR_IO, errno, part);
        *p = '/';
    }
    return mkdir(part, 0755) != 0 && errno != EEXIST ? err_set_errno(e, ERR_IO, errno, part) : 0;
}

/* Thousands of idle connections need descriptors: as many as the system lets us have. Returns how many there were, for
 * the programs that we start; 0: nothing was changed. */
static int64_t raise_descriptor_limit(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur == r.rlim_max) return 0;
    int64_t before = (int64_t)r.rlim_cur;
    r.rlim_cur = r.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &r) != 0) log_warn("the limit of open files stays as it is: %m");
    return before;
}

static bool is_loopback(const char *address)
{
    struct str a = str_of(address);
    return str_starts(a, STR("unix:")) || str_starts(a, STR("127.")) || str_starts(a, STR("[::1]:")) ||
           str_starts(a, STR("[::ffff:127.")) || str_starts(a, STR("localhost:"));
}

static int refuse_address(const char *who, const char *address, struct err *e)
{
    return err_set(e, ERR_CONFIG,
                   "%s %s: an address that others can reach needs access tokens, which this version does not "
                   "have; listen on 127.0.0.1 and put a proxy that checks them in front", who, address);
}

static int listen_configured(struct service *s, struct err *e)
{
    for (const char *const *l = s->config->listen; *l; l++) {
        if (!is_loopback(*l)) return refuse_address("listen", *l, e);
        if (s->n_bound == SERVICE_LISTENERS)
            return err_set(e, ERR_CONFIG, "listen: at most %d addresses", SERVICE_LISTENERS);
        int err = http_listen(s->http, *l, s->bound[s->n_bound], e);
        if (err) return err;
        if (!is_loopback(s->bound[s->n_bound])) return refuse_address("listen", s->bound[s->n_bound], e); /* 127.example */
        s->n_bound++;
    }
    return 0;
}

/* What they are bound to is the manager's doing, and the rule is the same. */
static int listen_inherited(struct service *s, struct err *e)
{
    log_info("listening on the sockets of the service manager; `listen` is not used");
    for (size_t i = 0; i < s->n_inherited; i++) {
        char who[INHERIT_NAME + 40];
        snprintf(who, sizeof who, "inherited socket %d (%s)", s->inherited[i].fd, s->inherited[i].name);
        int err = http_take(s->http, s->inherited[i].fd, who, s->bound[i], e);
        if (err) return err;
        if (!is_loopback(s->bound[i])) return refuse_address(who, s->bound[i], e);
        s->n_bound++;
    }
    return 0;
}

static int open_http(struct service *s, struct err *e)
{
    struct http_conf conf = {.turn = &s->turn,
                             .user = &s->api,
                             .on_request = api_on_request,
                             .in_pieces = api_in_pieces,
                             .server_name = "bide/" BIDE_VERSION};
    int err = http_open(&s->http, s->loop, &conf, e);
    if (err) return err;
    s->api.http = s->http;
    return s->n_inherited ? listen_inherited(s, e) : listen_configured(s, e);
}

static int open_upper(struct service *s, struct err *e)
{
    int err = keeper_lock_wait(s->keepers_lock, OLD_KEEPERS_MS, e);
    if (!err) err = wall_open(&s->wall, s->loop, e);
    if (!err) err = signal_open(&s->watches[0], s->loop, SIGTERM, on_signal, s, e);
    if (!err) err = signal_open(&s->watches[1], s->loop, SIGINT, on_signal, s, e);
    if (!err) err = signal_open(&s->watches[2], s->loop, SIGHUP, on_hangup, s, e);
    return err ? err : open_http(s, e);
}

/* After a failed open nobody is served: the process is about to end, and what the kernel takes back needs no closing.
 * The store is closed, so that its file is left in order. */
static void on_abandoned(void *user)
{
    loop_stop(((struct service *)user)->loop);
}

static void on_serving(void *user)
{
    struct service *s = user;
    notify_status(&s->notify, "serving on %s", s->bound[0]);
    notify_ready(&s->notify);
    if (s->on_serving) s->on_serving(s);
}

/* Without a key nobody can submit command lines; everything else goes on. */
static void open_command_key(struct service *s)
{
    struct err e;
    if (!s->config->commands) return;
    if (command_key_open(&s->command_key, s->config->data_dir, rng_system(), &e) != 0)
        log_warn("`bide run` will be refused: %s", e.text);
}

static int open_lower(struct service *s, struct err *e)
{
    int err = make_folder(s->config->data_dir, e);
    if (!err) err = loop_open(&s->loop, &s->turn, e);
    if (!err) err = keeper_lock_path(s->keepers_lock, sizeof s->keepers_lock, s->config->data_dir, s->config->store, e);
    if (!err) err = child_keeper_open(&s->spawner, s->loop, s->keepers_lock, s->open_files, e);
    if (err) return err;
    open_command_key(s);
    pool_init(&s->pool, s->loop);
    s->fetcher = client_open(s->loop, "bide/" BIDE_VERSION);
    server_init(&s->server, &(struct server_conf){.turn = &s->turn,
                                                  .config = s->config,
                                                  .spawner = s->spawner,
                                                  .fetcher = s->fetcher,
                                                  .chores = &s->pool.chores,
                                                  .command_key = &s->command_key,
                                                  .disk = &disk_look_system,
                                                  .on_serving = on_serving,
                                                  .on_run_over = on_run_over,
                                                  .user = s});
    api_init(&s->api, &s->server);
    struct store *engine;
    err = stores_open(&engine, s->config->store, s->loop, &s->server.events, e);
    if (err) return err;
    s->api.measured = gauge_open(engine);
    s->store = getenv("BIDE_TRACE") ? trace_open(s->api.measured, trace_to_file, stderr) : s->api.measured;
    return 0;
}

static int open_all(struct service *s, struct err *e)
{
    int err = inherit_take(s->inherited, SERVICE_LISTENERS, &s->n_inherited, e);
    if (!err) err = open_lower(s, e);
    if (err) return err;
    err = open_upper(s, e);
    if (!err) return 0;
    store_close(s->store, on_abandoned, s);
    loop_run(s->loop);
    return err;
}

int service_open(struct service *s, const struct config *c, void (*tell)(struct service *s), struct err *e)
{
    *s = (struct service){.config = c, .on_serving = tell};
    signal(SIGPIPE, SIG_IGN);
    s->open_files = raise_descriptor_limit();
    map_seed(rng_next(rng_system()), rng_next(rng_system()));
    turn_init(&s->turn, &clock_system, rng_system());
    struct err silent;
    if (notify_open(&s->notify, &s->turn, &silent) != 0) log_warn("the service manager is told nothing: %s", silent.text);
    int err = open_all(s, e);
    if (err) notify_status(&s->notify, "%s", e->text);
    return err;
}

void service_run(struct service *s)
{
    slice_shorten();
    server_start(&s->server, s->store);
    loop_run(s->loop);
    server_release(&s->server);
    service_reload_release(s);
    api_release(&s->api);
    client_close(s->fetcher);
    child_keeper_close(s->spawner);
    loop_close(s->loop);
    notify_release(&s->notify);
    turn_release(&s->turn);
}
