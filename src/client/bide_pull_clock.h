/* SPDX-License-Identifier: Apache-2.0
 *
 * Time for the thread of a puller. Private to libbide.
 */
#ifndef CLIENT_BIDE_PULL_CLOCK_H
#define CLIENT_BIDE_PULL_CLOCK_H

#include <stdint.h>

int64_t bide_pull_clock_ms(void); /* monotonic */
/* Rests for so long, or until *stop is not 0; stop NULL: never. */
void bide_pull_clock_rest(int64_t ms, const volatile int *stop);

#endif
