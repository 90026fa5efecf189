/* SPDX-License-Identifier: Apache-2.0
 *
 * Each listener hears what it asked for, in order, once; or that something is missing. What it costs is bounded, whoever is
 * slow, leaves, comes back, or disappears while it is told.
 */
#include "base/mem.h"
#include "server/bus.h"
#include "test/test.h"

static struct bus bus;
static struct turn turn;
static int64_t now_ms;

static int64_t fake_ms(const struct clock *c)
{
    (void)c;
    return now_ms;
}
static const struct clock fake_clock = {fake_ms, fake_ms};

struct ear {
    struct listener listener;
    int woken, cuts;
    size_t n;
    uint64_t heard[4 * BUS_EVENTS];
    struct ear *drops; /* leaves when this one is told */
    bool deaf;         /* it does not read when it is told */
};

static struct id id_of(int n) { return (struct id){.b = {(uint8_t)n, (uint8_t)(n >> 8)}}; }

static void hear(struct ear *e)
{
    bool cut;
    const struct bus_event *event;
    while ((event = bus_read(&bus, &e->listener, &cut)) || cut) {
        e->cuts += cut;
        if (event) e->heard[e->n++] = event->seq;
    }
}

static void on_news(struct listener *l)
{
    struct ear *e = CONTAINER_OF(l, struct ear, listener);
    e->woken++;
    if (!e->deaf) hear(e);
    if (e->drops) bus_leave(&bus, &e->drops->listener);
    e->drops = NULL;
}

static void begin(void)
{
    now_ms = 1000;
    turn_init(&turn, &fake_clock, NULL);
    bus_init(&bus, &turn);
}

static void finish(void)
{
    turn_run(&turn);
    bus_release(&bus);
    turn_release(&turn);
}

/* task 0: of all */
static bool join(struct ear *e, int task, struct bus_place after)
{
    *e = (struct ear){.listener = {.one = task != 0, .id = id_of(task), .kinds = task ? BUS_ALL : BUS_ALL & ~BUS_WORDY, .on_news = on_news}};
    return bus_join(&bus, &e->listener, &after);
}

static void tell(enum bus_kind kind, int task, const char *data)
{
    struct bus_event e = {.kind = kind, .id = id_of(task), .run = 1, .type = STR("t"), .queue = STR("q"), .data = str_of(data)};
    if (bus_wants(&bus, kind, &e.id)) bus_tell(&bus, &e);
}

static void pass(int64_t ms)
{
    now_ms += ms;
    turn_run(&turn);
}

static const struct bus_place from_now;

TEST(nothing_is_collected_while_nobody_listens)
{
    begin();
    struct id id = id_of(1);
    CHECK(!bus_wants(&bus, BUS_STARTED, &id));
    tell(BUS_STARTED, 1, "{}");
    CHECK_INT(bus.last, 0);
    finish();
}

TEST(each_hears_what_is_of_it_in_order_and_once)
{
    static struct ear one, two, all;
    begin();
    join(&one, 1, from_now);
    join(&two, 2, from_now);
    join(&all, 0, from_now);
    static const int tasks[] = {1, 2, 3, 1, 1, 2, 4};
    for (size_t i = 0; i < 7; i++) tell(i % 2 ? BUS_PROGRESS : BUS_STARTED, tasks[i], "{}");
    tell(BUS_LOG, 1, "{}"); /* 8: a listener of all did not ask for it */
    tell(BUS_LOG, 3, "{}"); /* nobody did */
    turn_run(&turn);
    static const uint64_t of_one[] = {1, 4, 5, 8}, of_two[] = {2, 6};
    CHECK_INT(one.n, 4);
    CHECK_INT(two.n, 2);
    CHECK_INT(all.n, 7);
    CHECK_INT(bus.last, 8);
    for (size_t i = 0; i < 4; i++) CHECK_INT(one.heard[i], of_one[i]);
    for (size_t i = 0; i < 2; i++) CHECK_INT(two.heard[i], of_two[i]);
    for (size_t i = 0; i < 7; i++) CHECK_INT(all.heard[i], i + 1);
    CHECK_INT(one.woken, 1);
    turn_run(&turn);
    CHECK_INT(one.n + two.n + all.n, 13);
    bus_leave(&bus, &one.listener);
    bus_leave(&bus, &two.listener);
    bus_leave(&bus, &all.listener);
    bus_leave(&bus, &all.listener);
    finish();
}

