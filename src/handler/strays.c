/* SPDX-License-Identifier: Apache-2.0
 *
 * A child keeps its number until it is reaped, which for these nobody else does: no signal can hit a stranger.
 */
#include "handler/strays.h"
#include "handler/children.h"
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void count(void *user, pid_t pid)
{
    (void)pid;
    ++*(int *)user;
}

void strays_init(struct strays *s)
{
    int children = 0;
    s->off = getpid() == 1 || !children_each(getpid(), count, &children) || children > 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0;
}

struct search {
    bool (*is_keeper)(void *user, int pid);
    void *user;
    int found;
};

static void end(void *user, pid_t pid)
{
    struct search *search = user;
    if (search->is_keeper(search->user, pid)) return;
    search->found++;
    pid_t group = getpgid(pid); /* of one tree alone, as each program has a session of its own: so a fork bomb is overtaken */
    if (group > 1 && group != getpgrp()) kill(-group, SIGKILL);
    kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, WNOHANG);
}

bool strays_end(const struct strays *s, bool (*is_keeper)(void *user, int pid), void *user)
{
    struct search search = {is_keeper, user, 0};
    return s->off || (children_each(getpid(), end, &search) && search.found == 0);
}
