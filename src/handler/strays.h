/* SPDX-License-Identifier: Apache-2.0
 *
 * What is left of a tree whose keeper was killed. This process is a child subreaper, too: processes that lose their keeper
 * become its children, and nobody else's, wherever they have gone. So they are found, killed and taken in like a keeper
 * does it, level by level. What was our child before there was any keeper (a shell's, that became us by exec) is left
 * alone; as process 1 of a container, to whom all orphans go, we touch none.
 */
#ifndef HANDLER_STRAYS_H
#define HANDLER_STRAYS_H

#include <stdbool.h>
#include <stddef.h>

#define STRAYS_INHERITED 64

struct strays {
    int inherited[STRAYS_INHERITED];
    size_t n_inherited;
    bool off; /* process 1, or what was inherited is not known */
};

/* Before the first keeper is started. */
void strays_init(struct strays *s);
/* Kills and reaps each of our children that is neither inherited nor a keeper. True: there is none any more. Else to be
 * called again soon: what they leave comes to us when they are dead. */
bool strays_end(const struct strays *s, bool (*is_keeper)(void *user, int pid), void *user);

#endif
