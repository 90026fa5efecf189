/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists against a naive model: a hundred and fifty tasks in every state there is, read one by one with get, filtered and
 * ordered here, and compared with what list answers for filter x page size. Counts are recounted from the same reading.
 */
#include "base/mem.h"
#include "test/contract/contract.h"

#define N 150

struct known {
    struct task task; /* strs in keep */
    struct arena keep;
};

static const char *const queues[] = {"q", "r"};
static const char *const types[] = {"t", "u", "v"};
static const char *const subjects[] = {NULL, "ann", "bob"};
static const struct task_tag tags[] = {{STR("lang"), STR("en")}, {STR("lang2"), STR("de")}, {STR("lang"), STR("de")}};

static void move(struct contract *c, const struct id *id, const char *queue, const char *type)
{
    static const enum life_event verdicts[] = {LIFE_DONE, LIFE_FAILED, LIFE_FAILED, LIFE_CRASHED, LIFE_LOST};
    uint64_t what = rng_below(&c->rng.rng, 10);
    if (what < 2) (void)contract_control(c, id, STORE_CANCEL);
    if (what == 1) (void)contract_control(c, id, STORE_RETRY);
    if (what == 3) { /* other tags than it was added with */
        struct store_patch p = {.has_tags = true, .tags = &tags[rng_below(&c->rng.rng, 2)], .n_tags = rng_below(&c->rng.rng, 3)};
        CHECK_INT(contract_act(c, &(struct store_control_item){.id = *id, .verb = STORE_PATCH, .patch = &p}).err, 0);
    }
    if (what < 4) return;
    struct store_claim r;
    contract_claim(c, &r, contract_lane(c, queue, type), 1);
    if (r.n && what > 4) {
        struct store_settle_item s =
            contract_verdict(c, &r.items[0].life, &r.items[0].body.id, verdicts[rng_below(&c->rng.rng, 5)]);
        s.retryable = rng_below(&c->rng.rng, 3) > 0;
        CHECK_INT(contract_settle(c, &s).err, 0);
    }
    store_release(&r.req);
}

static void fill(struct contract *c, struct known *all)
{
    for (int i = 0; i < N; i++) {
        const char *queue = queues[rng_below(&c->rng.rng, 2)], *type = types[rng_below(&c->rng.rng, 3)];
        struct task_body b = contract_body(c, queue, type);
        b.subject = str_of(subjects[rng_below(&c->rng.rng, 3)]);
        b.tags = &tags[rng_below(&c->rng.rng, 2)];
        b.n_tags = rng_below(&c->rng.rng, 3);
        if (rng_below(&c->rng.rng, 5) == 0) b.run_at_ms = c->clock.wall_ms + (int64_t)rng_below(&c->rng.rng, 3000);
        if (rng_below(&c->rng.rng, 6) == 0) b.rules.start_by_ms = c->clock.wall_ms + (int64_t)rng_below(&c->rng.rng, 300);
        (void)contract_add(c, &b);
        all[i].task.body.id = b.id;
        move(c, &b.id, queue, type);
        c->clock.wall_ms += (int64_t)rng_below(&c->rng.rng, 30);
        if (i % 16 == 0) {
            struct store_tick tick = contract_tick(c, 1000);
            store_release(&tick.req);
        }
    }
    for (int i = 0; i < N; i++) all[i].task = contract_get(c, &all[i].task.body.id, &all[i].keep);
}

static bool has_tag(const struct task_body *b, struct str key, struct str value)
{
    for (size_t i = 0; i < b->n_tags; i++)
        if (str_eq(b->tags[i].key, key) && str_eq(b->tags[i].value, value)) return true;
    return false;
}

static bool matches(const struct task *t, const struct store_filter *f, int64_t now_ms)
{
    if (f->type.p && !str_eq(f->type, t->body.type)) return false;
    if (f->queue.p && !str_eq(f->queue, t->body.queue)) return false;
    if (f->subject.p && !(t->body.subject.p && str_eq(f->subject, t->body.subject))) return false;
    for (size_t i = 0; i < f->n_tags; i++)
        if (!has_tag(&t->body, f->tags[i].key, f->tags[i].value)) return false;
    if (f->has_from && id_cmp(&t->body.id, &f->from) < 0) return false;
    return !f->word || strcmp(f->word, life_word(&t->life, now_ms)) == 0;
}

