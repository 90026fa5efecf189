/* SPDX-License-Identifier: Apache-2.0
 *
 * A plain array: a thousand tasks looked through once a second cost nothing.
 */
#include "cli/cli_watch_set.h"

#include "base/mem.h"

#include <stdlib.h>

void cli_watch_set_release(struct cli_watch_set *s)
{
    free(s->views);
    free(s->seen);
    *s = (struct cli_watch_set){0};
}

void cli_watch_set_begin_round(struct cli_watch_set *s)
{
    str_copy(s->highest, sizeof s->highest, str_of(s->reached));
    s->full = false;
    s->round++;
}

static int find(const struct cli_watch_set *s, const char *id)
{
    for (int i = 0; i < s->n; i++)
        if (strcmp(s->views[i].id, id) == 0) return i;
    return -1;
}

static int add(struct cli_watch_set *s, const struct bide_task_view *v)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 16;
        s->views = mem_grow(s->views, sizeof *s->views * (size_t)s->cap);
        s->seen = mem_grow(s->seen, sizeof *s->seen * (size_t)s->cap);
    }
    s->views[s->n] = *v;
    s->seen[s->n] = (struct cli_watch_seen){0};
    return s->n++;
}

void cli_watch_set_name(struct cli_watch_set *s, const char *id)
{
    struct bide_task_view v = {.percent = -1, .queued_ms = -1, .run_ms = -1};
    str_copy(v.id, sizeof v.id, str_of(id));
    if (find(s, v.id) < 0) add(s, &v);
}

static bool is_news(const struct bide_task_view *a, const struct bide_task_view *b)
{
    return strcmp(a->status, b->status) != 0 || a->run != b->run || a->attempt != b->attempt ||
           a->cancel_requested != b->cancel_requested || (int)a->percent != (int)b->percent ||
           strcmp(a->message, b->message) != 0 || strcmp(a->waiting_on, b->waiting_on) != 0;
}

bool cli_watch_set_put(struct cli_watch_set *s, const struct bide_task_view *v, int64_t now_ms)
{
    int i = find(s, v->id);
    if (strcmp(v->id, s->reached) > 0) str_copy(s->reached, sizeof s->reached, str_of(v->id));
    if (i < 0 && v->ended && (s->round == 1 || strcmp(v->id, s->highest) <= 0)) return false;
    if (i < 0 && s->n >= CLI_WATCH_SET_MAX) {
        s->full = true;
        return false;
    }
    bool first = i < 0 || s->seen[i].round == 0;
    if (i < 0) i = add(s, v);
    bool news = first || is_news(&s->views[i], v);
    s->views[i] = *v;
    s->seen[i].round = s->round;
    if (!v->ended) s->seen[i].ended_at_ms = 0;
    else if (!s->seen[i].ended_at_ms) s->seen[i].ended_at_ms = now_ms;
    return news;
}

void cli_watch_set_drop(struct cli_watch_set *s, int i)
{
    s->n--;
    memmove(&s->views[i], &s->views[i + 1], sizeof *s->views * (size_t)(s->n - i));
    memmove(&s->seen[i], &s->seen[i + 1], sizeof *s->seen * (size_t)(s->n - i));
}

void cli_watch_set_forget(struct cli_watch_set *s, int64_t before_ms)
{
    for (int i = s->n - 1; i >= 0; i--)
        if (s->seen[i].ended_at_ms && s->seen[i].ended_at_ms < before_ms) cli_watch_set_drop(s, i);
}
