/* SPDX-License-Identifier: Apache-2.0
 *
 * See cli_source.h.
 */
#include "cli/cli_source.h"

#include <stdio.h>
#include <unistd.h>

#define LISTEN_MOST 4096
#define REPORT_MOST (1024 * 1024)

int cli_source_init(struct cli_source *s, const struct cli_args *a)
{
    *s = (struct cli_source){.path = cli_args_text(a, "--config")};
    if (!s->path && access(CLI_SOURCE_FILE, F_OK) == 0) s->path = CLI_SOURCE_FILE;
    buf_init(&s->listen, LISTEN_MOST);
    int at = 0;
    for (const char *one; (one = cli_args_next(a, "--listen", &at));)
        buf_add_format(&s->listen, "%s%s", s->listen.len ? "," : "", one);
    if (buf_err(&s->listen)) return cli_args_wrong(a, "--listen: too many addresses");
    s->flags[0] = (struct config_flag){"listen", "--listen", s->listen.p};
    s->flags[1] = (struct config_flag){"store", "--store", cli_args_text(a, "--store")};
    s->outside = (struct config_outside){(const char *const *)environ, s->flags, sizeof s->flags / sizeof *s->flags};
    return CLI_OK;
}

void cli_source_release(struct cli_source *s) { buf_release(&s->listen); }

int cli_source_load(const struct cli_source *s, struct config *c)
{
    struct config_errors errors;
    if (config_load(c, s->path, &s->outside, &errors) == 0) {
        for (const char *const *w = c->warnings; *w; w++) fprintf(stderr, "bide: %s\n", *w);
        return CLI_OK;
    }
    struct buf b;
    buf_init(&b, REPORT_MOST);
    config_errors_write(&errors, &b);
    fwrite(b.p, 1, b.len, stderr);
    buf_release(&b);
    return CLI_CONFIG;
}
