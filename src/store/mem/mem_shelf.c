/* SPDX-License-Identifier: Apache-2.0
 *
 * Records in memory: what apply.c says, remembered without cleverness.
 */
#include "store/mem/mem_shelf.h"

#include "base/mem.h"
#include "store/mem/mem_cache.h"
#include "store/mem/mem_file.h"
#include "store/mem/mem_notice.h"
#include "store/mem/mem_once.h"
#include "store/mem/mem_sequel.h"
#include "store/mem/mem_step.h"

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

static int change(struct shelf *s, const struct id *id, const struct ready_lane *lane, const struct life *life)
{
    (void)lane;
    find(s, id)->life = *life;
    return 0;
}

static int end(struct shelf *s, const struct id *id, const struct ready_lane *lane, const struct task_ending *ending)
{
    (void)lane;
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
    n->attempt.output = arena_str(&rec->arena, a->output);
    n->before = rec->notes;
    rec->notes = n;
    return 0;
}

static int again(struct shelf *s, const struct id *id, const struct life *life)
{
    struct mem_record *rec = find(s, id);
    struct mem_past *p = arena_alloc(&rec->arena, sizeof *p);
    *p = (struct mem_past){rec->past, rec->ending};
    rec->past = p;
    rec->life = *life;
    return 0;
}

static void free_save(struct mem_record *rec)
{
    free((char *)rec->save.data.p);
    rec->save = (struct task_save){0};
}

static int save(struct shelf *s, const struct id *id, int32_t run, const struct task_save *save)
{
    (void)run; /* none outlives its run */
    struct mem_record *rec = find(s, id);
    free_save(rec);
    rec->save = *save;
    rec->save.data = save->data.len ? mem_str(save->data) : STR_NONE;
    rec->save.bytes = save->data.len;
    return 0;
}

static int saved(struct shelf *s, const struct id *id, int32_t run, struct arena *a, struct task_save *ret)
{
    (void)run;
    const struct mem_record *rec = find(s, id);
    if (!rec->save.attempt) return ERR_NOT_FOUND;
    *ret = rec->save;
    ret->data = a ? arena_str(a, rec->save.data) : STR_NONE;
    return 0;
}

static int unsave(struct shelf *s, const struct id *id)
{
    free_save(find(s, id));
    return 0;
}

static int patch(struct shelf *s, const struct task_body *body)
{
    struct mem_record *rec = find(s, &body->id);
    struct task_body kept = task_copy_body(&rec->arena, &(struct task_body){.tags = body->tags, .n_tags = body->n_tags});
    rec->body.rules.priority = body->rules.priority;
    rec->body.run_at_ms = body->run_at_ms;
    rec->body.tags = kept.tags;
    rec->body.n_tags = kept.n_tags;
    return 0;
}

static int erase(struct shelf *s, const struct id *id)
{
    struct mem_shelf *m = CONTAINER_OF(s, struct mem_shelf, shelf);
    struct mem_record *rec = map_remove(&m->by_id, id_key(id));
    size_t at = 0;
    while (m->ordered[at] != rec) at++;
    m->n--;
    memmove(m->ordered + at, m->ordered + at + 1, (m->n - at) * sizeof *m->ordered);
    arena_release(&rec->arena);
    free(rec);
    return 0;
}

static struct mem_key *key_of(const struct store_add_item *it)
{
    int64_t tenant = it->body->tenant;
    struct mem_key *k = mem_new(sizeof *k + sizeof tenant + it->key.len);
    k->first = it->body->id;
    k->len = sizeof tenant + it->key.len;
    memcpy(k->print, it->print, sizeof k->print);
    memcpy(k->text, &tenant, sizeof tenant);
    memcpy(k->text + sizeof tenant, it->key.p, it->key.len);
    return k;
}

static int remember(struct shelf *s, const struct store_add_item *it, int64_t now_ms)
{
    struct mem_key *k = key_of(it);
    k->at_ms = now_ms;
    (void)map_put(&CONTAINER_OF(s, struct mem_shelf, shelf)->keys, (struct str){k->text, k->len}, k);
    return 0;
}

