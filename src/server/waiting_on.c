/* SPDX-License-Identifier: Apache-2.0
 *
 * Every task that waits can say why.
 */
#include "server/waiting_on.h"

#include "base/text.h"
#include "server/duty.h"

#include <stdio.h>

static const char *say(char detail[WAITING_ON_DETAIL], const char *reason, const char *format, ...) __attribute__((format(printf, 3, 4)));

static const char *say(char detail[WAITING_ON_DETAIL], const char *reason, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(detail, WAITING_ON_DETAIL, format, args);
    va_end(args);
    return reason;
}

static const char *until(char detail[WAITING_ON_DETAIL], const char *reason, int64_t due_at_ms)
{
    char time[TEXT_TIME];
    text_format_time(due_at_ms, time);
    return say(detail, reason, "until %s", time);
}

static const char *on_handler(const struct post *post, struct str type, char detail[WAITING_ON_DETAIL])
{
    struct err e = {0};
    struct handler *h = post->handler;
    int name = (int)post->name.len;
    if (roster_is_held(post))
        return say(detail, "worker_broken", "the last attempt could not be started: %s", post->problem);
    if (post->blocker)
        return say(detail, "queue_limit", "worker %.*s: the next task is tried alone, when a process has no other", name, post->name.p);
    switch (h->typed ? h->typed->waiting(h, type) : h->ops->waiting(h, &e)) {
    case HANDLER_READY: return NULL;
    case HANDLER_ABSENT: return say(detail, "worker_start", "no puller asks for %.*s", STR_ARG(type));
    case HANDLER_BUSY:
        if (h->typed) return say(detail, "queue_limit", "all pullers that ask for %.*s are busy", STR_ARG(type));
        if (post->duty->type.http.url) return say(detail, "queue_limit", "%.250s", e.text);
        return say(detail, "queue_limit", "worker %.*s: all its processes are busy", name, post->name.p);
    case HANDLER_STARTING:
        return say(detail, "worker_start", "worker %.*s is starting%s%.120s", name, post->name.p, *e.text ? ": " : "", e.text);
    case HANDLER_SCARCE: return say(detail, "worker_start", "worker %.*s waits for %.200s", name, post->name.p, e.text);
    case HANDLER_BROKEN: return say(detail, "worker_broken", "%.250s", e.text);
    }
    return NULL;
}

static const char *on_key_rate(const struct queue *q, const struct task *t, char detail[WAITING_ON_DETAIL])
{
    int len = (int)(t->body.limit_key.len > 100 ? 100 : t->body.limit_key.len);
    char rate[RATE_TEXT];
    rate_format(&q->key_rate, rate);
    return say(detail, "key_rate", "key %.*s: %s", len, t->body.limit_key.p, rate);
}

/* Those that are about to run count, too: their places are taken. */
static const char *on_key(const struct key_state *k, const struct task *t, char detail[WAITING_ON_DETAIL])
{
    int len = (int)(t->body.limit_key.len > 100 ? 100 : t->body.limit_key.len);
    if (k->ready == 0 || k->running >= k->limit)
        return say(detail, "key", "key %.*s: %u of %u running", len, t->body.limit_key.p, k->running, k->limit);
    return say(detail, "key", "key %.*s: %u of %u running, %u next in line", len, t->body.limit_key.p, k->running, k->limit,
               k->ready);
}

static const char *on_rate(const struct queue *q, char detail[WAITING_ON_DETAIL])
{
    char rate[RATE_TEXT];
    rate_format(&q->rate, rate);
    return say(detail, "rate", "queue %.*s: %s", STR_ARG(q->name), rate);
}

static const char *on_holder(const struct task *t, char detail[WAITING_ON_DETAIL])
{
    int len = (int)(t->body.key.len > 100 ? 100 : t->body.key.len);
    return say(detail, "key", "key %.*s: the task it replaces is being stopped", len, t->body.key.p);
}

static const char *on_leader(const struct task *t, char detail[WAITING_ON_DETAIL])
{
    char id[ID_TEXT];
    if (!t->has_leader) return say(detail, "dependency", "the identical task in flight has ended");
    id_format(&t->leader, id);
    return say(detail, "dependency", "the result of %s, an identical task in flight", id);
}

static const char *on_time(const struct life *life, char detail[WAITING_ON_DETAIL])
{
    return until(detail, life->attempt ? "retry" : "time", life->due_at_ms);
}

const char *waiting_on_reason(struct server *s, const struct task *t, char detail[WAITING_ON_DETAIL])
{
    const struct life *life = &t->life;
    detail[0] = 0;
    if (state_is_ending(life->state) || life->state == TASK_RUNNING) return NULL;
    if (life->state == TASK_BLOCKED) return t->body.key.p && !t->follows ? on_holder(t, detail) : on_leader(t, detail);
    if (life->state == TASK_SCHEDULED && life->due_at_ms > turn_wall_ms(s->turn))
        return on_time(life, detail);
    struct queue *q = queue_find(&s->queues, t->body.queue);
    if (!q)
        return say(detail, "worker_broken", "queue %.*s is not declared in the configuration any more",
                   STR_ARG(t->body.queue));
    if (q->paused) return say(detail, "queue_paused", "queue %.*s is paused", STR_ARG(q->name));
    char lane[TASK_LANE];
    struct str works = config_works(s->conf.config, task_lane(&t->body, lane));
    const struct post *post = works.p ? roster_post(&s->roster, works) : NULL;
    if (!post)
        return say(detail, "worker_broken", "type %.*s is not declared in the configuration any more",
                   STR_ARG(t->body.type));
    const struct key_state *key = keys_hold(&s->keys, t);
    if (key) return key->rated ? on_key_rate(q, t, detail) : on_key(key, t, detail);
    if (queue_room(q) == 0)
        return say(detail, "queue_limit", "queue %.*s: %d of %d running", STR_ARG(q->name), q->running, q->concurrency);
    if (queue_rate_ms(q, turn_mono_ms(s->turn)) != 0) return on_rate(q, detail);
    const char *reason = on_handler(post, works, detail);
    if (reason || life->state != TASK_SCHEDULED) return reason;
    return on_time(life, detail); /* it has just come, and the store is about to say so */
}
