/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide serve`: reads the configuration, runs the server until it is told to stop, and says where everything is.
 */
#include "base/mem.h"
#include "cli/cli_source.h"
#include "cli/service.h"

#include <stdio.h>

#define USUAL_ADDRESS "127.0.0.1:8080" /* what the client verbs ask unless told otherwise */

static int say(const struct err *e)
{
    fprintf(stderr, "bide serve: %s\n", e->text);
    return err_exit_code(e->code);
}

/* Without a file it is somebody's first look: what to type next. */
static void tell_what_next(const struct service *s)
{
    const char *at = s->n_bound ? s->bound[0] : NULL;
    bool unix_path = at && str_starts(str_of(at), STR("unix:"));
    char server[sizeof s->bound[0] + 32] = "";
    if (at && strcmp(at, USUAL_ADDRESS) != 0) snprintf(server, sizeof server, " --server %s%s", unix_path ? "" : "http://", at);
    if (s->command_key.text[0]) fprintf(stderr, "\n  Try this in another terminal:\n\n      bide run%s -- echo hello\n", server);
    fprintf(stderr,
            "\n"
            "  No type of work is declared yet. Put this into ./" CLI_SOURCE_FILE " and start again:\n\n"
            "      types:\n"
            "        hello: {exec: [/bin/echo, \"hello {input.name}\"]}\n\n"
            "  Then try:\n\n"
            "      bide submit hello --input '{\"name\":\"you\"}' --wait%s\n"
            "      bide list%s\n",
            server, server);
    if (unix_path) fprintf(stderr, "      curl --unix-socket %s http://bide/v1/stats\n", at + sizeof "unix:" - 1);
    else if (at) fprintf(stderr, "      curl http://%s/v1/stats\n", at);
}

static void tell_where(struct service *s)
{
    const struct config *c = s->config;
    fprintf(stderr, "bide %s\n", BIDE_VERSION);
    for (size_t i = 0; i < s->n_bound; i++)
        fprintf(stderr, "  listening on %s%s\n", str_starts(str_of(s->bound[i]), STR("unix:")) ? "" : "http://", s->bound[i]);
    fprintf(stderr, "  config  %s\n", c->path ? c->path : "none (no ./" CLI_SOURCE_FILE "; built-in defaults)");
    fprintf(stderr, "  store   %s\n  data    %s\n  types  ", c->store, c->data_dir);
    for (size_t i = 0; i < c->n_types; i++) fprintf(stderr, " %s", c->types[i].name);
    fprintf(stderr, "%s\n", c->n_types ? "" : " none");
    if (c->n_types == 0) tell_what_next(s);
}

int cli_serve(int argc, char **argv)
{
    struct cli_args a;
    int code;
    if (!cli_args_read(&a, argc, argv, 0, 0, &code)) return code;
    mem_is_vital();
    static struct service service;
    static struct config config;
    static struct cli_source source;
    code = cli_source_init(&source, &a);
    cli_args_release(&a);
    if (code == CLI_OK) code = cli_source_load(&source, &config);
    if (code == CLI_OK) {
        struct err e = {0};
        if (service_open(&service, &config, tell_where, &e)) {
            code = say(&e);
        } else {
            service.reload.source = &source;
            service_run(&service);
        }
    }
    config_release(&config);
    cli_source_release(&source);
    return code;
}
