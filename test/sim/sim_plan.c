/* SPDX-License-Identifier: Apache-2.0
 *
 * Words and numbers of a plan; what is not said is 0.
 */
#include "test/sim/sim_plan.h"

#include "base/limits.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const deeds[] = {"done", "fail", "fatal", "crash", "junk", "hang", "late", "heedless", "deaf", "stubborn"};

static enum sim_deed deed_of(bool any_input, struct str words, int number)
{
    struct str word = str_cut(&words, ' ');
    while (--number > 0 && words.len) word = str_cut(&words, ' ');
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++)
        if (str_eq(word, str_of(deeds[i]))) return (enum sim_deed)i;
    if (!any_input) abort();
    return SIM_DONE;
}

int64_t sim_plan_number(const struct json *j, const struct json_node *object, const char *name)
{
    int64_t n = 0;
    const struct json_node *v = json_member(j, object, str_of(name));
    return v && v->kind == JSON_NUMBER && json_int(j, v, &n) == 0 ? n : 0;
}

struct str sim_plan_text(const struct json *j, const struct json_node *object, const char *name)
{
    const struct json_node *v = json_member(j, object, str_of(name));
    return v && v->kind == JSON_STRING && !v->escaped ? json_string(j, v, NULL) : STR_NONE;
}

static int64_t within(int64_t n, int64_t most) { return n < 0 ? 0 : n > most ? most : n; }

struct sim_plan sim_plan_read(const struct json *j, const struct json_node *input, int number, bool any_input)
{
    struct str words = sim_plan_text(j, input, "do");
    return (struct sim_plan){.deed = deed_of(any_input, words.len ? words : STR("done"), number),
                             .ms = within(sim_plan_number(j, input, "ms"), LIMIT_DELAY_MS),
                             .progress = (int)within(sim_plan_number(j, input, "progress"), 1000),
                             .log_bytes = (int)within(sim_plan_number(j, input, "log"), 16 << 20),
                             .names = sim_plan_number(j, input, "out") != 0,
                             .saves = sim_plan_number(j, input, "save") != 0};
}

int64_t sim_plan_resume(const struct child_spec *spec)
{
    char digits[32] = "0";
    for (const char *const *env = spec->env; env && *env; env++) {
        if (!str_starts(str_of(*env), STR("BIDE_RESUME="))) continue;
        FILE *file = fopen(*env + strlen("BIDE_RESUME="), "r");
        if (!file || !fgets(digits, sizeof digits, file)) abort();
        fclose(file);
    }
    return strtoll(digits, NULL, 10);
}
