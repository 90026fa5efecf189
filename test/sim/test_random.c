/* SPDX-License-Identifier: Apache-2.0
 *
 * Random lives (sim_random.h), one a seed:
 *
 *   SIM_SEED=17 test_sim_random      that life alone; with SIM_LOG=1 its log, with SIM_STORY=200 more of its story
 *   SIM_SEEDS=5000 test_sim_random   that many lives; with SIM_FIRST=1 no more once one of them was bad
 */
#include "test/sim/sim_farm.h"
#include "test/sim/sim_random.h"
#include "test/test.h"

#if defined __SANITIZE_THREAD__
#define SEEDS 20 /* its threads are played: there is little that this sanitizer could see */
#define AGAIN 4  /* lives that are lived twice */
#elif defined __SANITIZE_ADDRESS__
#define SEEDS 300
#else
#define SEEDS 2000
#endif
#ifndef AGAIN
#define AGAIN 20
#endif
#define SOME 20 /* lives between two looks */

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void add(struct sim_result *sum, const struct sim_result *r)
{
    int64_t *to = &sum->facts;
    for (const int64_t *from = &r->facts; from <= &r->rests; from++) *to++ += *from;
    for (int i = 0; i < TASK_STATES; i++) sum->endings[i] += r->endings[i];
    for (int s = 0; s < TASK_STATES; s++)
        for (int e = 0; e < LIFE_EVENTS; e++) sum->cells[s][e] |= r->cells[s][e];
}

static void tell(const struct sim_result *s)
{
    printf("%" PRId64 " tasks, %" PRId64 " claims, %" PRId64 " facts, %" PRId64 " reloads, %" PRId64
           " crashes, %" PRId64 " records purged\n",
           s->tasks, s->claims, s->facts, s->reloads, s->crashes, s->purged);
    printf("endings: %" PRId64 " completed, %" PRId64 " failed, %" PRId64 " cancelled, %" PRId64 " expired\n",
           s->endings[TASK_COMPLETED], s->endings[TASK_FAILED], s->endings[TASK_CANCELLED], s->endings[TASK_EXPIRED]);
    printf("%" PRId64 " times two tasks in one batch, %" PRId64 " that were open when their worker died with others\n", s->together, s->shared);
    printf("%" PRId64 " workers recycled, %" PRId64 " stopped, %" PRId64 " attempts given back, %" PRId64
           " stale verdicts, %" PRId64 " times a worker at rest, %" PRId64 " attempts that went on from a checkpoint\n",
           s->recycled, s->stopped, s->released, s->stale, s->rests, s->resumed);
    printf("%" PRId64 " times a pool that waited for what others hold, %" PRId64
           " that another started which had waited for so much longer than it for something less urgent\n", s->scarce, s->outwaited);
    printf("%" PRId64 " tasks answered with the result of another; %" PRId64 " waited for that of one in flight, %" PRId64 " of them ran themselves\n",
           s->cached, s->followed, s->led);
    printf("%" PRId64 " starts in fair queues that another key waited through\n", s->took_turns);
    printf("%" PRId64 " starts in queues with a rate, %" PRId64 " of them the last that it allowed\n", s->rated, s->at_rate);
    printf("%" PRId64 " starts of keys with a rate, %" PRId64 " of them the last that it allowed\n", s->key_rated, s->at_key_rate);
    printf("%" PRId64 " endings heard by who listens, who was told %" PRId64 " times that some are missing\n", s->heard, s->cuts);
    printf("%" PRId64 " steps of chains that were followed by another\n", s->stepped);
    printf("%" PRId64 " tasks done by pullers, %" PRId64 " pullers killed, %" PRId64 " leases lost\n", s->pulled, s->pullers_killed, s->leases_lost);
}

