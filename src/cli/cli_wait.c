/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide wait`. Without a terminal one long poll after another, task by task. With one, a single task is drawn as its events
 * come; several, or where the server tells none, in rounds of about a second: the first task that has not ended is asked by a
 * poll of one second, which paces the round, the others as they stand. A server that goes away in the middle is waited for, as
 * in bide_client_wait.
 */
#include "cli/cli_wait.h"

#include "base/clock.h"
#include "base/mem.h"
#include "cli/cli_bars.h"
#include "cli/cli_client.h"
#include "cli/cli_task.h"
#include "cli/cli_text.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define AWAY_MS (30 * 1000)
#define ROUND_MS 200 /* the shortest round */
#define LIVE_ROUND_MS 1000
#define GOES_ON (-1)

const struct cli_option cli_wait_options[] = {
    {"--timeout", "DURATION", "give up after this long, with exit code 124"},
    {0},
};

struct waiting {
    struct bide_client *client; /* borrowed */
    const char *const *ids;     /* borrowed */
    int n;
    struct bide_task_view *views; /* owned */
    struct bide_text *tasks;      /* owned: the last JSON of each */
    int64_t until_ms;             /* mono; INT64_MAX: no limit */
    struct cli_bars *bars;
    int64_t answered_at_ms; /* 0: the server has not answered so far */
    int64_t round_at_ms;    /* while it is told what happens: the next look */
    int code;               /* of that look */
    bool news;              /* to be drawn */
    struct bide_error error;
};

static int64_t now_ms(void) { return clock_mono_ms(&clock_system); }

static int ran_out(struct waiting *w)
{
    for (int i = 0; i < w->n; i++)
        if (!w->views[i].ended)
            fprintf(stderr, "bide: task %s has not ended in time%s%s\n", w->ids[i],
                    w->views[i].status[0] ? "; it goes on: " : "", w->views[i].status);
    return CLI_WAIT_RAN_OUT;
}

static int wait_quietly(struct waiting *w)
{
    for (int i = 0; i < w->n; i++) {
        int64_t left = w->until_ms == INT64_MAX ? -1 : w->until_ms - now_ms();
        int rc = bide_client_wait(w->client, w->ids[i], left < 0 && w->until_ms != INT64_MAX ? 0 : left, &w->tasks[i],
                                  &w->error);
        if (rc == 0) rc = bide_task_view_read(&w->views[i], w->tasks[i].p, &w->error);
        if (rc && strcmp(w->error.code, "timeout") == 0 && w->error.http_status == 0) return ran_out(w);
        if (rc) return cli_client_failed(w->client, &w->error);
    }
    return CLI_OK;
}

/* Asks about every task that has not ended; the first is given `wait_s`. */
static int look(struct waiting *w, int wait_s)
{
    for (int i = 0; i < w->n; i++) {
        if (w->views[i].ended) continue;
        if (bide_client_poll(w->client, w->ids[i], wait_s, &w->tasks[i], &w->error)) return -1;
        if (bide_task_view_read(&w->views[i], w->tasks[i].p ? w->tasks[i].p : "", &w->error)) return -1;
        wait_s = 0;
    }
    return 0;
}

static bool all_ended(const struct waiting *w)
{
    for (int i = 0; i < w->n; i++)
        if (!w->views[i].ended) return false;
    return true;
}

/* One look at all, and a drawing: the exit code, or GOES_ON. */
static int take_round(struct waiting *w, int wait_s)
{
    int rc = look(w, wait_s);
    int64_t now = now_ms();
    if (rc == 0) w->answered_at_ms = now;
    else if (!w->answered_at_ms || !cli_client_is_away(&w->error) || now - w->answered_at_ms >= AWAY_MS)
        return cli_client_failed(w->client, &w->error);
    cli_bars_draw(w->bars, w->views, w->n, rc ? "the server is away, trying again" : NULL);
    if (rc == 0 && all_ended(w)) return CLI_OK;
    return now >= w->until_ms ? ran_out(w) : GOES_ON;
}

static int wait_in_rounds(struct waiting *w)
{
    for (int wait_s = 0;; wait_s = 1) {
        int64_t begun = now_ms();
        int code = take_round(w, wait_s);
        if (code != GOES_ON) return code;
        int64_t rest = begun + ROUND_MS - now_ms();
        if (w->until_ms - now_ms() < rest) rest = w->until_ms - now_ms();
        if (rest > 0) (void)poll(NULL, 0, (int)rest);
    }
}

/* ---- one task: as it is told, and a round each second for what is not (its place in the queue) ---- */

static bool on_event(void *user, const struct bide_event *event)
{
    struct waiting *w = user;
    if (strcmp(event->name, "end") == 0) w->round_at_ms = 0;
    else if (strcmp(event->name, "task.output") != 0 && strcmp(event->name, "task.log") != 0)
        w->news = bide_task_view_read(w->views, event->data, &w->error) == 0;
    if (w->views->ended) { /* all of it is asked for, and that decides */
        w->views->ended = false;
        w->round_at_ms = 0;
    }
    return true;
}

static bool on_meanwhile(void *user)
{
    struct waiting *w = user;
    int64_t now = now_ms();
    if (now >= w->round_at_ms || now >= w->until_ms) {
        w->code = take_round(w, 0);
        w->round_at_ms = now_ms() + LIVE_ROUND_MS;
    } else if (w->news) {
        cli_bars_draw(w->bars, w->views, w->n, NULL);
    }
    w->news = false;
    return w->code == GOES_ON;
}

/* GOES_ON: the server tells no events, or is away. */
static int wait_live(struct waiting *w)
{
    struct bide_error error = {0};
    struct bide_client_options options = {.server = bide_client_server(w->client)};
    struct bide_follow follow = {.id = w->ids[0], .on_event = on_event, .meanwhile = on_meanwhile, .user = w, .away_ms = -1};
    struct bide_client *teller = bide_client_new(&options, &error);
    w->code = GOES_ON;
    w->round_at_ms = now_ms() + LIVE_ROUND_MS;
    if (teller && bide_client_follow(teller, &follow, &error) == 0 && w->code == GOES_ON) w->code = take_round(w, 0);
    bide_client_free(teller);
    return w->code;
}

static int wait_with_bars(struct waiting *w)
{
    int code = w->n == 1 ? wait_live(w) : GOES_ON;
    return code == GOES_ON ? wait_in_rounds(w) : code;
}

static int tell_one(struct waiting *w, int i, bool json)
{
    const struct bide_task_view *v = &w->views[i];
    struct bide_text result = {0};
    if (json) {
        cli_text_print_json(&w->tasks[i]);
        return cli_task_exit(v);
    }
    if (cli_task_result(w->client, v, &w->tasks[i], &result, &w->error)) return cli_client_failed(w->client, &w->error);
    if (w->n > 1) printf("%s  %s%s", v->id, v->status, result.len ? "  " : "\n");
    if (result.len) cli_text_print_json(&result);
    fflush(stdout);
    cli_task_print_error(v, &w->tasks[i]);
    bide_text_free(&result);
    return cli_task_exit(v);
}

int cli_wait_for(struct bide_client *client, const char *const *ids, int n, int64_t timeout_ms, bool json)
{
    struct waiting w = {
        .client = client, .ids = ids, .n = n, .until_ms = timeout_ms < 0 ? INT64_MAX : now_ms() + timeout_ms};
    struct cli_bars bars;
    w.views = mem_new(sizeof *w.views * (size_t)n);
    w.tasks = mem_new(sizeof *w.tasks * (size_t)n);
    for (int i = 0; i < n; i++) {
        str_copy(w.views[i].id, sizeof w.views[i].id, str_of(ids[i]));
        w.views[i].percent = -1;
    }
    w.bars = &bars;
    cli_bars_begin(&bars);
    int code = bars.on ? wait_with_bars(&w) : wait_quietly(&w);
    cli_bars_end(&bars);
    for (int i = 0; i < n && (code < CLI_USAGE); i++) {
        int one = tell_one(&w, i, json);
        if (!code) code = one;
    }
    for (int i = 0; i < n; i++) bide_text_free(&w.tasks[i]);
    free(w.views);
    free(w.tasks);
    return code;
}

int cli_wait(int argc, char **argv)
{
    struct cli_args a;
    int64_t timeout_ms = -1;
    int code;
    if (!cli_args_read(&a, argc, argv, 1, -1, &code)) return code;
    if (!cli_args_duration(&a, "--timeout", &timeout_ms)) {
        cli_args_release(&a);
        return CLI_USAGE;
    }
    struct bide_client *client = cli_client_open(&a, &code);
    if (client) code = cli_wait_for(client, a.words, a.n_words, timeout_ms, cli_args_flag(&a, "--json"));
    bide_client_free(client);
    cli_args_release(&a);
    return code;
}
