/* SPDX-License-Identifier: Apache-2.0
 *
 * See cli_follow.h. Each piece is flushed as it comes: whoever reads this waits for it.
 */
#include "cli/cli_follow.h"

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/cli_client.h"
#include "cli/cli_task.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define AWAY_MS (30 * 1000)
#define BREATH_MS 100

struct following {
    const struct cli_follow *what;
    struct bide_error error; /* what came was not understood, or could not be printed */
    int64_t attempt;         /* whose words were printed last; 0: nobody's */
};

static void on_interrupt(int number)
{
    (void)number;
    _exit(CLI_INTERRUPTED);
}

void cli_follow_quits_quietly(void)
{
    struct sigaction old;
    if (sigaction(SIGINT, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
        sigaction(SIGINT, &(struct sigaction){.sa_handler = on_interrupt}, NULL);
}

static bool print_text(struct following *f, const struct bide_event *event)
{
    struct bide_text text = {0};
    int64_t attempt = 0;
    enum bide_json found = bide_json_text(event->data, f->what->output ? "data" : "text", &text);
    if (found == BIDE_JSON_FOUND) found = bide_json_int(event->data, "attempt", &attempt);
    if (found != BIDE_JSON_FOUND) cli_client_bad_answer(&f->error, "an event %s that is not understood", event->name);
    else if (f->attempt && f->attempt != attempt) fprintf(stderr, "bide: attempt %lld begins\n", (long long)attempt);
    if (found == BIDE_JSON_FOUND && text.len) fwrite(text.p, 1, text.len, stdout);
    f->attempt = attempt;
    bide_text_free(&text);
    return found == BIDE_JSON_FOUND;
}

static bool on_event(void *user, const struct bide_event *event)
{
    struct following *f = user;
    bool good = true;
    if (strcmp(event->name, "end") == 0) return true;
    if (f->what->json) printf("%s\n", event->data);
    else good = print_text(f, event);
    return fflush(stdout) == 0 && good;
}

static void on_away(void *user, const struct bide_error *why)
{
    (void)user;
    if (why) fprintf(stderr, "bide: the server is away, trying again\n");
}

/* The server was there a moment ago. */
static int ask_end(struct bide_client *client, const char *id, struct bide_text *task, struct bide_error *error)
{
    int64_t begun = clock_mono_ms(&clock_system);
    int rc;
    while ((rc = bide_client_wait(client, id, -1, task, error)) != 0 && cli_client_is_away(error) &&
           clock_mono_ms(&clock_system) - begun < AWAY_MS)
        (void)poll(NULL, 0, BREATH_MS);
    return rc;
}

/* How it ended. Run again since, it is waited for once more. */
static int tell_end(struct bide_client *client, const char *id)
{
    struct bide_text task = {0};
    struct bide_task_view view;
    struct bide_error error = {0};
    int code = CLI_OK;
    if (ask_end(client, id, &task, &error) || bide_task_view_read(&view, task.p ? task.p : "", &error)) {
        code = cli_client_failed(client, &error);
    } else {
        cli_task_print_error(&view, &task);
        code = cli_task_exit(&view);
    }
    bide_text_free(&task);
    return code;
}

int cli_follow_print(struct bide_client *client, const struct cli_follow *what)
{
    struct following f = {.what = what};
    struct bide_follow follow = {.id = what->id, .what = what->output ? BIDE_FOLLOW_OUTPUT : BIDE_FOLLOW_LOG, .from = what->from,
                                 .on_event = on_event, .on_away = on_away, .user = &f};
    struct bide_error error = {0};
    cli_follow_quits_quietly();
    if (bide_client_follow(client, &follow, &error)) return cli_client_failed(client, &error);
    if (f.error.code[0]) return cli_client_failed(client, &f.error);
    return ferror(stdout) ? CLI_IO : tell_end(client, what->id);
}
