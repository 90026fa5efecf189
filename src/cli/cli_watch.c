/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide watch`: follows tasks, those named or those that a filter finds, in rounds of about a second:
 *
 *     pace ──▶ look ──▶ tell ──▶ pace ...
 *
 * Look asks about all of them; tell draws bars on a terminal, and elsewhere prints a line, or with --json an object, for each
 * change; pace listens to the events of one named task, or of all that the filter finds, and tells of them at once. Where that
 * cannot be it is a long poll of one task that goes on. Named tasks are followed until all have ended, a filter until somebody
 * stops it.
 */
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cli/cli_bars.h"
#include "cli/cli_client.h"
#include "cli/cli_quiet.h"
#include "cli/cli_task.h"
#include "cli/cli_text.h"
#include "cli/cli_watch_set.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define GOES_ON (-1)
#define ROUND_MS 1000
#define ROUND_LEAST_MS 200
#define AWAY_MS (30 * 1000)  /* how long named tasks' server may be gone; a filter waits as long as it takes */
#define ENDED_MS (60 * 1000) /* how long a filter shows what has ended */

const struct cli_option cli_watch_options[] = {
    {"--type", "TYPE", "tasks of this type"},
    {"--queue", "NAME", "tasks in this queue"},
    {"--subject", "TEXT", "tasks about this subject"},
    {"--tag", "KEY=VALUE", "tasks with this tag; may be repeated"},
    {"--once", NULL, "look once and say how it stands"},
    {0},
};

struct watching {
    struct bide_client *client; /* owned */
    bool named;                 /* tasks by id, not by filter */
    bool json, once;
    struct bide_filter filter;
    struct cli_watch_set set;
    struct cli_bars bars;
    int64_t answered_at_ms; /* mono; 0: the server has not answered so far */
    bool away;              /* and that was said */
    bool news;              /* told, and not shown so far */
    int64_t round_at_ms;    /* then: the next one */
    int code;               /* what the last round came to, or GOES_ON */
    struct bide_error error;
};

static int64_t now_ms(void) { return clock_mono_ms(&clock_system); }

/* On one line: a raw line feed in JSON can only stand between tokens, as it came in an input. */
static void print_object(struct str json)
{
    json = str_trim(json);
    for (size_t i = 0; i < json.len; i++) putchar(json.p[i] == '\n' || json.p[i] == '\r' ? ' ' : json.p[i]);
    putchar('\n');
}

static void print_line(const struct bide_task_view *v)
{
    struct buf b;
    buf_init(&b, 64 * 1024);
    buf_add_format(&b, "%s  %s  %s", v->id, v->type, v->status);
    if (v->cancel_requested && !v->ended) buf_add_text(&b, ", being cancelled");
    if (!v->ended && v->percent >= 0) buf_add_format(&b, "  %.0f%%", v->percent);
    if (!v->ended && v->message[0]) buf_add_format(&b, "  %s", v->message);
    if (!v->ended && v->waiting_on[0]) buf_add_format(&b, ", waiting for %s", v->waiting_on);
    if (!v->ended && v->waiting_detail[0]) buf_add_format(&b, " (%s)", v->waiting_detail);
    if (v->ended && cli_task_exit(v)) buf_add_format(&b, "  %s: %s", v->error_code, v->error_message);
    struct buf line;
    buf_init(&line, 128 * 1024);
    cli_text_clean(&line, buf_str(&b));
    if (line.p) puts(line.p);
    buf_release(&line);
    buf_release(&b);
}

/* A task's JSON as it was seen in this round. A task that was named keeps that name, however the server writes it. */
static int take(struct watching *w, struct str json, const char *name)
{
    struct bide_task_view v;
    char *text = mem_text(json);
    int rc = bide_task_view_read(&v, text, &w->error);
    free(text);
    if (rc) return -1;
    if (w->named) str_copy(v.id, sizeof v.id, str_of(name));
    if (!cli_watch_set_put(&w->set, &v, now_ms()) || w->bars.on) return 0;
    if (w->json) print_object(json);
    else print_line(&v);
    return 0;
}

static int look_at(struct watching *w, const char *id, int wait_s)
{
    struct bide_text task = {0};
    char copy[sizeof w->set.views->id]; /* what is known moves when more becomes known */
    str_copy(copy, sizeof copy, str_of(id));
    int rc = bide_client_poll(w->client, copy, wait_s, &task, &w->error);
    if (rc == 0) rc = take(w, (struct str){task.p, task.len}, copy);
    bide_text_free(&task);
    return rc;
}

static int look_at_page(struct watching *w, const char *status)
{
    struct bide_text page = {0};
    struct json j;
    w->filter.status = status;
    w->filter.limit = LIMIT_PAGE;
    int rc = bide_client_list(w->client, &w->filter, &page, &w->error);
    json_init(&j);
    j.envelope = LIMIT_JSON_ENVELOPE;
    if (rc == 0 && json_parse(&j, (struct str){page.p, page.len}, NULL))
        rc = cli_client_bad_answer(&w->error, "the answer is not JSON");
    const struct json_node *items = rc ? NULL : json_member(&j, json_root(&j), STR("items"));
    if (rc == 0 && (!items || items->kind != JSON_ARRAY))
        rc = cli_client_bad_answer(&w->error, "the answer is not a list: it has no items");
    for (const struct json_node *v = rc ? NULL : json_first(items); v && !rc; v = json_next(items, v))
        rc = take(w, json_span(&j, v), NULL);
    json_release(&j);
    bide_text_free(&page);
    return rc;
}

/* What the filter finds: the newest, what runs, at first also what waits. */
static int look_at_pages(struct watching *w)
{
    static const char *const at_first[] = {"scheduled", "retrying", "pending", "running", NULL};
    const char *const *status = w->set.round == 1 ? at_first : &at_first[3];
    int rc = 0;
    for (; *status && !rc; status++) rc = look_at_page(w, *status);
    return rc ? rc : look_at_page(w, NULL);
}

static int look(struct watching *w)
{
    struct cli_watch_set *s = &w->set;
    if (!w->named && look_at_pages(w)) return -1;
    for (int i = 0; i < s->n; i++) {
        if (s->views[i].ended || s->seen[i].round == s->round) continue;
        if (look_at(w, s->views[i].id, 0) == 0) continue;
        if (w->named || w->error.http_status != 404) return -1;
        cli_watch_set_drop(s, i--); /* its record was removed */
    }
    return 0;
}

/* Until something may have changed: a second, or the ending of a task that runs. */
static int pace(struct watching *w)
{
    struct cli_watch_set *s = &w->set;
    int at = -1;
    for (int i = 0; i < s->n; i++)
        if (!s->views[i].ended && (at < 0 || strcmp(s->views[i].status, "running") == 0)) at = i;
    int64_t begun = now_ms();
    int rc = at < 0 || w->away ? 0 : look_at(w, s->views[at].id, 1);
    if (rc && w->error.http_status == 404 && !w->named) rc = 0;
    int64_t least = at < 0 || w->away || rc ? ROUND_MS : ROUND_LEAST_MS, rest = begun + least - now_ms();
    if (rest > 0) (void)poll(NULL, 0, (int)rest);
    return rc;
}

/* The worst ending so far: failed, then expired, then cancelled. */
static int worst(const struct cli_watch_set *s)
{
    static const int order[] = {CLI_OK, CLI_TASK_CANCELLED, CLI_TASK_EXPIRED, CLI_TASK_FAILED};
    size_t found = 0;
    for (int i = 0; i < s->n; i++)
        for (size_t k = found + 1; k < sizeof order / sizeof *order; k++)
            if (cli_task_exit(&s->views[i]) == order[k]) found = k;
    return order[found];
}

static bool all_ended(const struct cli_watch_set *s)
{
    for (int i = 0; i < s->n; i++)
        if (!s->views[i].ended) return false;
    return true;
}

static void tell(struct watching *w)
{
    const char *note = w->away       ? "the server is away, trying again"
                       : w->set.full ? "there are more tasks than are watched"
                       : !w->set.n   ? "no task waits or runs; those that come are shown. Ctrl-C ends this"
                                     : NULL;
    fflush(stdout);
    if (!w->bars.on) return;
    cli_quiet_again();
    cli_bars_draw(&w->bars, w->set.views, w->set.n, note);
}

/* The server did not answer: 0 to try again, else the exit code. */
static int missed(struct watching *w)
{
    bool patient =
        w->answered_at_ms && cli_client_is_away(&w->error) && (!w->named || now_ms() - w->answered_at_ms < AWAY_MS);
    if (!patient || w->once) return cli_client_failed(w->client, &w->error);
    if (!w->away && !w->bars.on) fprintf(stderr, "bide: the server is away, trying again\n");
    w->away = true;
    return CLI_OK;
}

/* The exit code, or GOES_ON. */
static int end_of(const struct watching *w)
{
    if (ferror(stdout)) return CLI_IO;
    if (w->once && !w->set.n) fprintf(stderr, "bide: no task waits or runs\n");
    if (w->once || (w->named && all_ended(&w->set))) return w->named ? worst(&w->set) : CLI_OK;
    return GOES_ON;
}

static int watch_round(struct watching *w, bool paced)
{
    if (!w->named) cli_watch_set_forget(&w->set, now_ms() - ENDED_MS);
    cli_watch_set_begin_round(&w->set);
    int rc = paced ? pace(w) : 0;
    if (rc == 0) rc = look(w);
    if (rc == 0) {
        w->answered_at_ms = now_ms();
        w->away = false;
    } else {
        int code = missed(w);
        if (code) return code;
    }
    tell(w);
    return end_of(w);
}

static bool on_event(void *user, const struct bide_event *event)
{
    struct watching *w = user;
    if (strncmp(event->name, "task.", 5) != 0) return true; /* what was missed a round finds */
    if (take(w, (struct str){event->data, event->data_len}, w->named ? w->set.views[0].id : NULL)) w->round_at_ms = 0;
    w->news = true;
    return true;
}

static bool on_meanwhile(void *user)
{
    struct watching *w = user;
    if (now_ms() >= w->round_at_ms) {
        w->code = watch_round(w, false);
        w->round_at_ms = now_ms() + ROUND_MS;
    } else if (w->news) {
        tell(w);
        w->code = end_of(w);
    }
    w->news = false;
    return w->code == GOES_ON;
}

/* GOES_ON: the server tells no events; what is named and has more than its events tell is not asked for them. */
static int watch_live(struct watching *w)
{
    struct bide_error error = {0};
    struct bide_client_options options = {.server = bide_client_server(w->client)};
    struct bide_follow follow = {.id = w->named ? w->set.views[0].id : NULL, .filter = &w->filter, .on_event = on_event,
                                 .meanwhile = on_meanwhile, .user = w, .away_ms = -1};
    char id[sizeof w->set.views->id];
    if (follow.id) str_copy(id, sizeof id, str_of(follow.id)), follow.id = id;
    if (w->once || (w->named && (w->json || w->set.n != 1))) return GOES_ON;
    struct bide_client *teller = bide_client_new(&options, &error);
    w->round_at_ms = now_ms() + ROUND_MS;
    if (teller) (void)bide_client_follow(teller, &follow, &error); /* for whatever it is: rounds go on without it */
    bide_client_free(teller);
    return w->code;
}

static int watch(struct watching *w)
{
    w->code = watch_round(w, false);
    if (w->code == GOES_ON) w->code = watch_live(w);
    while (w->code == GOES_ON) w->code = watch_round(w, true);
    return w->code;
}

static int read_filter(struct watching *w, const struct cli_args *a, struct bide_tag **ret_tags)
{
    w->filter = (struct bide_filter){.type = cli_args_text(a, "--type"),
                                     .queue = cli_args_text(a, "--queue"),
                                     .subject = cli_args_text(a, "--subject")};
    if (!cli_args_tags(a, ret_tags, &w->filter.n_tags)) return CLI_USAGE;
    w->filter.tags = *ret_tags;
    bool filters = w->filter.type || w->filter.queue || w->filter.subject || w->filter.n_tags;
    if (w->named && filters) return cli_args_wrong(a, "ids and filters do not go together: name tasks, or filter them");
    return CLI_OK;
}

int cli_watch(int argc, char **argv)
{
    struct cli_args a;
    struct bide_tag *tags = NULL;
    int code;
    if (!cli_args_read(&a, argc, argv, 0, -1, &code)) return code;
    struct watching w = {
        .named = a.n_words > 0, .json = cli_args_flag(&a, "--json"), .once = cli_args_flag(&a, "--once")};
    code = read_filter(&w, &a, &tags);
    for (int i = 0; i < a.n_words; i++) cli_watch_set_name(&w.set, a.words[i]);
    w.client = code ? NULL : cli_client_open(&a, &code);
    cli_bars_begin(&w.bars);
    w.bars.on = w.bars.on && !w.json && isatty(STDOUT_FILENO);
    if (w.bars.on) cli_quiet_begin();
    if (w.client) code = watch(&w);
    cli_quiet_end();
    cli_bars_end(&w.bars);
    cli_watch_set_release(&w.set);
    bide_client_free(w.client);
    cli_args_free_tags(tags, w.filter.n_tags);
    cli_args_release(&a);
    return code;
}
