/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide serve`: reads the configuration, runs the server until it is told to stop, and says where everything is.
 */
#include "cli/cli_args.h"
#include "cli/service.h"

#include <stdio.h>
#include <unistd.h>

#define FILE_DEFAULT "bide.yaml"

static int say(const struct err *e)
{
    fprintf(stderr, "bide serve: %s\n", e->text);
    return err_exit_code(e->code);
}

/* 0, or the exit code with everything said. */
static int read_file(struct config *c, const char *path)
{
    struct config_errors errors;
    if (config_load(c, path, &errors) == 0) return 0;
    struct buf b;
    buf_init(&b, 1024 * 1024);
    config_errors_write(&errors, &b);
    fwrite(b.p, 1, b.len, stderr);
    buf_release(&b);
    return CLI_CONFIG;
}

static int read_config(struct config *c, const struct cli_args *a)
{
    const char *path = cli_args_text(a, "--config");
    if (!path && access(FILE_DEFAULT, F_OK) == 0) path = FILE_DEFAULT;
    int code = 0;
    if (path) code = read_file(c, path);
    else config_default(c);
    if (code) return code;
    struct err e = {0};
    int err = config_override_env(c, &e);
    struct buf listen;
    int at = 0;
    buf_init(&listen, 4096);
    for (const char *one; (one = cli_args_next(a, "--listen", &at));) buf_add_format(&listen, "%s%s", listen.len ? "," : "", one);
    if (!err && buf_err(&listen)) err = err_set(&e, ERR_INVALID, "--listen: too many addresses");
    if (!err && listen.len) err = config_override(c, "listen", listen.p, CONFIG_FLAG, &e);
    buf_release(&listen);
    const char *store = cli_args_text(a, "--store");
    if (!err && store) err = config_override(c, "store", store, CONFIG_FLAG, &e);
    return err ? say(&e) : 0;
}

static void tell_where(struct service *s)
{
    const struct config *c = s->config;
    fprintf(stderr, "bide %s\n", BIDE_VERSION);
    for (size_t i = 0; i < s->n_bound; i++)
        fprintf(stderr, "  listening on %s%s\n", str_starts(str_of(s->bound[i]), STR("unix:")) ? "" : "http://", s->bound[i]);
    fprintf(stderr, "  config  %s\n", c->path ? c->path : "none (no ./" FILE_DEFAULT "; built-in defaults)");
    fprintf(stderr, "  store   %s\n  data    %s\n  types  ", c->store, c->data_dir);
    for (size_t i = 0; i < c->n_types; i++) fprintf(stderr, " %s", c->types[i].name);
    if (c->n_types == 0)
        fprintf(stderr, " none: nothing can be submitted yet. Put this into ./" FILE_DEFAULT " and start again:\n\n"
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
    code = read_config(&config, &a);
    cli_args_release(&a);
    if (code == 0) {
        struct err e = {0};
        if (service_open(&service, &config, tell_where, &e)) code = say(&e);
        else service_run(&service);
    }
    config_release(&config);
    return code;
}
