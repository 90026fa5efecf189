/* SPDX-License-Identifier: Apache-2.0
 *
 * sched_setattr(2) has no wrapper in the C library; the struct is the kernel's, in its first version.
 */
#include "loop/slice.h"

#include <sched.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLICE_NS 100000 /* the least the kernel accepts */
#define RESET_ON_FORK 1

struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

void slice_shorten(void)
{
    struct attributes a = {.size = sizeof a,
                           .policy = SCHED_OTHER,
                           .flags = RESET_ON_FORK,
                           .nice = getpriority(PRIO_PROCESS, 0),
                           .runtime = SLICE_NS};
    (void)!syscall(SYS_sched_setattr, 0, &a, 0);
}
