/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide check [--json] [FILE]`: is the configuration right? Speaks to no server. Problems go to stderr as file:line:column: what, and so does what is right
 * but would not work here, as file: what; the summary of what is declared goes to stdout. With --json all are one object on stdout.
 */
#include "base/json_write.h"
#include "base/text.h"
#include "cli/cli_args.h"
#include "server/config.h"
#include "server/config_amounts.h"
#include "server/config_routes.h"
#include <stdio.h>
#include <unistd.h>

#define REPORT_MAX (4 * 1024 * 1024)
#define FILE_DEFAULT "bide.yaml"

static void add_command(struct buf *b, const char *const *command)
{
    for (size_t i = 0; command && command[i]; i++) buf_add_format(b, " %s", command[i]);
}

static void add_routes(struct buf *b, const struct config *c)
{
    for (size_t i = 0; i < c->n_routes; i++) {
        const char *value;
        enum config_verb verb = config_routes_verb(&c->routes[i], &value);
        bool typed = verb == CONFIG_SUBMIT || verb == CONFIG_RUN;
        buf_add_format(b, "route     %s: %s", c->routes[i].path, config_routes_word(verb));
        if (typed) buf_add_format(b, " %.*s", (int)strlen(value) - 2, value + 1);
        buf_add_char(b, '\n');
    }
}

static void add_steps(struct buf *b, const struct config_type *t)
{
    buf_add_text(b, "steps");
    for (size_t i = 0; i < t->n_steps; i++) buf_add_format(b, "%s %s", i ? "," : "", t->steps[i].name);
}

static void add_handler(struct buf *b, const struct config_type *t)
{
    if (t->worker) buf_add_format(b, "worker %s", t->worker);
    else if (t->http.url) buf_add_format(b, "http %s", t->http.url);
    else if (t->n_steps) add_steps(b, t);
    else buf_add_text(b, t->pull.said ? "pull" : "exec");
    add_command(b, t->exec.command);
}

static void add_summary(struct buf *b, const struct config *c)
{
    buf_add_format(b, "%s: right\n", c->path);
    for (size_t i = 0; c->listen[i]; i++) buf_add_format(b, "listen    %s\n", c->listen[i]);
    buf_add_format(b, "store     %s\ndata_dir  %s\n", c->store, c->data_dir);
    for (size_t i = 0; i < c->n_queues; i++) {
        const struct config_queue *q = &c->queues[i];
        buf_add_format(b, "queue     %s: %d at a time", q->name, q->concurrency);
        if (q->capacity) buf_add_format(b, ", at most %lld waiting", (long long)q->capacity);
        buf_add_text(b, q->paused ? ", paused\n" : "\n");
    }
    if (c->resources) {
        buf_add_text(b, "resources ");
        config_amounts_show(b, c->resources);
        buf_add_char(b, '\n');
    }
    for (size_t i = 0; i < c->n_workers; i++) {
        const struct worker_pool_conf *w = &c->workers[i];
        buf_add_format(b, "worker    %s: %d of", w->name, w->instances);
        add_command(b, w->command);
        buf_add_text(b, w->load_at_boot ? ", with the server\n" : "\n");
    }
    for (size_t i = 0; i < c->n_types; i++) {
        const struct config_type *t = &c->types[i];
        buf_add_format(b, "type      %s: queue %s, ", t->name, t->queue);
        add_handler(b, t);
        buf_add_format(b, ", %d attempts of ", t->rules.max_attempts);
        text_add_duration(b, t->rules.timeout_ms);
        buf_add_char(b, '\n');
    }
    add_routes(b, c);
}

static void add_names(struct buf *b, const char *key, const void *items, size_t n, size_t size)
{
    json_write_key(b, key);
    json_write_open(b, '[');
    for (size_t i = 0; i < n; i++) {
        const char *name; /* the first member of each */
        memcpy(&name, (const char *)items + i * size, sizeof name);
        json_write_text(b, name);
    }
    json_write_close(b, ']');
}

static void add_warnings(struct buf *b, const struct config *c)
{
    json_write_key(b, "warnings");
    json_write_open(b, '[');
    for (const char *const *w = c->warnings; *w; w++) json_write_text(b, *w);
    json_write_close(b, ']');
}

static void add_json(struct buf *b, const char *path, bool right, const struct config *c,
                     const struct config_errors *errors)
{
    json_write_open(b, '{');
    json_write_member_text(b, "file", path);
    json_write_member_bool(b, "ok", right);
    json_write_key(b, "errors");
    json_write_open(b, '[');
    for (size_t i = 0; i < errors->n; i++) {
        json_write_open(b, '{');
        json_write_member_int(b, "line", errors->items[i].mark.line);
        json_write_member_int(b, "column", errors->items[i].mark.column);
        json_write_member_text(b, "message", errors->items[i].text);
        json_write_close(b, '}');
    }
    json_write_close(b, ']');
    if (right) {
        add_warnings(b, c);
        add_names(b, "queues", c->queues, c->n_queues, sizeof *c->queues);
        add_names(b, "workers", c->workers, c->n_workers, sizeof *c->workers);
        add_names(b, "types", c->types, c->n_types, sizeof *c->types);
        add_names(b, "routes", c->routes, c->n_routes, sizeof *c->routes);
    }
    json_write_close(b, '}');
    buf_add_char(b, '\n');
}

int cli_check(int argc, char **argv)
{
    struct cli_args a;
    int code;
    if (!cli_args_read(&a, argc, argv, 0, 1, &code)) return code;
    const char *path = a.n_words ? a.words[0] : FILE_DEFAULT;
    bool json = cli_args_flag(&a, "--json"), absent = !a.n_words && access(FILE_DEFAULT, F_OK) != 0;
    cli_args_release(&a);
    if (absent) {
        fprintf(stderr, "bide check: there is no " FILE_DEFAULT " here; name a file (bide also runs without one)\n");
        return CLI_CONFIG;
    }
    struct config c;
    struct config_errors errors;
    struct buf b;
    buf_init(&b, REPORT_MAX);
    bool right = config_load(&c, path, NULL, &errors) == 0;
    for (const char *const *w = right && !json ? c.warnings : NULL; w && *w; w++) fprintf(stderr, "%s: %s\n", path, *w);
    if (json) add_json(&b, path, right, &c, &errors);
    else if (right) add_summary(&b, &c);
    else config_errors_write(&errors, &b);
    fwrite(b.p, 1, b.len, json || right ? stdout : stderr);
    buf_release(&b);
    config_release(&c);
    return right ? CLI_OK : CLI_CONFIG;
}
