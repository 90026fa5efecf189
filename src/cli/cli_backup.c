/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide backup FILE`: copies the store of the server that is, or would be, started here. The server is not asked: this
 * process reads the store beside it.
 */
#include "base/clock.h"
#include "base/json_write.h"
#include "cli/cli_bars.h"
#include "cli/cli_source.h"
#include "server/stores.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define DRAW_MS 100

const struct cli_option cli_backup_options[] = {
    {"--config", "FILE", "the server's configuration (./bide.yaml when there is one)"},
    {"--store", "URL", "instead of the configuration's: sqlite:FILE"},
    {"--force", NULL, "replace FILE when it is there"},
    {"--json", NULL, "say what was written as JSON"},
    {0},
};

struct drawing {
    struct cli_bars terminal;
    int64_t drawn_at_ms; /* mono */
};

static volatile sig_atomic_t stopped_by;

static void on_signal(int number) { stopped_by = number; }

static bool on_progress(void *user, int64_t done, int64_t total)
{
    struct drawing *p = user;
    int64_t now = clock_mono_ms(&clock_system);
    if (p->terminal.on && (now - p->drawn_at_ms >= DRAW_MS || done >= total)) {
        p->drawn_at_ms = now;
        fprintf(stderr, "\r%3d%%  %lld of %lld MiB%s\x1b[K", total > 0 ? (int)(done * 100 / total) : 100,
                (long long)(done >> 20), (long long)(total >> 20), done >= total ? ", checking the copy" : "");
    }
    return !stopped_by;
}

static void tell(const struct config *c, const char *path, int64_t bytes, bool json)
{
    if (json) {
        struct buf b;
        buf_init(&b, 64 * 1024);
        json_write_open(&b, '{');
        json_write_member_text(&b, "path", path);
        json_write_member_int(&b, "bytes", bytes);
        json_write_member_text(&b, "store", c->store);
        json_write_member_text(&b, "data_dir", c->data_dir);
        json_write_close(&b, '}');
        if (b.p) puts(b.p);
        buf_release(&b);
        return;
    }
    printf("%s  %lld bytes\n", path, (long long)bytes);
    fflush(stdout);
    fprintf(stderr,
            "not in it: output files, in %s/attempts; where tasks leave some, copy that folder now, after the store\n",
            c->data_dir);
}

static int copy(const struct config *c, const struct cli_args *a)
{
    struct drawing p = {0};
    struct store_backup b = {
        .to = a->words[0], .replace = cli_args_flag(a, "--force"), .on_progress = on_progress, .user = &p};
    struct err e = {0};
    int64_t bytes;
    cli_bars_begin(&p.terminal);
    int err = stores_backup(c->store, &b, &bytes, &e);
    if (p.terminal.on && p.drawn_at_ms) fputs("\r\x1b[K", stderr);
    if (!err) {
        tell(c, b.to, bytes, cli_args_flag(a, "--json"));
        return CLI_OK;
    }
    const char *hint = "";
    if (str_ends(str_of(e.text), STR("is there already"))) hint = "; --force replaces it";
    if (err == ERR_STORE || err == ERR_IO)
        hint = "; the store is read as its server reads it: this takes the same user";
    if (err != ERR_CANCELLED) fprintf(stderr, "bide backup: %s%s\n", e.text, hint);
    return err_exit_code(err);
}

int cli_backup(int argc, char **argv)
{
    struct cli_args a;
    struct cli_source source;
    struct config config;
    int code;
    if (!cli_args_read(&a, argc, argv, 1, 1, &code)) return code;
    code = cli_source_init(&source, &a);
    if (code == CLI_OK) code = cli_source_load(&source, &config);
    if (code == CLI_OK) {
        static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
        struct sigaction stop = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) sigaction(numbers[i], &stop, NULL);
        signal(SIGXFSZ, SIG_IGN); /* a limit is to be an error like a full disk, not the end with half a file */
        code = copy(&config, &a);
        config_release(&config);
    }
    cli_source_release(&source);
    cli_args_release(&a);
    if (stopped_by && code != CLI_OK) raise(stopped_by); /* the usual end, now that nothing is left behind */
    return code;
}
