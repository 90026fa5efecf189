/* SPDX-License-Identifier: Apache-2.0
 *
 * See bide_pull_clock.h.
 */
#include "client/bide_pull_clock.h"

#include <poll.h>
#include <stddef.h>
#include <time.h>

int64_t bide_pull_clock_ms(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* it exists on every Linux */
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void bide_pull_clock_rest(int64_t ms, const volatile int *stop)
{
    for (int64_t until = bide_pull_clock_ms() + ms, left; (left = until - bide_pull_clock_ms()) > 0 && !(stop && __atomic_load_n(stop, __ATOMIC_RELAXED));)
        (void)poll(NULL, 0, left < 100 ? (int)left : 100);
}
