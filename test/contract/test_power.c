/* SPDX-License-Identifier: Apache-2.0
 *
 * Power loss. The scripted run of power_run.c is cut at every sync, in each of the ways of power.h, and after every
 * answer; so are a first start and the recovery from a cut. A new engine on what is left must have everything that was
 * answered, and nothing by halves.
 *
 * A test like this that cannot fail is worth nothing: with synchronous=OFF, with a store that answers adds early, and
 * with one that has no journal against torn writes, the same check must find what was lost.
 */
#include "test/contract/power_run.h"

#ifdef __SANITIZE_THREAD__
#define WAYS 2 /* each cut opens a store with its threads, which costs that sanitizer most of a second */
#define WANTED 80
#define RARELY 5
#else
#define WAYS POWER_WAYS
#define WANTED 500
#define RARELY 1
#endif
static const int tries[POWER_WAYS] = {1, 1, 2, 1, 1, 2, 1, 2}; /* runs with other chances */

static struct {
    int all, database, log, again;
} cuts;

static int run_cut(const struct power_plan *plan, struct power_seen *seen)
{
    *seen = power_run(plan, test_fail);
    if (seen->broken)
        fprintf(stderr, "way %d, seed %d, cut at sync %d or answer %d, again at %d: %d broken\n", (int)plan->way,
                (int)plan->seed, plan->cut_at_sync, plan->cut_after_answer, plan->cut_again_at_sync, seen->broken);
    cuts.all += seen->cut;
    cuts.database += seen->cut && seen->in && !*seen->in;
    cuts.log += seen->cut && seen->in && *seen->in;
    cuts.again += seen->cut_again;
    return seen->broken;
}

TEST(whenever_the_power_is_lost_what_was_answered_is_there)
{
    struct power_seen seen;
    for (int way = 0; way < WAYS; way++) {
        for (int try = 0; try < tries[way]; try++) {
            for (int k = 1;; k++) {
                struct power_plan plan = {
                    .way = (enum power_way)way, .seed = (uint64_t)(k + 1000 * try), .cut_at_sync = k};
                CHECK_INT(run_cut(&plan, &seen), 0);
                if (!seen.cut) break;
            }
            CHECK(seen.did_everything);
        }
    }
    printf("%d cuts at a sync: %d of the log, %d of the database during a checkpoint\n", cuts.all, cuts.log,
           cuts.database);
    CHECK(cuts.all >= WANTED && cuts.database >= 2 * WAYS);
}

TEST(right_after_an_answer_the_power_may_go)
{
    struct power_seen seen;
    int before = cuts.all;
    for (int k = 1;; k++) {
        struct power_plan plan = {.way = POWER_DROPPED, .seed = (uint64_t)k, .cut_after_answer = k};
        CHECK_INT(run_cut(&plan, &seen), 0);
        if (!seen.cut) break;
    }
    printf("%d cuts after an answer\n", cuts.all - before);
}

TEST(the_power_may_go_again_while_the_store_recovers)
{
    struct power_seen seen;
    int before = cuts.again;
    for (int k = 1;; k += (RARELY + 1) / 2) { /* not every start has something to recover */
        for (int way = 0; way < WAYS; way += 3) {
            struct power_plan plan = {
                .way = (enum power_way)way, .seed = (uint64_t)k, .cut_at_sync = k, .cut_again_at_sync = 1};
            CHECK_INT(run_cut(&plan, &seen), 0);
        }
        if (!seen.cut) break;
    }
    printf("%d cuts in a recovery\n", cuts.again - before);
    CHECK(cuts.again - before > 5 / RARELY);
}

TEST(power_lost_while_a_store_is_made_leaves_a_file_that_opens)
{
    int n = 0;
    for (uint64_t seed = 0; seed < 24; seed += RARELY) {
        for (int k = 1;; k++) {
            struct power_plan plan = {.way = (enum power_way)(seed % POWER_WAYS), .seed = seed, .cut_at_open = k};
            if (!power_run_open(&plan, test_fail).cut_open) break;
            n++;
        }
    }
    printf("%d cuts of a first start\n", n);
    CHECK(n > 50 / RARELY);
}

/* ---- planted ---- */

TEST(a_store_that_does_not_sync_is_found_out_in_every_run)
{
    for (int k = 1; k <= 20; k++) {
        struct power_plan plan = {.seed = (uint64_t)k, .cut_after_answer = k, .extra_sql = "PRAGMA synchronous=OFF"};
        struct power_seen seen = power_run(&plan, test_fail);
        CHECK(seen.cut);
        CHECK(seen.broken > 0);
    }
}

TEST(a_store_that_answers_before_the_commit_is_found_out_in_every_run)
{
    for (int k = 1; k <= 9; k++) { /* the first nine answers are those of adds */
        struct power_plan plan = {.seed = (uint64_t)k, .cut_after_answer = k, .early = true};
        struct power_seen seen = power_run(&plan, test_fail);
        CHECK(seen.cut);
        CHECK(seen.broken > 0);
    }
}

/* Without a journal a commit is whole only when the disk writes it whole: this is what torn writes are for. */
TEST(a_store_without_a_journal_is_found_out_when_writes_are_torn_and_only_then)
{
    int torn = 0, n = 0;
    for (int k = 1; k <= 20; k += RARELY) {
        struct power_plan plan = {
            .seed = (uint64_t)k, .cut_at_sync = k, .extra_sql = "PRAGMA journal_mode=OFF", .only_files = true};
        plan.way = POWER_KEPT;
        CHECK_INT(power_run(&plan, test_fail).broken, 0);
        for (plan.way = POWER_HALF; plan.way < POWER_WAYS; plan.way++, n++)
            torn += power_run(&plan, test_fail).broken > 0;
        CHECK(torn > 0 || k < 5);
    }
    printf("without a journal %d of %d torn commits were found\n", torn, n);
    CHECK(torn > n / 3);
}

int main(int argc, char **argv) { return test_main(argc, argv); }
