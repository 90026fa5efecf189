/* SPDX-License-Identifier: Apache-2.0
 *
 * Which tasks a process was given: the last GIVEN_MAX of them.
 */
#include "handler/given.h"
#include "test.h"

static struct given given;

static bool give(int number)
{
    struct id id = {{0}};
    id.b[14] = (uint8_t)(number >> 8);
    id.b[15] = (uint8_t)number;
    return given_again(&given, &id);
}

TEST(a_task_is_remembered_until_as_many_others_were_given)
{
    given = (struct given){0};
    CHECK(!give(0));
    CHECK(give(0));
    for (int i = 1; i < GIVEN_MAX; i++) CHECK(!give(i));
    CHECK(give(1));
    CHECK(!give(GIVEN_MAX)); /* 0 has to go */
    CHECK(!give(0));
}

TEST(a_task_that_is_given_again_counts_as_given_just_now)
{
    given = (struct given){0};
    for (int i = 0; i < GIVEN_MAX; i++) give(i);
    CHECK(give(0)); /* the oldest becomes the newest */
    for (int i = 0; i < GIVEN_MAX - 1; i++) CHECK(!give(1000 + i));
    CHECK(give(0));
    CHECK(!give(1));
}

TEST_MAIN
