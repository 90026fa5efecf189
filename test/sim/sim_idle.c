/* SPDX-License-Identifier: Apache-2.0
 */
#include "test/sim/sim_idle.h"

static bool does(const struct sim_process *p, const struct config_type *type)
{
    return type && type->worker && strcmp(type->worker, p->pool) == 0;
}

static int64_t say(struct sim *s, const struct config_type *type, int64_t step)
{
    const struct queue *q = queue_find(&s->server.queues, str_of(type->queue));
    if (!q || q->paused) return 0;
    sim_history_add(&s->history,
                    (struct fact){.kind = FACT_IDLE, .queue = type->queue, .type = type->name, .step = step, .concurrency = q->concurrency});
    return 1;
}

int64_t sim_idle(struct sim *s, const struct sim_process *p)
{
    const struct config *c = s->server.conf.config;
    int64_t n = 0;
    for (size_t i = 0; i < c->n_types; i++) {
        const struct config_type *type = &c->types[i];
        if (does(p, type)) n += say(s, type, 0);
        for (size_t k = 0; k < type->n_steps; k++)
            if (does(p, config_type_find(c, str_of(type->steps[k].type)))) n += say(s, type, (int64_t)k + 1);
    }
    return n;
}
