/* SPDX-License-Identifier: Apache-2.0
 *
 * The states' words and numbers. The numbers are stored: this test holds them still.
 */
#include "task/state.h"
#include "test.h"

TEST(words_numbers_and_endings_are_those_that_are_stored)
{
    static const struct {
        const char *word;
        int number;
        bool is_ending;
    } rows[] = {{"blocked", 0, false},  {"scheduled", 1, false}, {"pending", 2, false},  {"running", 3, false},
                {"completed", 4, true}, {"failed", 5, true},     {"cancelled", 6, true}, {"expired", 7, true}};
    CHECK_INT(TASK_STATES, 8);
    for (int i = 0; i < 8; i++) {
        CHECK_INT(state_of(str_of(rows[i].word)), rows[i].number);
        CHECK(strcmp(state_word((enum task_state)rows[i].number), rows[i].word) == 0);
        CHECK(state_is_ending((enum task_state)rows[i].number) == rows[i].is_ending);
    }
}

TEST(what_is_no_state_is_told_apart)
{
    CHECK_INT(state_of(STR("retrying")), -1);
    CHECK_INT(state_of(STR("Pending")), -1);
    CHECK_INT(state_of(STR("")), -1);
    CHECK_INT(state_of(STR("pendin")), -1);
}

TEST_MAIN
