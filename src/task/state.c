/* SPDX-License-Identifier: Apache-2.0
 *
 * The states as a table, made from state.def.
 */
#include "task/state.h"

static const struct {
    const char *word;
    bool is_ending;
} states[] = {
#define STATE(name, word, is_ending) {word, is_ending},
#include "task/state.def"
#undef STATE
};

bool state_is_ending(enum task_state s)
{
    return states[s].is_ending;
}

const char *state_word(enum task_state s)
{
    return states[s].word;
}

int state_of(struct str word)
{
    for (int s = 0; s < TASK_STATES; s++)
        if (str_eq(word, str_of(states[s].word))) return s;
    return -1;
}
