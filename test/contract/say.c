/* SPDX-License-Identifier: Apache-2.0
 *
 * All of an answer but what engines may differ in: what an ending forgets of a life.
 */
#include "test/contract/say.h"

void say_life(struct buf *b, const struct life *l)
{
    buf_add_format(b, " %s run %d at %d f %d d %d c %d fence %llx rank %lld due %lld start %lld", state_word(l->state),
                   l->run, l->attempt, l->failures, l->deaths, l->cancel_requested, (unsigned long long)l->fence,
                   (long long)l->rank, (long long)l->due_at_ms, (long long)l->started_at_ms);
    if (l->alone || l->leased) buf_add_format(b, " alone %d leased %d", l->alone, l->leased);
    if (!state_is_ending(l->state)) buf_add_format(b, " by %lld since %lld", (long long)l->start_by_ms, (long long)l->eligible_at_ms);
}

void say_lane(struct buf *b, const struct contract_lane *l)
{
    buf_add_format(b, " from %s/%s/%s", l->queue, l->type, l->batch_key);
}

void say_id(struct buf *b, const struct id *id)
{
    char text[ID_TEXT];
    id_format(id, text);
    buf_add_format(b, " %s", text);
}

void say_failure(struct buf *b, const struct failure *f)
{
    if (f->code.len == 0) return;
    buf_add_format(b, " (%.*s: %.*s, %.*s, %.*s, %d, %lld)", STR_ARG(f->code), STR_ARG(f->message), STR_ARG(f->detail),
                   STR_ARG(f->type), f->attempt, (long long)f->at_ms);
}

void say_steps(struct buf *b, const struct task_step *steps, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_add_format(b, " step %d %.*s by %d.%d %lld..%lld %.*s %.*s", steps[i].n, STR_ARG(steps[i].name), steps[i].run, steps[i].attempt,
                       (long long)steps[i].started_at_ms, (long long)steps[i].finished_at_ms, STR_ARG(steps[i].files), STR_ARG(steps[i].result));
}

void say_task(struct buf *b, const struct task *t)
{
    say_id(b, &t->body.id);
    buf_add_format(b, " %.*s/%.*s [%.*s] %zu tags, %zu in, %zu out", STR_ARG(t->body.queue), STR_ARG(t->body.type),
                   STR_ARG(t->body.subject), t->body.n_tags, t->input_bytes, t->result_bytes);
    for (size_t i = 0; i < t->body.n_tags; i++) buf_add_format(b, " %.*s", STR_ARG(t->body.tags[i].key));
    buf_add_format(b, " priority %d at %lld", t->body.rules.priority, (long long)t->body.run_at_ms);
    buf_add_format(b, " keys %.*s,%.*s,%.*s cost %g", STR_ARG(t->body.key), STR_ARG(t->body.limit_key), STR_ARG(t->body.batch_key), t->body.cost);
    buf_add_format(b, " at %.*s", STR_ARG(t->body.step));
    say_steps(b, t->steps, t->n_steps);
    say_life(b, &t->life);
    say_failure(b, &t->last);
    if (!state_is_ending(t->life.state)) return;
    say_failure(b, &t->ending.failure);
    if (t->ending.cached) say_id(b, &t->ending.cached_from);
    buf_add_format(b, " end %lld %.*s %.*s", (long long)t->ending.finished_at_ms, STR_ARG(t->ending.result),
                   STR_ARG(t->ending.progress));
}

void say_history(struct buf *b, const struct store_history *h)
{
    buf_add_format(b, " history %d", h->found);
    if (h->found) return;
    say_life(b, &h->life);
    buf_add_format(b, " save %d %d %lld %zu", h->save.attempt, h->save.resumed_from, (long long)h->save.at_ms, h->save.bytes);
    for (size_t i = 0; i < h->n_attempts; i++) {
        const struct task_attempt *a = &h->attempts[i].attempt;
        buf_add_format(b, " [%d.%d %s %llx %lld..%lld log %zu", a->run, a->number, life_verdict_word(a->verdict),
                       (unsigned long long)a->fence, (long long)a->started_at_ms, (long long)a->finished_at_ms,
                       h->attempts[i].log_bytes);
        buf_add_format(b, " output %zu", h->attempts[i].output_bytes);
        buf_add_format(b, " from %d saved %lld %zu", a->resumed_from, (long long)a->saved_at_ms, a->saved_bytes);
        say_failure(b, &a->failure);
        buf_add_text(b, "]");
    }
    for (size_t i = 0; i < h->n_runs; i++) {
        const struct task_ending *e = &h->runs[i];
        buf_add_text(b, " {");
        say_life(b, &e->life);
        say_failure(b, &e->failure);
        if (e->cached) say_id(b, &e->cached_from);
        buf_add_format(b, " end %lld %.*s %.*s}", (long long)e->finished_at_ms, STR_ARG(e->files),
                       STR_ARG(e->progress));
    }
}

void say_set(struct buf *b, const struct store_count *n)
{
    buf_add_format(b, " paused %d known %d draining %d concurrency %d capacity %lld keys %d rate %d %d %lld fair %d", n->set.paused, n->pause_known,
                   n->set.draining, n->set.concurrency, (long long)n->set.capacity, n->set.key_concurrency,
                   n->set.rate.n, n->set.rate.burst, (long long)n->set.rate.per_ms, n->set.fair);
    buf_add_format(b, " of keys %d %d %lld", n->set.key_rate.n, n->set.key_rate.burst, (long long)n->set.key_rate.per_ms);
}

void say_key(struct buf *b, const struct contract *c, const char *queue, const char *key)
{
    for (int i = 0; i < 16; i++) {
        const struct contract_key *k = &c->keys[i];
        if (k->told.held == 0 || strcmp(k->queue, queue) != 0 || strcmp(k->key, key) != 0) continue;
        buf_add_format(b, " key %s limit %u rated %d running %u ready %u held %u", key, k->told.limit, k->told.rated, k->told.running, k->told.ready,
                       k->told.held);
        if (k->told.ready) say_id(b, &k->told.last);
    }
}