static void strip_ending(struct task_ending *e, unsigned parts)
{
    e->purged |= parts;
    if (parts & RETAIN_RESULT) e->result = STR_NONE;
    if (parts & RETAIN_FILES) e->files = STR_NONE;
}

/* The bytes stay in the record's arena until it is erased: this engine is for play. */
static int strip(struct shelf *s, const struct id *id, unsigned parts)
{
    struct mem_record *rec = find(s, id);
    strip_ending(&rec->ending, parts);
    mem_step_strip(rec, parts);
    for (struct mem_past *p = rec->past; p; p = p->before) strip_ending(&p->ending, parts);
    if (parts & RETAIN_INPUT) rec->body.input = STR_NONE;
    for (struct mem_note *n = rec->notes; n && parts & RETAIN_LOG; n = n->before) n->attempt.log = n->attempt.output = STR_NONE;
    return 0;
}

static int forget_keys(struct shelf *s, int64_t before_ms, size_t max, size_t *ret_n)
{
    struct map *keys = &CONTAINER_OF(s, struct mem_shelf, shelf)->keys;
    size_t at = 0, n = 0;
    for (struct map_entry *e; n < max && (e = map_next(keys, &at));) {
        struct mem_key *k = e->value;
        if (k->at_ms >= before_ms) continue;
        (void)map_remove(keys, e->key);
        free(k);
        n++;
        at = 0; /* the table has moved */
    }
    *ret_n = n;
    return 0;
}

static int recall(struct shelf *s, const struct store_add_item *it, uint8_t ret_print[STORE_PRINT], struct id *ret_first)
{
    struct mem_key *asked = key_of(it);
    const struct mem_key *k = map_get(&CONTAINER_OF(s, struct mem_shelf, shelf)->keys, (struct str){asked->text, asked->len});
    free(asked);
    if (!k) return ERR_NOT_FOUND;
    memcpy(ret_print, k->print, STORE_PRINT);
    *ret_first = k->first;
    return 0;
}

static int set_queue(struct shelf *s, struct str queue, unsigned parts, const struct store_queue_set *set)
{
    (void)s, (void)queue, (void)parts, (void)set; /* the index knows; there is no restart to remember it for */
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
    .again = again, .note = note,    .set_queue = set_queue, .tally = tally, .body = body,     .ended = ended,
    .patch = patch, .erase = erase,  .remember = remember,   .recall = recall, .strip = strip, .forget_keys = forget_keys,
    .save = save,   .saved = saved,  .unsave = unsave,
    .move = mem_step_move, .step = mem_step_put, .steps = mem_step_get,
    .sequel = mem_sequel_add, .owes = mem_sequel_owes, .owe = mem_sequel_owe, .pay = mem_sequel_pay,
    .holders = mem_once_holders, .hold = mem_once_hold, .let_go = mem_once_let_go,
    .want = mem_cache_want, .lead = mem_cache_lead, .wanted = mem_cache_wanted, .print = mem_cache_print,
    .keep = mem_cache_keep, .unwant = mem_cache_unwant,
    .kept = mem_cache_kept, .forget_kept = mem_cache_forget,
    .files = &mem_file_ops,
    .notices = &mem_notice_ops,
};

void mem_shelf_init(struct mem_shelf *s)
{
    *s = (struct mem_shelf){.shelf.ops = &ops};
    map_init(&s->by_id);
    map_init(&s->keys);
    map_init(&s->holders);
    map_init(&s->wanted);
    map_init(&s->kept);
    list_init(&s->files);
    list_init(&s->notices);
}

void mem_shelf_release(struct mem_shelf *s)
{
    map_release(&s->by_id);
    size_t at = 0;
    for (struct map_entry *e; (e = map_next(&s->keys, &at));) free(e->value);
    map_release(&s->keys);
    mem_once_release(s);
    mem_cache_release(s);
    mem_sequel_release(s);
    mem_file_release(s);
    mem_notice_release(s);
    for (size_t i = 0; i < s->n; i++) {
        free_save(s->ordered[i]);
        arena_release(&s->ordered[i]->arena);
        free(s->ordered[i]);
    }
    free(s->ordered);
}
