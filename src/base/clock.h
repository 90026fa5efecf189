/* SPDX-License-Identifier: Apache-2.0
 *
 * Time through a struct, so that a test owns it. int64_t milliseconds everywhere.
 * `wall` is UTC since 1970 and may jump; `mono` never jumps and has no meaning across processes.
 * Points in time that are stored are wall; durations of things in this process are measured in mono.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

struct clock {
    int64_t (*wall_ms)(const struct clock *c);
    int64_t (*mono_ms)(const struct clock *c);
};

static inline int64_t clock_wall_ms(const struct clock *c) { return c->wall_ms(c); }
static inline int64_t clock_mono_ms(const struct clock *c) { return c->mono_ms(c); }
extern const struct clock clock_system; /* CLOCK_REALTIME, CLOCK_MONOTONIC */

#endif
