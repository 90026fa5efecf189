/* SPDX-License-Identifier: Apache-2.0
 *
 * They lie in the record, ordered by their number.
 */
#include "store/mem/mem_step.h"

static struct mem_record *find(struct shelf *s, const struct id *id)
{
    return map_get(&CONTAINER_OF(s, struct mem_shelf, shelf)->by_id, id_key(id));
}

int mem_step_move(struct shelf *s, const struct id *id, const struct ready_lane *from, const struct ready_lane *to, const struct life *life)
{
    (void)from;
    struct mem_record *rec = find(s, id);
    rec->body.step = arena_str(&rec->arena, task_lane_step(to->type));
    rec->life = *life;
    return 0;
}

int mem_step_put(struct shelf *s, const struct id *id, const struct task_step *step)
{
    struct mem_record *rec = find(s, id);
    if (!rec->steps) rec->steps = arena_alloc(&rec->arena, LIMIT_STEPS * sizeof *rec->steps);
    size_t at = 0;
    while (at < rec->n_steps && rec->steps[at].n < step->n) at++;
    if (at == rec->n_steps || rec->steps[at].n != step->n) {
        if (rec->n_steps == LIMIT_STEPS) return ERR_STORE;
        memmove(rec->steps + at + 1, rec->steps + at, (rec->n_steps - at) * sizeof *rec->steps);
        rec->n_steps++;
    }
    rec->steps[at] = task_copy_step(&rec->arena, step);
    return 0;
}

const struct task_step *mem_step_copy(const struct mem_record *rec, bool results, struct arena *a)
{
    struct task_step *steps = arena_alloc(a, (rec->n_steps ? rec->n_steps : 1) * sizeof *steps);
    for (size_t i = 0; i < rec->n_steps; i++) {
        struct task_step one = rec->steps[i];
        if (!results) one.result = STR_NONE;
        steps[i] = task_copy_step(a, &one);
    }
    return steps;
}

int mem_step_get(struct shelf *s, const struct id *id, bool results, struct arena *a, const struct task_step **ret, size_t *ret_n)
{
    const struct mem_record *rec = find(s, id);
    *ret = mem_step_copy(rec, results, a);
    *ret_n = rec->n_steps;
    return 0;
}

void mem_step_strip(struct mem_record *rec, unsigned parts)
{
    for (size_t i = 0; i < rec->n_steps; i++) {
        if (parts & RETAIN_RESULT) rec->steps[i].result = STR_NONE;
        if (parts & RETAIN_FILES) rec->steps[i].files = STR_NONE;
    }
}
