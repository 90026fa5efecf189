/* SPDX-License-Identifier: Apache-2.0
 *
 * Every task that waits can say why.
 */
#include "server/waiting_on.h"

#include "base/text.h"

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

static const char *on_handler(const struct post *post, char detail[WAITING_ON_DETAIL])
{
    struct err e = {0};
    int name = (int)post->name.len;
    if (roster_is_held(post))
        return say(detail, "worker_broken", "the last attempt could not be started: %s", post->problem);
    switch (post->handler->ops->waiting(post->handler, &e)) {
    case HANDLER_READY: return NULL;
    case HANDLER_BUSY: return say(detail, "queue_limit", "worker %.*s: all its processes are busy", name, post->name.p);
    case HANDLER_STARTING:
        return say(detail, "worker_start", "worker %.*s is starting%s%.120s", name, post->name.p, *e.text ? ": " : "", e.text);
    case HANDLER_BROKEN: return say(detail, "worker_broken", "%.250s", e.text);
    }
    return NULL;
}

const char *waiting_on_reason(struct server *s, const struct task *t, char detail[WAITING_ON_DETAIL])
{
    const struct life *life = &t->life;
    detail[0] = 0;
    if (state_is_ending(life->state) || life->state == TASK_RUNNING) return NULL;
    if (life->state == TASK_BLOCKED) return "dependency";
    if (life->state == TASK_SCHEDULED && life->due_at_ms > turn_wall_ms(s->turn))
        return until(detail, life->attempt ? "retry" : "time", life->due_at_ms);
    const struct queue *q = queue_find(&s->queues, t->body.queue);
    if (!q)
        return say(detail, "worker_broken", "queue %.*s is not declared in the configuration any more",
                   STR_ARG(t->body.queue));
    if (q->paused) return say(detail, "queue_paused", "queue %.*s is paused", STR_ARG(q->name));
    const struct post *post = roster_post(&s->roster, t->body.type);
    if (!post)
        return say(detail, "worker_broken", "type %.*s is not declared in the configuration any more",
                   STR_ARG(t->body.type));
    if (queue_room(q) == 0)
        return say(detail, "queue_limit", "queue %.*s: %d of %d running", STR_ARG(q->name), q->running, q->concurrency);
    return on_handler(post, detail);
}