TEST(a_filter_takes_what_fits_in_all_its_parts)
{
    static struct ear ear;
    const struct task_tag tags[] = {{STR("a"), STR("1")}, {STR("b"), STR("2")}};
    struct bus_event e = {.kind = BUS_FAILED, .id = id_of(1), .type = STR("t"), .queue = STR("q"), .subject = STR("s"), .tags = tags, .n_tags = 2, .data = STR("{}")};
    begin();
    ear = (struct ear){.listener = {.kinds = BUS_BIT(BUS_FAILED), .on_news = on_news,
                                    .filter = {.type = STR("t"), .queue = STR("q"), .subject = STR("s"), .tags = {{STR("b"), STR("2")}}, .n_tags = 1}}};
    bus_join(&bus, &ear.listener, &from_now);
    bus_tell(&bus, &e);
    struct bus_event other = e;
    other.subject = STR("x"), bus_tell(&bus, &other);
    other.subject = STR_NONE, bus_tell(&bus, &other);
    other = e, other.type = STR("tt"), bus_tell(&bus, &other);
    other = e, other.queue = STR(""), bus_tell(&bus, &other);
    other = e, other.n_tags = 1, bus_tell(&bus, &other);
    other = e, other.kind = BUS_COMPLETED, bus_tell(&bus, &other);
    bus_tell(&bus, &e);
    turn_run(&turn);
    CHECK_INT(ear.n, 2);
    CHECK_INT(ear.heard[1], 8);
    bus_leave(&bus, &ear.listener);
    finish();
}

TEST(what_is_told_is_copied_in_all_its_parts)
{
    static struct ear ear;
    char data[] = "{\"a\":1}", type[] = "type";
    bool cut;
    begin();
    join(&ear, 1, from_now);
    ear.deaf = true;
    struct bus_event e = {.kind = BUS_COMPLETED, .id = id_of(1), .type = str_of(type), .queue = STR("q"), .data = str_of(data), .with_result = STR("r")};
    bus_tell(&bus, &e);
    memset(data, 'x', sizeof data - 1);
    memset(type, 'x', sizeof type - 1);
    const struct bus_event *heard = bus_read(&bus, &ear.listener, &cut);
    CHECK(heard && !cut);
    CHECK_STR(heard->data, "{\"a\":1}");
    CHECK_STR(heard->type, "type");
    CHECK_STR(heard->with_result, "r");
    CHECK(!heard->subject.p);
    bus_leave(&bus, &ear.listener);
    finish();
}

TEST(who_is_too_slow_is_cut_once_and_hears_what_comes_then)
{
    static struct ear slow, quick;
    begin();
    join(&slow, 0, from_now);
    join(&quick, 0, from_now);
    slow.deaf = true;
    for (int i = 0; i < BUS_EVENTS + 10; i++) {
        tell(BUS_STARTED, 1, "{}");
        turn_run(&turn);
    }
    CHECK_INT(quick.n, BUS_EVENTS + 10);
    CHECK_INT(quick.cuts, 0);
    hear(&slow);
    CHECK_INT(slow.cuts, 1);
    CHECK_INT(slow.n, 0);
    slow.deaf = false;
    tell(BUS_STARTED, 1, "{}");
    turn_run(&turn);
    CHECK_INT(slow.n, 1);
    CHECK_INT(slow.cuts, 1);
    bus_leave(&bus, &slow.listener);
    bus_leave(&bus, &quick.listener);
    finish();
}

TEST(what_happens_to_others_cuts_nobody)
{
    static struct ear quiet, all;
    begin();
    join(&quiet, 7, from_now);
    join(&all, 0, from_now);
    for (int i = 0; i < 3 * BUS_EVENTS; i++) {
        tell(BUS_STARTED, 1, "{}");
        turn_run(&turn);
    }
    tell(BUS_STARTED, 7, "{}");
    turn_run(&turn);
    CHECK_INT(quiet.n, 1);
    CHECK_INT(quiet.cuts, 0);
    bus_leave(&bus, &quiet.listener);
    bus_leave(&bus, &all.listener);
    finish();
}

TEST(the_ring_is_bounded_in_bytes_and_one_larger_than_it_is_heard_by_who_is_quick)
{
    static struct ear ear;
    char *large = mem_new(LIMIT_EVENTS + 1);
    memset(large, 'x', LIMIT_EVENTS);
    begin();
    join(&ear, 1, from_now);
    for (int i = 0; i < 3; i++) {
        tell(BUS_STARTED, 1, "{}");
        tell(BUS_STARTED, 1, large);
        CHECK_INT(bus.first, bus.last);
        turn_run(&turn);
    }
    CHECK_INT(ear.cuts, 3);
    tell(BUS_STARTED, 1, "{}");
    CHECK(bus.bytes < LIMIT_EVENTS);
    bus_leave(&bus, &ear.listener);
    finish();
    free(large);
}

TEST(the_ring_is_bounded_in_bytes_of_all_that_an_event_has)
{
    enum { LARGE = LIMIT_EVENTS / 4, EACH = 3 };
    static struct ear ear;
    char *text = mem_new(LARGE);
    memset(text, 'x', LARGE);
    struct str large = {text, LARGE};
    struct task_tag tag = {STR("k"), large};
    struct bus_event with[] = {{.type = large},   {.queue = large},       {.subject = large},
                               {.data = large},   {.with_result = large}, {.tags = &tag, .n_tags = 1}};
    begin();
    join(&ear, 1, from_now);
    ear.deaf = true;
    for (size_t i = 0; i < sizeof with / sizeof *with; i++) {
        with[i].kind = BUS_STARTED;
        with[i].id = id_of(1);
        for (int n = 0; n < 2 * EACH; n++) bus_tell(&bus, &with[i]);
        CHECK_INT(bus.last - bus.first + 1, EACH);
    }
    bus_leave(&bus, &ear.listener);
    finish();
    free(text);
}

