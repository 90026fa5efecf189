/* SPDX-License-Identifier: Apache-2.0
 *
 * The states of a task. `retrying` is a word only: it is stored as scheduled with attempts behind it.
 */
#ifndef TASK_STATE_H
#define TASK_STATE_H

#include "base/str.h"

enum task_state {
#define STATE(name, word, is_ending) TASK_##name,
#include "task/state.def"
#undef STATE
    TASK_STATES
};

bool state_is_ending(enum task_state s);
const char *state_word(enum task_state s);
int state_of(struct str word); /* -1 when unknown; "retrying" is not a state */

#endif
