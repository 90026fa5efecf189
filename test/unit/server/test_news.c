/* SPDX-License-Identifier: Apache-2.0
 *
 * What is told of a chain by asking the store, when that is slow to answer: each event is of its own moment.
 */
#include "server_rig.h"

#define STEP(step, words) {.type = "transcribe", .name = (step), .input = "\"input\"", .message = (words)}

static struct config_step steps[] = {STEP("a", "first"), STEP("b", "second"), STEP("c", "third")};
static struct config_type types[] = {{.name = "both", .queue = "default", .steps = steps, .n_steps = N(steps)},
                                     {.name = "transcribe", .worker = "speech", .rules = {.timeout_ms = 60000, .grace_ms = 1000, .max_attempts = 2}}};
static struct listener listener;
static struct buf told; /* a line for each event */

static void write_task(void *user, struct buf *b, const struct task *t, bool with_result)
{
    (void)user, (void)with_result;
    struct str step = t->body.step, said = state_is_ending(t->life.state) ? t->ending.progress : t->progress;
    buf_add_format(b, "%s at %.*s, %d done: %.*s", state_word(t->life.state), STR_ARG(step), (int)t->n_steps, STR_ARG(said));
}

static void on_news(struct listener *l)
{
    bool cut = false;
    const struct bus_event *e;
    while ((e = bus_read(&sim->server.news.bus, l, &cut))) buf_add_format(&told, "%s %.*s\n", bus_word(e->kind), STR_ARG(e->data));
    CHECK(!cut);
}

static void listen(void)
{
    buf_init(&told, 4096);
    sim->server.news.writer = (struct news_writer){.write = write_task};
    listener = (struct listener){.kinds = BUS_OF_TASK & ~BUS_WORDY, .on_news = on_news};
    CHECK(bus_join(&sim->server.news.bus, &listener, &(struct bus_place){0}));
}

static void leave(void)
{
    bus_leave(&sim->server.news.bus, &listener);
    buf_release(&told);
}

#define SAID(words) "{\"percent\":null,\"message\":\"" words "\",\"data\":{}}\n"

TEST(each_step_is_told_as_it_was_though_the_store_is_asked_when_all_are_over)
{
    struct sim_conf conf = rig_conf();
    conf.types = types;
    conf.n_types = N(types);
    sim = sim_open(&conf);
    CHECK_INT(sim->serving, 1);
    listen();
    sim->store.rules[STORE_GET].in_ms = 60000;
    struct sim_task *t = SUBMIT(.type = "both", .ms = 100, .steps = 7);
    sim_pass(sim, 10000);
    CHECK_TASK(t, "completed");
    CHECK_STR(buf_str(&told), "task.created pending at a, 0 done: \n");
    sim_pass(sim, 60000);
    CHECK_STR(buf_str(&told), "task.created pending at a, 0 done: \n"
                              "task.started running at a, 0 done: " SAID("first")
                              "task.progress pending at b, 1 done: \n"
                              "task.started running at b, 1 done: " SAID("second")
                              "task.progress pending at c, 2 done: \n"
                              "task.started running at c, 2 done: " SAID("third")
                              "task.completed completed at c, 3 done: " SAID("third"));
    leave();
    RIG_CLOSE();
}

TEST_MAIN
