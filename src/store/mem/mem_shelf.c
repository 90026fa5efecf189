/* SPDX-License-Identifier: Apache-2.0
 *
 * Records in memory: what apply.c says, remembered without cleverness.
 */
#include "store/mem/mem_shelf.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

static struct mem_record *find(struct shelf *s, const struct id *id)
{
    return map_get(&CONTAINER_OF(s, struct mem_shelf, shelf)->by_id, id_key(id));
}

static int begin(struct shelf *s)
{
    (void)s;
    return 0;
}

static void rollback(struct shelf *s)
{
    (void)s;
    assert(!"nothing here can fail, so nothing is rolled back");
}

/* Ids come almost in order: look for the place from the end. */
static void insert(struct mem_shelf *m, struct mem_record *rec)
{
    if (m->n == m->cap) {
        m->cap = m->cap ? m->cap * 2 : 64;
        m->ordered = mem_grow(m->ordered, m->cap * sizeof(struct mem_record *));
    }
    size_t at = m->n++;
    while (at > 0 && id_cmp(&m->ordered[at - 1]->body.id, &rec->body.id) > 0) {
        m->ordered[at] = m->ordered[at - 1];
        at--;
    }
    m->ordered[at] = rec;
}

static int add(struct shelf *s, const struct task_body *body, const struct life *life)
{
    if (find(s, &body->id)) return ERR_CONFLICT;
    struct mem_shelf *m = CONTAINER_OF(s, struct mem_shelf, shelf);
    struct mem_record *rec = mem_new(sizeof *rec);
    arena_init(&rec->arena);
    rec->body = task_copy_body(&rec->arena, body);
    rec->life = *life;
    (void)map_put(&m->by_id, id_key(&rec->body.id), rec);
    insert(m, rec);
    return 0;
}

static int change(struct shelf *s, const struct id *id, const struct life *life)
{
    find(s, id)->life = *life;
    return 0;
}

static int end(struct shelf *s, const struct id *id, const struct task_ending *ending)
{
    struct mem_record *rec = find(s, id);
    rec->life = ending->life;
    rec->ending = *ending;
    rec->ending.failure = task_copy_failure(&rec->arena, &ending->failure);
    rec->ending.result = arena_str(&rec->arena, ending->result);
    rec->ending.files = arena_str(&rec->arena, ending->files);
    rec->ending.progress = arena_str(&rec->arena, ending->progress);
    return 0;
}

static int note(struct shelf *s, const struct task_attempt *a)
{
    struct mem_record *rec = find(s, &a->id);
    struct mem_note *n = arena_alloc(&rec->arena, sizeof *n);
    n->attempt = *a;
    n->attempt.failure = task_copy_failure(&rec->arena, &a->failure);
    n->attempt.log = arena_str(&rec->arena, a->log);
    n->before = rec->notes;
    rec->notes = n;
    return 0;
}

static int pause_queue(struct shelf *s, struct str queue, bool paused)
{
    (void)s, (void)queue, (void)paused; /* the index knows; there is no restart to remember it for */
    return 0;
}

static int tally(struct shelf *s, struct str queue, enum task_state ending, int64_t total)
{
    (void)s, (void)queue, (void)ending, (void)total; /* the same */
    return 0;
}

static int body(struct shelf *s, const struct id *id, struct arena *a, struct task_body *ret)
{
    const struct mem_record *rec = find(s, id);
    if (!rec) return ERR_NOT_FOUND;
    *ret = task_copy_body(a, &rec->body);
    return 0;
}

static int ended(struct shelf *s, const struct id *id, struct life *ret_life)
{
    const struct mem_record *rec = find(s, id);
    if (!rec || !state_is_ending(rec->life.state)) return ERR_NOT_FOUND;
    *ret_life = rec->life;
    return 0;
}

static const struct shelf_ops ops = {
    .begin = begin, .commit = begin, .rollback = rollback, .add = add,     .change = change, .end = end,
    .again = change, .note = note,   .pause = pause_queue, .tally = tally, .body = body,     .ended = ended,
};

void mem_shelf_init(struct mem_shelf *s)
{
    *s = (struct mem_shelf){.shelf.ops = &ops};
    map_init(&s->by_id);
}

void mem_shelf_release(struct mem_shelf *s)
{
    map_release(&s->by_id);
    for (size_t i = 0; i < s->n; i++) {
        arena_release(&s->ordered[i]->arena);
        free(s->ordered[i]);
    }
    free(s->ordered);
}

/* ---- reads ---- */

static void view(struct arena *a, const struct mem_record *rec, size_t input_max, size_t result_max, struct task *ret)
{
    struct task_body body = rec->body;
    *ret = (struct task){.life = rec->life, .input_bytes = body.input.len};
    if (body.input.len > input_max) body.input = STR_NONE;
    ret->body = task_copy_body(a, &body);
    if (!state_is_ending(rec->life.state)) {
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

void mem_shelf_get(const struct mem_shelf *s, struct store_get *r)
{
    const struct mem_record *rec = map_get(&s->by_id, id_key(&r->id));
    r->found = rec ? 0 : ERR_NOT_FOUND;
    if (rec) view(&r->req.arena, rec, r->input_max, r->result_max, &r->task);
}

static bool has_tag(const struct task_body *b, const struct store_filter *f)
{
    if (!f->tag_key.p) return true;
    for (size_t i = 0; i < b->n_tags; i++)
        if (str_eq(b->tags[i].key, f->tag_key) && str_eq(b->tags[i].value, f->tag_value)) return true;
    return false;
}

static bool matches(const struct mem_record *rec, const struct store_filter *f, int64_t now_ms)
{
    const struct task_body *b = &rec->body;
    return (!f->type.p || str_eq(b->type, f->type)) && (!f->queue.p || str_eq(b->queue, f->queue)) &&
           (!f->subject.p || (b->subject.p && str_eq(b->subject, f->subject))) && has_tag(b, f) &&
           (!f->word || strcmp(life_word(&rec->life, now_ms), f->word) == 0);
}

void mem_shelf_list(const struct mem_shelf *s, struct store_list *r)
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
        view(&r->req.arena, rec, 0, 0, &r->items[r->n++]);
    }
    if (r->n) r->last = r->items[r->n - 1].body.id;
}

void mem_shelf_log(const struct mem_shelf *s, struct store_log *r)
{
    const struct mem_record *rec = map_get(&s->by_id, id_key(&r->id));
    r->found = rec ? 0 : ERR_NOT_FOUND;
    r->log = STR_NONE;
    if (!rec) return;
    int32_t run = r->run ? r->run : rec->life.run;
    for (const struct mem_note *n = rec->notes; n; n = n->before) {
        if (n->attempt.run != run || (r->number && n->attempt.number != r->number)) continue;
        r->log = arena_str(&r->req.arena, n->attempt.log);
        return;
    }
}