/* Pages through and compares with the model, newest first. Short pages are legal, standing still is not. */
static int check_list(struct contract *c, const struct known *all, const struct store_filter *f, size_t limit)
{
    int at = N - 1, found = 0;
    struct store_list r = {.filter = *f, .limit = limit};
    for (;;) {
        ASK(c, list, &r);
        CHECK_INT(r.req.err, 0);
        CHECK(r.n <= limit);
        for (size_t i = 0; i < r.n; i++, at--, found++) {
            while (at >= 0 && !matches(&all[at].task, f, c->clock.wall_ms)) at--;
            CHECK(at >= 0);
            CHECK(id_cmp(&r.items[i].body.id, &all[at].task.body.id) == 0);
            contract_same_life(&r.items[i].life, &all[at].task.life);
            CHECK(str_eq(r.items[i].body.subject, all[at].task.body.subject));
            CHECK(str_eq(r.items[i].last.code, all[at].task.last.code));
            CHECK_INT(r.items[i].body.n_tags, all[at].task.body.n_tags);
            CHECK_INT(r.items[i].body.input.len + r.items[i].ending.result.len, 0);
            CHECK_INT(r.items[i].input_bytes, all[at].task.input_bytes);
            CHECK_INT(r.items[i].result_bytes, all[at].task.result_bytes);
        }
        struct store_list next = {.filter = *f, .limit = limit, .has_after = true, .after = r.last};
        bool more = r.more;
        store_release(&r.req);
        if (!more) break;
        r = next;
    }
    while (at >= 0 && !matches(&all[at].task, f, c->clock.wall_ms)) at--;
    CHECK_INT(at, -1);
    return found;
}

static void check_filters(struct contract *c, const struct known *all)
{
    static const char *const words[] = {NULL,        "blocked", "scheduled", "retrying",  "pending", "running",
                                        "completed", "failed",  "cancelled", "expired",   "nonsense"};
    static const size_t limits[] = {1, 7, 50, 200};
    int by_word[11];
    for (size_t i = 0; i < 11; i++) {
        struct store_filter f = {.word = words[i]};
        by_word[i] = check_list(c, all, &f, limits[i % 4]);
    }
    CHECK_INT(by_word[0], N);
    for (int i = 2; i < 10; i++) CHECK(by_word[i] > 0); /* the test is worth something: every state is there */
    for (int i = 0; i < 120; i++) {
        struct rng *r = &c->rng.rng;
        struct store_filter f = {.word = words[rng_below(r, 11)]};
        if (rng_below(r, 2)) f.queue = str_of(queues[rng_below(r, 2)]);
        if (rng_below(r, 3) == 0) f.type = str_of(types[rng_below(r, 3)]);
        if (rng_below(r, 3) == 0) f.subject = str_of(subjects[rng_below(r, 3)]);
        for (uint64_t n = rng_below(r, 4); f.n_tags < n; f.n_tags++) f.tags[f.n_tags] = tags[rng_below(r, 3)];
        if (rng_below(r, 3) == 0) f.has_from = true, f.from = all[rng_below(r, N)].task.body.id;
        (void)check_list(c, all, &f, limits[rng_below(r, 4)]);
    }
    struct store_filter two = {.tags = {tags[0], tags[1]}, .n_tags = 2}, never = {.tags = {tags[0], tags[2]}, .n_tags = 2};
    CHECK(check_list(c, all, &two, 7) > 0);
    CHECK_INT(check_list(c, all, &never, 7), 0);
}

CASE(from_is_the_last_id_of_a_list_wherever_the_walk_goes)
{
    struct id ids[5];
    for (int i = 0; i < 5; i++) {
        struct task_body b = contract_body(c, "q", "t");
        b.tags = tags;
        b.n_tags = 2;
        b.subject = STR("ann");
        (void)contract_add(c, &b);
        ids[i] = b.id;
    }
    struct store_filter ways[] = {{.n_tags = 0}, {.tags = {tags[1]}, .n_tags = 1}, {.subject = STR("ann")}, {.word = "pending"}};
    for (int way = 0; way < 4; way++) {
        for (int i = 0; i < 5; i++) {
            struct store_filter f = ways[way];
            f.has_from = true;
            f.from = ids[i];
            CHECK_INT(contract_listed(c, &f), 5 - i);
            f.from = id_make(&c->ids);
            CHECK_INT(contract_listed(c, &f), 0);
            struct store_list below = {.filter = ways[way], .limit = 10, .has_after = true, .after = ids[i]};
            below.filter.has_from = true;
            below.filter.from = ids[i]; /* a cursor at the end */
            ASK(c, list, &below);
            CHECK(below.n == 0 && !below.more);
            store_release(&below.req);
        }
    }
}