/* After the event `seq` that was heard by `ear`. */
static struct bus_place place(const struct ear *ear, uint64_t seq)
{
    struct bus_place p = bus_place_after(&bus, &ear->listener, NULL);
    p.seq = seq;
    return p;
}

static void come_back(int task)
{
    static struct ear ear, again;
    begin();
    join(&ear, task, from_now);
    for (int i = 0; i < 5; i++) tell(BUS_PROGRESS, 1, "{}");
    turn_run(&turn);
    struct bus_place third = place(&ear, 3), last = place(&ear, 5);
    bus_leave(&bus, &ear.listener);
    pass(BUS_LINGER_MS - 1);
    tell(BUS_PROGRESS, 1, "{}");
    CHECK(join(&again, task, third));
    turn_run(&turn);
    CHECK_INT(again.n, 3);
    CHECK_INT(again.heard[0], 4);
    bus_leave(&bus, &again.listener);
    pass(BUS_LINGER_MS - 1);
    CHECK(join(&again, task, last));
    bus_leave(&bus, &again.listener);
    pass(BUS_LINGER_MS + 1);
    tell(BUS_PROGRESS, 1, "{}"); /* nobody collects it */
    CHECK(!join(&again, task, last));
    turn_run(&turn);
    CHECK_INT(again.n, 0);
    bus_leave(&bus, &again.listener);
    CHECK(!join(&again, task, (struct bus_place){last.interest, 1000000}));
    bus_leave(&bus, &again.listener);
    finish();
}

TEST(who_comes_back_in_time_hears_all_of_it_and_later_is_told_so) { come_back(1); }
TEST(the_same_of_all_tasks) { come_back(0); }

TEST(a_gap_cuts_everybody_also_who_comes_back)
{
    static struct ear one, all, again;
    begin();
    join(&one, 1, from_now);
    join(&all, 0, from_now);
    tell(BUS_STARTED, 1, "{}");
    turn_run(&turn);
    struct bus_place here = place(&one, 1);
    bus_gap(&bus);
    turn_run(&turn);
    CHECK_INT(one.cuts, 1);
    CHECK_INT(all.cuts, 1);
    CHECK(!join(&again, 1, here));
    bus_leave(&bus, &again.listener);
    bus_leave(&bus, &one.listener);
    bus_leave(&bus, &all.listener);
    finish();
}

TEST(who_is_told_may_have_others_leave)
{
    static struct ear a, b;
    begin();
    join(&a, 1, from_now);
    join(&b, 1, from_now);
    a.drops = &b;
    tell(BUS_STARTED, 1, "{}");
    turn_run(&turn);
    CHECK_INT(a.n, 1);
    CHECK_INT(b.woken, 0);
    bus_leave(&bus, &a.listener);
    finish();
}

TEST(tasks_that_were_listened_to_are_forgotten_and_never_too_many)
{
    static struct ear ear;
    begin();
    for (int i = 1; i <= BUS_LINGERING + 50; i++) {
        join(&ear, i, from_now);
        bus_leave(&bus, &ear.listener);
    }
    CHECK_INT(bus.tasks.n, BUS_LINGERING);
    pass(BUS_LINGER_MS);
    CHECK_INT(bus.tasks.n, 0);
    CHECK(!timer_is_set(&bus.sweep));
    finish();
}

TEST(when_it_is_closed_everybody_hears_that_and_nothing_more)
{
    static struct ear one, all, late;
    begin();
    join(&one, 1, from_now);
    join(&all, 0, from_now);
    bus_close(&bus);
    tell(BUS_STARTED, 1, "{}");
    join(&late, 1, from_now);
    turn_run(&turn);
    CHECK(one.listener.over && all.listener.over && late.listener.over);
    CHECK_INT(one.n + all.n + late.n, 0);
    CHECK_INT(one.woken + all.woken + late.woken, 3);
    bus_leave(&bus, &one.listener);
    bus_leave(&bus, &all.listener);
    bus_leave(&bus, &late.listener);
    finish();
}

TEST(words_of_events)
{
    for (int k = 0; k < BUS_KINDS; k++) {
        struct str word = str_of(bus_word((enum bus_kind)k));
        CHECK_INT(bus_kind_of(word), k);
        if (k != BUS_NOTIFICATION) CHECK_INT(bus_kind_of(str_sub(word, 5, word.len)), k);
    }
    CHECK_INT(bus_kind_of(STR("task.")), -1);
    CHECK_INT(bus_kind_of(STR("")), -1);
    CHECK_INT(bus_ending(TASK_FAILED), BUS_FAILED);
    CHECK_INT(bus_ending(TASK_EXPIRED), BUS_EXPIRED);
}

TEST_MAIN
