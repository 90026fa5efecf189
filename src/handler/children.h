/* SPDX-License-Identifier: Apache-2.0
 *
 * The children of a process, as /proc/PID/task/TID/children (proc(5)) has them. Allocates nothing, takes no lock and needs
 * no library but libc: the keeper is a small program that works when nothing else does.
 */
#ifndef HANDLER_CHILDREN_H
#define HANDLER_CHILDREN_H

#include <stdbool.h>
#include <sys/types.h>

/* Calls f for each child of any thread of `parent`. False: they cannot all be looked at. A process or thread that has ended
 * meanwhile has none. */
bool children_each(pid_t parent, void (*f)(void *user, pid_t pid), void *user);

#endif
