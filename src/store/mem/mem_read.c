/* SPDX-License-Identifier: Apache-2.0
 *
 * The reads of the `mem` engine: what others answer is compared with this.
 */
#include "store/mem/mem_read.h"

#include "store/mem/mem_cache.h"
#include "store/mem/mem_step.h"

static void view(const struct mem_shelf *s, struct arena *a, const struct mem_record *rec, size_t input_max, size_t result_max, struct task *ret)
{
    struct task_body body = rec->body;
    *ret = (struct task){.life = rec->life, .input_bytes = body.input.len};
    if (body.input.len > input_max) body.input = STR_NONE;
    ret->body = task_copy_body(a, &body);
    if (!state_is_ending(rec->life.state)) {
        mem_cache_view(s, ret);
        if (rec->notes && rec->notes->attempt.run == rec->life.run && rec->notes->attempt.verdict != LIFE_DONE)
            ret->last = task_copy_failure(a, &rec->notes->attempt.failure);
        return;
    }
    ret->ending = rec->ending;
    ret->ending.failure = task_copy_failure(a, &rec->ending.failure);
    ret->ending.files = arena_str(a, rec->ending.files);
    ret->ending.progress = arena_str(a, rec->ending.progress);
    ret->result_bytes = rec->ending.result.len;
    ret->ending.result = rec->ending.result.len > result_max ? STR_NONE : arena_str(a, rec->ending.result);
}

void mem_read_get(const struct mem_shelf *s, struct store_get *r)
{
    const struct mem_record *rec = map_get(&s->by_id, id_key(&r->id));
    r->found = rec ? 0 : ERR_NOT_FOUND;
    if (!rec) return;
    view(s, &r->req.arena, rec, r->input_max, r->result_max, &r->task);
    r->sequel = state_is_ending(rec->life.state) && rec->sequel.p;
    r->task.steps = mem_step_copy(rec, r->step_results, &r->req.arena);
    r->task.n_steps = rec->n_steps;
}

static bool has_tag(const struct task_body *b, const struct task_tag *tag)
{
    for (size_t i = 0; i < b->n_tags; i++)
        if (str_eq(b->tags[i].key, tag->key) && str_eq(b->tags[i].value, tag->value)) return true;
    return false;
}

static bool has_tags(const struct task_body *b, const struct store_filter *f)
{
    for (size_t i = 0; i < f->n_tags; i++)
        if (!has_tag(b, &f->tags[i])) return false;
    return true;
}

static bool matches(const struct mem_record *rec, const struct store_filter *f, int64_t now_ms)
{
    const struct task_body *b = &rec->body;
    return id_is_derived(&b->id) == f->derived && (!f->type.p || str_eq(b->type, f->type)) && (!f->queue.p || str_eq(b->queue, f->queue)) &&
           (!f->subject.p || (b->subject.p && str_eq(b->subject, f->subject))) && has_tags(b, f) &&
           (!f->has_from || id_cmp(&b->id, &f->from) >= 0) &&
           (!f->word || strcmp(life_word(&rec->life, now_ms), f->word) == 0);
}

void mem_read_list(const struct mem_shelf *s, struct store_list *r)
{
    r->n = 0;
    r->more = false;
    r->items = arena_alloc(&r->req.arena, r->limit * sizeof *r->items);
    for (size_t i = s->n; i-- > 0;) {
        const struct mem_record *rec = s->ordered[i];
        if (r->has_after && id_cmp(&rec->body.id, &r->after) >= 0) continue;
        if (!matches(rec, &r->filter, r->req.now_ms)) continue;
        if (r->n == r->limit) {
            r->more = true;
            break;
        }
        view(s, &r->req.arena, rec, 0, 0, &r->items[r->n++]);
    }
    if (r->n) r->last = r->items[r->n - 1].body.id;
}

