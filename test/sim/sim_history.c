/* SPDX-License-Identifier: Apache-2.0
 *
 * An array of facts.
 */
#include "test/sim/sim_history.h"

#include "base/mem.h"

#include <stdlib.h>

#define LINE 1024

void sim_history_open(struct sim_history *h, const struct clock *clock, struct sim_check *check)
{
    *h = (struct sim_history){.clock = clock, .check = check};
}

void sim_history_close(struct sim_history *h)
{
    free(h->facts);
    *h = (struct sim_history){0};
}

void sim_history_add(struct sim_history *h, struct fact f)
{
    f.at_ms = clock_mono_ms(h->clock);
    int64_t wall_ms = clock_wall_ms(h->clock);
    if (wall_ms > h->check->latest_wall_ms) h->check->latest_wall_ms = wall_ms;
    if (!f.wall_ms) f.wall_ms = wall_ms;
    if (h->n == h->cap) {
        h->cap = h->cap ? 2 * h->cap : 256;
        h->facts = mem_grow(h->facts, h->cap * sizeof *h->facts);
    }
    h->facts[h->n++] = f;
    sim_check_fact(h->check, &f);
}

void sim_history_note(struct sim_history *h, const char *what)
{
    sim_history_add(h, (struct fact){.kind = FACT_NOTE, .what = what});
}

uint64_t sim_history_print(const struct sim_history *h)
{
    uint64_t print = UINT64_C(14695981039346656037); /* FNV-1a */
    struct buf line;
    buf_init(&line, LINE);
    for (size_t i = 0; i < h->n; i++) {
        buf_clear(&line);
        fact_print(&h->facts[i], &line);
        for (size_t k = 0; k < line.len; k++) print = (print ^ (unsigned char)line.p[k]) * UINT64_C(1099511628211);
    }
    buf_release(&line);
    return print;
}

static bool belongs(const struct sim_history *h, const struct fact *f)
{
    if (f->kind == FACT_PULSE || f->kind == FACT_LIMIT || (f->kind == FACT_IDLE && h->check->broken_task)) return false;
    return f->task == h->check->broken_task || f->kind == FACT_NOTE || f->kind == FACT_CRASHED;
}

void sim_history_story(const struct sim_history *h, size_t most, FILE *to)
{
    struct buf line;
    buf_init(&line, LINE);
    size_t from = h->n;
    for (size_t left = most; from > 0 && left > 0;) left -= belongs(h, &h->facts[--from]);
    for (size_t i = from; i < h->n; i++) {
        if (!belongs(h, &h->facts[i])) continue;
        buf_clear(&line);
        fact_print(&h->facts[i], &line);
        fprintf(to, "  %.*s", (int)line.len, line.p);
    }
    buf_release(&line);
}
