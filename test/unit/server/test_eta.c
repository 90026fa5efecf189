/* SPDX-License-Identifier: Apache-2.0
 *
 * What estimates are made from, and how wrong they were.
 */
#include "server/eta.h"
#include "test.h"

#include <math.h>

static struct id id_of(uint32_t n)
{
    struct id id = {{0}};
    for (int i = 0; i < 4; i++) id.b[12 + i] = (uint8_t)(n >> (8 * i));
    return id;
}

TEST(types_learn_apart)
{
    struct eta e;
    struct eta_guess g;
    eta_init(&e);
    CHECK(!eta_type_of(&e, STR("a")));
    eta_batch_over(&e, STR("a"), 4000, 1);
    eta_done(&e, STR("a"), 3000, 1);
    eta_tried(&e, STR("b"), true);
    const struct eta_type *a = eta_type_of(&e, STR("a")), *b = eta_type_of(&e, STR("b"));
    CHECK(a->busy.n == 1 && a->done.n == 1 && a->tried == 0);
    CHECK(!eta_guess_of(&b->busy, &g) && !eta_guess_of(&b->done, &g));
    CHECK_INT(b->again, 1);
    eta_release(&e);
}

TEST(how_often_another_attempt_follows_is_of_late)
{
    struct eta e;
    eta_init(&e);
    for (int i = 0; i < 1000; i++) eta_tried(&e, STR("a"), true);
    const struct eta_type *a = eta_type_of(&e, STR("a"));
    CHECK_INT(a->again, 1);
    for (int i = 0; i < 3 * ETA_RUNS; i++) eta_tried(&e, STR("a"), false);
    CHECK(a->again > 0 && a->again < 0.1);
    eta_release(&e);
}

TEST(the_first_that_was_told_is_compared_with_the_end_once)
{
    struct eta e;
    struct id id = id_of(1), other = id_of(2), at_once = id_of(3);
    double ratio = -1;
    eta_init(&e);
    eta_told(&e, &id, 11000, 1000);
    eta_told(&e, &id, 99999, 5000);
    CHECK(!eta_ended(&e, &other, 9000, &ratio) && ratio < 0);
    CHECK(eta_ended(&e, &id, 9000, &ratio));
    CHECK(fabs(ratio - 0.25) < 1e-9); /* 2 s of 8 s */
    CHECK(!eta_ended(&e, &id, 9000, &ratio));
    eta_told(&e, &at_once, 1007, 1000);
    CHECK(eta_ended(&e, &at_once, 1000, &ratio));
    CHECK_INT(ratio, 7);
    eta_release(&e);
}

TEST(of_very_many_the_one_told_first_is_forgotten)
{
    struct eta e;
    double ratio;
    eta_init(&e);
    for (uint32_t i = 0; i <= ETA_TOLD_MOST; i++) {
        struct id id = id_of(i);
        eta_told(&e, &id, 2000, 1000);
    }
    struct id first = id_of(0), second = id_of(1);
    CHECK_INT(e.told.n, ETA_TOLD_MOST);
    CHECK(!eta_ended(&e, &first, 2000, &ratio) && eta_ended(&e, &second, 2000, &ratio));
    eta_release(&e);
}

TEST_MAIN
