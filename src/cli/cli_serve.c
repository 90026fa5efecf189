/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide serve`: reads the configuration, runs the server until it is told to stop, and says where everything is.
 */
#include "cli/cli_source.h"
#include "cli/service.h"

#include <stdio.h>

static int say(const struct err *e)
{
    fprintf(stderr, "bide serve: %s\n", e->text);
    return err_exit_code(e->code);
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
    if (c->n_types == 0)
        fprintf(stderr, " none: nothing can be submitted yet. Put this into ./" CLI_SOURCE_FILE " and start again:\n\n"
                        "      types:\n        hello: {exec: [/bin/echo, \"hello {input.name}\"]}\n\n"
                        "    then: bide submit hello --input '{\"name\":\"you\"}' --wait");
    fprintf(stderr, "\n");
}

int cli_serve(int argc, char **argv)
{
    struct cli_args a;
    int code;
    if (!cli_args_read(&a, argc, argv, 0, 0, &code)) return code;
    static struct service service;
    static struct config config;
    static struct cli_source source;
    code = cli_source_init(&source, &a);
    cli_args_release(&a);
    if (code == CLI_OK) code = cli_source_load(&source, &config);
    if (code == CLI_OK) {
        struct err e = {0};
        if (service_open(&service, &config, tell_where, &e)) code = say(&e);
        else service_run(&service);
    }
    config_release(&config);
    cli_source_release(&source);
    return code;
}
