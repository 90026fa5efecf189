/* SPDX-License-Identifier: Apache-2.0
 *
 * What is to become of an attempt, as its task's input says (sim_process.h has the words), and what it goes on from.
 */
#ifndef SIM_SIM_PLAN_H
#define SIM_SIM_PLAN_H

#include "base/json.h"
#include "handler/child.h"

enum sim_deed { SIM_DONE, SIM_FAIL, SIM_FATAL, SIM_CRASH, SIM_JUNK, SIM_HANG, SIM_LATE, SIM_HEEDLESS, SIM_DEAF, SIM_STUBBORN };

struct sim_plan {
    enum sim_deed deed;
    int64_t ms;
    int progress, log_bytes;
    bool names; /* out.txt as output, which the test has to make */
    bool saves; /* checkpoints */
};

/* Of that attempt, from 1. any_input: what is no plan is "done"; else it is a bug of the test. */
struct sim_plan sim_plan_read(const struct json *j, const struct json_node *input, int number, bool any_input);
int64_t sim_plan_resume(const struct child_spec *spec); /* the number in the file that the environment names; 0: none */
int64_t sim_plan_number(const struct json *j, const struct json_node *object, const char *name); /* 0: none */
struct str sim_plan_text(const struct json *j, const struct json_node *object, const char *name); /* empty: none */

#endif