CASE(as_many_tags_as_a_filter_may_have_are_all_asked_for)
{
    struct task_tag many[STORE_TAGS];
    char keys[STORE_TAGS][4];
    for (int i = 0; i < STORE_TAGS; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", i);
        many[i] = (struct task_tag){str_of(keys[i]), STR("v")};
    }
    for (int missing = -1; missing < STORE_TAGS; missing++) { /* one task has all, each other lacks one */
        struct task_tag own[STORE_TAGS];
        memcpy(own, many, sizeof own);
        if (missing >= 0) own[missing].value = STR("w");
        struct task_body b = contract_body(c, "q", "t");
        b.tags = own;
        b.n_tags = STORE_TAGS;
        (void)contract_add(c, &b);
    }
    struct store_filter f = {.n_tags = STORE_TAGS};
    memcpy(f.tags, many, sizeof many);
    CHECK_INT(contract_listed(c, &f), 1);
    f.n_tags--;
    CHECK_INT(contract_listed(c, &f), 2);
}

CASE(what_belongs_to_a_task_is_listed_apart_from_tasks)
{
    struct id plain[3], derived[3];
    for (int i = 0; i < 3; i++) {
        struct task_body b = contract_body(c, "q", "t"), d = contract_body(c, "q", "t");
        b.tags = d.tags = tags;
        b.n_tags = d.n_tags = 1;
        b.subject = d.subject = STR("ann");
        (void)contract_add(c, &b);
        d.id = id_derive(&b.id, 1, id_ms(&b.id) + i);
        (void)contract_add(c, &d);
        plain[i] = b.id;
        derived[i] = d.id;
    }
    struct store_filter ways[] = {{.n_tags = 0}, {.tags = {tags[0]}, .n_tags = 1}, {.subject = STR("ann")}, {.word = "pending"}, {.queue = STR("q")}};
    for (int way = 0; way < 10; way++) {
        struct store_list r = {.filter = ways[way % 5], .limit = 10};
        r.filter.derived = way >= 5;
        ASK(c, list, &r);
        CHECK_INT(r.n, 3);
        for (size_t i = 0; i < 3; i++) {
            const struct id *wanted = way >= 5 ? derived : plain;
            bool there = false;
            for (size_t k = 0; k < 3; k++) there = there || id_cmp(&r.items[i].body.id, &wanted[k]) == 0;
            CHECK(there);
            CHECK(i == 0 || id_cmp(&r.items[i - 1].body.id, &r.items[i].body.id) > 0);
        }
        store_release(&r.req);
    }
}

static void check_counts(struct contract *c, const struct known *all)
{
    for (int q = 0; q < 2; q++) {
        struct store_count seen = contract_count(c, queues[q]), wanted = {.retrying = 0};
        for (int i = 0; i < N; i++) {
            const struct life *l = &all[i].task.life;
            if (!str_eq(all[i].task.body.queue, str_of(queues[q]))) continue;
            wanted.n[l->state]++;
            wanted.retrying += l->state == TASK_SCHEDULED && l->attempt > 0;
        }
        for (int s = 0; s < TASK_STATES; s++) {
            /* a promotion is not written: what a row shows as scheduled may be pending by now */
            if (s == TASK_SCHEDULED || s == TASK_PENDING) continue;
            CHECK_INT(seen.n[s], wanted.n[s]);
        }
        CHECK_INT(seen.n[TASK_SCHEDULED] + seen.n[TASK_PENDING], wanted.n[TASK_SCHEDULED] + wanted.n[TASK_PENDING]);
        CHECK(seen.n[TASK_SCHEDULED] <= wanted.n[TASK_SCHEDULED]);
        CHECK(seen.retrying <= wanted.retrying);
    }
}

CASE(every_filter_and_page_size_gives_what_a_naive_reading_gives)
{
    struct known *all = mem_new(N * sizeof *all);
    fill(c, all);
    check_filters(c, all);
    check_counts(c, all);
    c->clock.wall_ms += 500; /* some have come due since, without a tick: the words follow */
    check_filters(c, all);
    for (int i = 0; i < N; i++) arena_release(&all[i].keep);
    free(all);
}

CASE(a_list_of_nothing_is_empty_and_at_its_end)
{
    struct store_list r = {.limit = 10};
    ASK(c, list, &r);
    CHECK(r.req.err == 0 && r.n == 0 && !r.more);
    store_release(&r.req);
}

CASE(a_page_that_is_just_full_has_no_more)
{
    for (int i = 0; i < 3; i++) (void)contract_put(c, "q", "t");
    struct store_list r = {.limit = 3};
    ASK(c, list, &r);
    CHECK(r.n == 3 && !r.more);
    store_release(&r.req);
    r = (struct store_list){.limit = 2};
    ASK(c, list, &r);
    CHECK(r.n == 2 && r.more && id_cmp(&r.last, &r.items[1].body.id) == 0);
    store_release(&r.req);
}

int contract_list(int argc, char **argv)
{
    return test_main(argc, argv);
}
