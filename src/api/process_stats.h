/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kernel says about this process (proc(5), getrusage(2), getrlimit(2)).
 */
#ifndef API_PROCESS_STATS_H
#define API_PROCESS_STATS_H

#include <stdint.h>

struct process_stats { /* 0: not known */
    int64_t rss, virtual; /* bytes */
    int64_t descriptors, descriptors_most;
    double cpu_s;         /* of the process, without its children */
};

struct process_stats process_stats_read(void);

#endif
