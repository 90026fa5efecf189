/* SPDX-License-Identifier: Apache-2.0
 *
 * What can be known before a keeper tries. It tries all the same: this process may not be the server, and what is so
 * now may be otherwise then.
 */
#include "handler/keeper_landlock.h"
#include "handler/keeper_sandbox.h"
#include "handler/sandbox.h"
#include <errno.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CAPABILITIES_3 0x20080522u /* _LINUX_CAPABILITY_VERSION_3 */
#define DOUBTS_MOST 16             /* besides one for each path */

/* CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_KILL, CAP_SETGID, CAP_SETUID of linux/capability.h: to become the user,
 * to end what it runs, to give it directories and to read and remove them afterwards. */
#define TO_CHANGE_USER (1u << 0 | 1u << 1 | 1u << 3 | 1u << 5 | 1u << 6 | 1u << 7)

struct doubts {
    const struct sandbox_conf *conf;
    struct arena *arena;
    const char **list;
    size_t n;
};

static bool may_change_user(void)
{
    uint32_t head[2] = {CAPABILITIES_3, 0}; /* version, process: this one */
    uint32_t sets[2][3] = {{0}}; /* effective, permitted, inheritable */
    return syscall(SYS_capget, head, sets) == 0 && (sets[0][0] & TO_CHANGE_USER) == TO_CHANGE_USER;
}

static void doubt_user(struct doubts *d)
{
    const struct sandbox_user *u = &d->conf->user;
    if (sandbox_user_is_ours(u) || may_change_user()) return;
    d->list[d->n++] =
        arena_format(d->arena,
                     "\"user\": this process (uid %u) may not change to %s: that takes root, or the capabilities "
                     "CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID and SETUID",
                     geteuid(), u->text)
            .p;
}

static void doubt_limit(struct doubts *d, const char *key, int resource, int64_t value)
{
    struct keeper_limit limit;
    if (value <= 0 || keeper_sandbox_limit(resource, NULL, &limit) != 0 || (uint64_t)value <= limit.hard) return;
    d->list[d->n++] = arena_format(d->arena, "\"limits.%s\" is above the hard limit of this process, %llu", key,
                                   (unsigned long long)limit.hard)
                          .p;
}

static void doubt_limits(struct doubts *d)
{
    const struct sandbox_limits *l = &d->conf->limits;
    doubt_limit(d, "memory", RLIMIT_AS, l->memory);
    doubt_limit(d, "files", RLIMIT_NOFILE, l->files);
    doubt_limit(d, "processes", RLIMIT_NPROC, l->processes);
    doubt_limit(d, "cpu", RLIMIT_CPU, (l->cpu_ms + 999) / 1000);
    doubt_limit(d, "file_size", RLIMIT_FSIZE, l->file_size);
    uint32_t uid = d->conf->user.text[0] ? d->conf->user.uid : geteuid();
    if (l->processes && uid == 0)
        d->list[d->n++] = "\"limits.processes\" holds for everybody but root: say a \"user\", too";
}

static void doubt_paths(struct doubts *d, const char *key, const char *const *paths)
{
    for (; paths && *paths; paths++)
        if (access(*paths, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
            d->list[d->n++] = arena_format(d->arena, "\"%s\": %s is not there", key, *paths).p;
}

static void doubt_landlock(struct doubts *d)
{
    if (!sandbox_has_paths(d->conf) || keeper_landlock_version() >= KEEPER_LANDLOCK_NEEDED) return;
    d->list[d->n++] =
        "\"writable\" and \"read_only\" need a kernel with Landlock, of Linux 6.2 or later, and this one has none";
}

static size_t count(const char *const *list)
{
    size_t n = 0;
    while (list && list[n]) n++;
    return n;
}

const char *const *sandbox_doubts(const struct sandbox_conf *c, struct arena *a)
{
    size_t most = DOUBTS_MOST + count(c->writable) + count(c->read_only);
    struct doubts d = {c, a, arena_alloc(a, (most + 1) * sizeof *d.list), 0};
    doubt_user(&d);
    doubt_limits(&d);
    doubt_landlock(&d);
    doubt_paths(&d, "writable", c->writable);
    doubt_paths(&d, "read_only", c->read_only);
    if (!c->no_new_privileges && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
        d.list[d.n++] = "\"no_new_privileges\": this process has it for good, and so has all that it starts";
    d.list[d.n] = NULL;
    return d.list;
}
