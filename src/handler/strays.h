/* SPDX-License-Identifier: Apache-2.0
 *
 * What is left of a tree whose keeper was killed. This process is a child subreaper, too: processes that lose their keeper
 * become its children, and nobody else's, wherever they have gone. So they are found, killed and taken in like a keeper
 * does it, level by level. Not so when we have children of somebody else's (of a shell that became us by exec), or are
 * process 1 of a container, to whom all orphans go: then there are orphans that are none of ours, and all are left alone.
 */
#ifndef HANDLER_STRAYS_H
#define HANDLER_STRAYS_H

#include <stdbool.h>

struct strays {
    bool off; /* nothing is looked for */
};

/* Before the first keeper is started. */
void strays_init(struct strays *s);
/* Kills and reaps each of our children that is no keeper. True: there is none any more. Else to be called again soon: what
 * they leave comes to us when they are dead. */
bool strays_end(const struct strays *s, bool (*is_keeper)(void *user, int pid), void *user);

#endif
