/* SPDX-License-Identifier: Apache-2.0
 *
 * A list in order: few are owed at a time.
 */
#include "store/mem/mem_sequel.h"

#include "base/mem.h"

#include <stdlib.h>

struct mem_owed {
    struct mem_owed *next;
    struct id id;
    int32_t run;
    struct str wants; /* owned; p NULL: nothing */
};

static struct mem_shelf *self(struct shelf *s) { return CONTAINER_OF(s, struct mem_shelf, shelf); }

static struct mem_record *find(struct shelf *s, const struct id *id) { return map_get(&self(s)->by_id, id_key(id)); }

int mem_sequel_add(struct shelf *s, const struct task_body *body)
{
    struct mem_record *rec = find(s, &body->id);
    rec->sequel = arena_str(&rec->arena, body->sequel);
    return 0;
}

bool mem_sequel_is_owed(const struct mem_shelf *s, const struct id *id)
{
    bool is = false;
    for (const struct mem_owed *o = s->owed; o; o = o->next) is = is || id_cmp(&o->id, id) == 0;
    return is;
}

int mem_sequel_owes(struct shelf *s, const struct id *id, bool *ret_asked, bool *ret_owed)
{
    *ret_asked = find(s, id)->sequel.p != NULL;
    *ret_owed = mem_sequel_is_owed(self(s), id);
    return 0;
}

/* Where the one of that id and run is, or would be. */
static struct mem_owed **place(struct shelf *s, const struct id *id, int32_t run)
{
    struct mem_owed **at = &self(s)->owed;
    while (*at && (id_cmp(&(*at)->id, id) < 0 || (id_cmp(&(*at)->id, id) == 0 && (*at)->run < run))) at = &(*at)->next;
    return at;
}

int mem_sequel_owe(struct shelf *s, const struct id *id, int32_t run, struct str next)
{
    struct mem_owed **at = place(s, id, run), *one = mem_new(sizeof *one);
    *one = (struct mem_owed){*at, *id, run, next.len ? mem_str(next) : STR_NONE};
    *at = one;
    return 0;
}

static void drop(struct mem_owed **at)
{
    struct mem_owed *one = *at;
    *at = one->next;
    free((char *)one->wants.p);
    free(one);
}

int mem_sequel_pay(struct shelf *s, const struct id *id, int32_t run)
{
    struct mem_owed **at = place(s, id, run);
    if (!*at || id_cmp(&(*at)->id, id) != 0 || (*at)->run != run) return ERR_NOT_FOUND;
    drop(at);
    return 0;
}

static const struct task_ending *ending_of(const struct mem_record *rec, int32_t run)
{
    if (state_is_ending(rec->life.state) && rec->ending.life.run == run) return &rec->ending;
    const struct mem_past *p = rec->past;
    while (p->ending.life.run != run) p = p->before;
    return &p->ending;
}

void mem_sequel_owed(const struct mem_shelf *s, struct store_owed *r)
{
    const struct mem_owed *o = s->owed;
    struct arena *a = &r->req.arena;
    r->found = o != NULL;
    if (!o) return;
    const struct mem_record *rec = map_get(&s->by_id, id_key(&o->id));
    const struct task_ending *e = ending_of(rec, o->run);
    r->task = (struct task){.body = task_copy_body(a, &rec->body), .life = e->life, .ending = *e,
                              .input_bytes = rec->body.input.len, .result_bytes = e->result.len};
    r->task.ending.failure = task_copy_failure(a, &e->failure);
    r->task.ending.result = arena_str(a, e->result);
    r->task.ending.files = arena_str(a, e->files);
    r->task.ending.progress = arena_str(a, e->progress);
    r->sequel = arena_str(a, rec->sequel);
    r->next = arena_str(a, o->wants);
}

void mem_sequel_release(struct mem_shelf *s)
{
    while (s->owed) drop(&s->owed);
}