void mem_read_log(const struct mem_shelf *s, struct store_log *r)
{
    const struct mem_record *rec = map_get(&s->by_id, id_key(&r->id));
    r->found = rec ? 0 : ERR_NOT_FOUND;
    r->log = STR_NONE;
    if (!rec) return;
    int32_t run = r->run ? r->run : rec->life.run;
    for (const struct mem_note *n = rec->notes; n; n = n->before) {
        if (n->attempt.run != run || (r->number && n->attempt.number != r->number)) continue;
        r->log = arena_str(&r->req.arena, r->output ? n->attempt.output : n->attempt.log);
        return;
    }
}

static size_t runs_of(const struct mem_record *rec, struct store_history *r)
{
    size_t n = 0;
    if (state_is_ending(rec->life.state)) r->runs[n++] = rec->ending;
    for (const struct mem_past *p = rec->past; p && n < r->limit; p = p->before) r->runs[n++] = p->ending;
    for (size_t i = 0; i < n; i++) {
        struct task_ending *e = &r->runs[i];
        e->failure = task_copy_failure(&r->req.arena, &e->failure);
        e->files = arena_str(&r->req.arena, e->files);
        e->progress = arena_str(&r->req.arena, e->progress);
        e->result = STR_NONE;
    }
    return n;
}

void mem_read_history(const struct mem_shelf *s, struct store_history *r)
{
    const struct mem_record *rec = map_get(&s->by_id, id_key(&r->id));
    r->n_attempts = r->n_runs = 0;
    r->found = rec ? 0 : ERR_NOT_FOUND;
    if (!rec) return;
    r->life = rec->life;
    r->save = rec->save;
    r->save.data = STR_NONE;
    r->attempts = arena_alloc(&r->req.arena, r->limit * sizeof *r->attempts);
    r->runs = arena_alloc(&r->req.arena, r->limit * sizeof *r->runs);
    r->n_runs = runs_of(rec, r);
    for (const struct mem_note *n = rec->notes; n && r->n_attempts < r->limit; n = n->before) {
        struct store_attempt *to = &r->attempts[r->n_attempts++];
        *to = (struct store_attempt){.attempt = n->attempt, .log_bytes = n->attempt.log.len, .output_bytes = n->attempt.output.len};
        to->attempt.failure = task_copy_failure(&r->req.arena, &n->attempt.failure);
        to->attempt.log = to->attempt.output = STR_NONE;
    }
}

void mem_read_kept(const struct mem_shelf *s, struct store_kept *r)
{
    r->n = 0;
    r->more = false;
    r->items = arena_alloc(&r->req.arena, r->limit * sizeof *r->items);
    for (size_t i = s->n; i-- > 0;) {
        const struct mem_record *rec = s->ordered[i];
        if (!state_is_ending(rec->life.state) || (r->has_after && id_cmp(&rec->body.id, &r->after) >= 0)) continue;
        r->more = r->n == r->limit;
        if (r->more) break;
        struct store_kept_item *to = &r->items[r->n++];
        *to = (struct store_kept_item){.id = rec->body.id, .state = rec->life.state, .run = rec->life.run,
                                       .attempt = rec->life.attempt, .type = arena_str(&r->req.arena, rec->body.type),
                                       .finished_at_ms = rec->ending.finished_at_ms, .retain_ms = rec->body.retain_ms,
                                       .input_bytes = rec->body.input.len, .result_bytes = rec->ending.result.len,
                                       .has_files = rec->ending.files.len > 0};
        to->steps = mem_step_copy(rec, false, &r->req.arena);
        to->n_steps = rec->n_steps;
        for (size_t s_at = 0; s_at < rec->n_steps; s_at++) {
            to->result_bytes += rec->steps[s_at].result.len;
            to->has_files = to->has_files || rec->steps[s_at].files.len > 0;
        }
        for (const struct mem_note *n = rec->notes; n; n = n->before) to->log_bytes += n->attempt.log.len + n->attempt.output.len;
    }
    if (r->n) r->last = r->items[r->n - 1].id;
}
