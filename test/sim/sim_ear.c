/* SPDX-License-Identifier: Apache-2.0
 */
#include "test/sim/sim_ear.h"

#include "base/json_write.h"

#define ENDINGS (BUS_BIT(BUS_COMPLETED) | BUS_BIT(BUS_FAILED) | BUS_BIT(BUS_CANCELLED) | BUS_BIT(BUS_EXPIRED))

static void write_task(void *user, struct buf *b, const struct task *t, bool with_result)
{
    (void)user, (void)with_result;
    json_write_id(b, &t->body.id);
}

static void write_notice(void *user, struct buf *b, const struct notice *n)
{
    (void)user;
    json_write_id(b, &n->id);
}

static void hear(struct sim_ear *ear, const struct bus_event *e)
{
    static const enum task_state states[] = {[BUS_COMPLETED] = TASK_COMPLETED, [BUS_FAILED] = TASK_FAILED,
                                             [BUS_CANCELLED] = TASK_CANCELLED, [BUS_EXPIRED] = TASK_EXPIRED};
    const struct sim_task *t = sim_task_of(ear->client, &e->id);
    if (t) sim_history_add(ear->history, (struct fact){.kind = FACT_HEARD, .task = t->number, .run = e->run, .state = states[e->kind]});
}

static void on_news(struct listener *l)
{
    struct sim_ear *ear = CONTAINER_OF(l, struct sim_ear, listener);
    bool more = true;
    while (more) {
        bool cut = false;
        const struct bus_event *e = bus_read(&ear->server->news.bus, l, &cut);
        if (cut) sim_history_add(ear->history, (struct fact){.kind = FACT_CUT});
        if (e) hear(ear, e);
        more = e || cut;
    }
}

void sim_ear_listen(struct sim_ear *e)
{
    e->server->news.writer = (struct news_writer){e, write_task, write_notice};
    e->listener = (struct listener){.kinds = ENDINGS, .on_news = on_news};
    (void)bus_join(&e->server->news.bus, &e->listener, &(struct bus_place){0});
    sim_history_add(e->history, (struct fact){.kind = FACT_LISTENS});
}

void sim_ear_leave(struct sim_ear *e) { bus_leave(&e->server->news.bus, &e->listener); }
