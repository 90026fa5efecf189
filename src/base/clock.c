/* SPDX-License-Identifier: Apache-2.0
 *
 * The clocks of the system. CLOCK_MONOTONIC does not count the time a machine sleeps, so a laptop that wakes up finds
 * no lease and no timeout run out.
 */
#include "base/clock.h"
#include <stdlib.h>
#include <time.h>

static int64_t read_ms(clockid_t which)
{
    struct timespec t;
    if (clock_gettime(which, &t) != 0) abort(); /* both clocks exist on every Linux */
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t wall_ms(const struct clock *c)
{
    (void)c;
    return read_ms(CLOCK_REALTIME);
}

static int64_t mono_ms(const struct clock *c)
{
    (void)c;
    return read_ms(CLOCK_MONOTONIC);
}

const struct clock clock_system = {wall_ms, mono_ms};
