/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kernel says about this process (proc(5)).
 */
#ifndef API_PROCESS_STATS_H
#define API_PROCESS_STATS_H

#include <stdint.h>

int64_t process_stats_rss(void);         /* resident bytes, 0 when unknown */
int64_t process_stats_descriptors(void); /* open ones, 0 when unknown */

#endif
