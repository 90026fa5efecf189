/* SPDX-License-Identifier: Apache-2.0
 *
 * A counter, a flag, a condition.
 */
#include "loop/gate.h"

#include "base/mem.h"

#include <stdbool.h>
#include <stdlib.h>
#include <uv.h>

struct gate {
    uv_mutex_t lock;
    uv_cond_t changed;
    unsigned inside;
    bool shut;
};

struct gate *gate_new(void)
{
    struct gate *g = mem_new(sizeof *g);
    if (uv_mutex_init(&g->lock) || uv_cond_init(&g->changed)) abort();
    return g;
}

void gate_free(struct gate *g)
{
    uv_cond_destroy(&g->changed);
    uv_mutex_destroy(&g->lock);
    free(g);
}

void gate_enter(struct gate *g)
{
    uv_mutex_lock(&g->lock);
    while (g->shut) uv_cond_wait(&g->changed, &g->lock);
    g->inside++;
    uv_mutex_unlock(&g->lock);
}

void gate_leave(struct gate *g)
{
    uv_mutex_lock(&g->lock);
    g->inside--;
    uv_cond_broadcast(&g->changed);
    uv_mutex_unlock(&g->lock);
}

void gate_shut(struct gate *g)
{
    uv_mutex_lock(&g->lock);
    g->shut = true;
    while (g->inside > 0) uv_cond_wait(&g->changed, &g->lock);
    uv_mutex_unlock(&g->lock);
}

void gate_open(struct gate *g)
{
    uv_mutex_lock(&g->lock);
    g->shut = false;
    uv_cond_broadcast(&g->changed);
    uv_mutex_unlock(&g->lock);
}