/* Cells that no life can come to, and why; test/unit/task/test_life.c asks them. Everything else has to be visited. */
static bool out_of_reach(enum task_state state, enum life_event event)
{
    if (event == LIFE_UNBLOCK) return state != TASK_BLOCKED; /* nobody else is asked */
    if (event == LIFE_SAVE && state == TASK_BLOCKED) return true; /* it has never had an attempt that could */
    if (event == LIFE_CLAIM) return state != TASK_PENDING; /* the index gives out what is pending and nothing else */
    if (event == LIFE_DUE) return state != TASK_SCHEDULED; /* the same for what is due */
    if (event == LIFE_EXPIRE) return state != TASK_BLOCKED && state != TASK_SCHEDULED && state != TASK_PENDING;
    if (event == LIFE_RETRY) return !state_is_ending(state); /* a task in the index lives: that is answer enough */
    if (event == LIFE_REPLAN) return false;
    return state_is_ending(state); /* not in the index: stale, unchanged or a conflict without asking */
}

static void every_cell(const struct sim_result *s)
{
    int missing = 0, visited = 0;
    for (int state = 0; state < TASK_STATES; state++)
        for (int event = 0; event < LIFE_EVENTS; event++) {
            bool is_out = out_of_reach((enum task_state)state, (enum life_event)event), seen = s->cells[state][event];
            visited += seen;
            missing += seen == is_out;
            if (seen == is_out)
                fprintf(stderr, "%s, event %d: %s\n", state_word((enum task_state)state), event,
                        seen ? "visited, and said to be out of reach" : "never visited");
        }
    printf("%d of %d cells of the task table visited, the others are out of reach\n", visited,
           TASK_STATES * LIFE_EVENTS);
    CHECK_INT(missing, 0);
}

/* Adds up the lives; how many of them were not as they should be. */
static size_t live_some(uint64_t first, size_t n, struct sim_result *sum)
{
    struct sim_result *results = sim_farm(first, n, sim_random_live);
    size_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        const struct sim_result *r = &results[i];
        add(sum, r);
        if (r->lived && !r->broken[0]) continue;
        if (r->signal) fprintf(stderr, "seed %" PRIu64 ": died of signal %d\n", first + i, r->signal);
        if (bad++ < 10) fprintf(stderr, "SIM_SEED=%" PRIu64 " shows it again\n", first + i);
    }
    sim_farm_free(results, n);
    return bad;
}

TEST(what_is_promised_holds_through_random_hours)
{
    bool one = getenv("SIM_SEED") != NULL, only_first = getenv("SIM_FIRST") != NULL;
    uint64_t first = number_of("SIM_SEED", 1), n = one ? 1 : number_of("SIM_SEEDS", SEEDS);
    struct sim_result sum = {0};
    size_t bad = 0;
    for (uint64_t done = 0; done < n && !(bad && only_first); done += SOME)
        bad += live_some(first + done, n - done < SOME ? (size_t)(n - done) : SOME, &sum);
    tell(&sum);
    CHECK_INT(bad, 0);
    if (n < 200) return;
    for (int i = TASK_COMPLETED; i < TASK_STATES; i++) CHECK(sum.endings[i] > 0); /* every kind of ending was really seen */
    CHECK(sum.recycled > 0 && sum.stopped > 0 && sum.released > 0 && sum.stale > 0 && sum.resumed > 0);
    CHECK(sum.together > 0 && sum.shared > 0 && sum.scarce > 0 && sum.outwaited > 0 && sum.cached > 0 && sum.followed > 0 && sum.led > 0);
    CHECK(sum.crashes > 0 && sum.purged > 0 && sum.reloads > 0 && sum.rests > 0);
    CHECK(sum.took_turns > 0 && sum.stepped > 0 && sum.heard > 0 && sum.cuts > 0);
    CHECK(sum.rated > 0 && sum.at_rate > 0 && sum.key_rated > 0 && sum.at_key_rate > 0);
    CHECK(sum.pulled > 0 && sum.pullers_killed > 0 && sum.leases_lost > 0);
    every_cell(&sum);
}

TEST(the_same_seed_lives_the_same_hours_to_the_last_line)
{
    struct sim_result *once = sim_farm(1, AGAIN, sim_random_live), *again = sim_farm(1, AGAIN, sim_random_live);
    for (size_t i = 0; i < AGAIN; i++) {
        CHECK(once[i].print == again[i].print);
        CHECK_INT(once[i].facts, again[i].facts);
        CHECK(i == 0 || once[i].print != once[i - 1].print);
    }
    sim_farm_free(once, AGAIN);
    sim_farm_free(again, AGAIN);
}

TEST_MAIN
