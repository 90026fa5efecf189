/* SPDX-License-Identifier: Apache-2.0
 *
 * See service_reload.h.
 */
#include "cli/service_reload.h"

#include "base/mem.h"
#include "cli/cli_source.h"
#include "cli/service.h"

#include <stdlib.h>

#define REPORT_MOST (1024 * 1024)

static void free_config(struct config *c)
{
    if (!c) return;
    config_release(c);
    free(c);
}

static void log_errors(const struct config_errors *errors)
{
    struct buf b;
    buf_init(&b, REPORT_MOST);
    config_errors_write(errors, &b);
    for (struct str rest = buf_str(&b); rest.len;) {
        struct str line = str_cut(&rest, '\n');
        log_error("%.*s", STR_ARG(line));
    }
    buf_release(&b);
    log_error("reload: nothing changed");
}

/* The service manager waits from the one to the other. */
static void tell_begin(struct service *s)
{
    if (s->server.serving) notify_reloading(&s->notify);
}

static void tell_end(struct service *s)
{
    if (s->server.serving && !s->server.draining) notify_ready(&s->notify);
}

static void on_reloaded(void *user, int err)
{
    struct service *s = user;
    struct service_reload *r = &s->reload;
    struct config *over = err ? r->next : r->now;
    if (err) {
        log_error("reload: %s; nothing changed", err_text(err));
    } else {
        r->now = r->next;
        s->config = r->now;
        log_info("reload: done: %zu queues, %zu workers, %zu types", r->now->n_queues, r->now->n_workers,
                 r->now->n_types);
    }
    r->next = NULL;
    free_config(over);
    tell_end(s);
    if (r->again && !err) service_reload_hangup(s);
}

void service_reload_hangup(struct service *s)
{
    struct service_reload *r = &s->reload;
    if (!r->source || s->server.draining) {
        log_info("SIGHUP: nothing to do");
        return;
    }
    r->again = r->next != NULL;
    if (r->again) return;
    log_info("SIGHUP: reading %s", r->source->path ? r->source->path : "the variables: there is no file");
    tell_begin(s);
    struct config_errors errors;
    struct config *next = mem_new(sizeof *next);
    int err = config_load(next, r->source->path, &r->source->outside, &errors);
    if (!err && !reload_check(s->config, next, &errors)) err = ERR_CONFIG;
    if (err) {
        config_errors_sort(&errors);
        log_errors(&errors);
        free_config(next);
        tell_end(s);
        return;
    }
    for (const char *const *w = next->warnings; *w; w++) log_warn("%s", *w);
    r->next = next;
    reload_start(&s->server, next, on_reloaded, s);
}

void service_reload_release(struct service *s)
{
    free_config(s->reload.next);
    free_config(s->reload.now);
}
