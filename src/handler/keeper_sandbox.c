/* SPDX-License-Identifier: Apache-2.0
 *
 * The order of things: paths are opened while we may still open them, limits are set while descriptors are left, the
 * user is changed when nothing is left to do that needs bide's, and the list of paths holds from the end on.
 */
#include "handler/keeper_sandbox.h"
#include "handler/keeper.h"
#include "handler/keeper_landlock.h"
#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GROUPS_MAX 64
#define CPU_GRACE 5                /* seconds from SIGXCPU to SIGKILL */
#define CAPABILITIES_3 0x20080522u /* _LINUX_CAPABILITY_VERSION_3 */

enum { CHOWN = 0, DAC_OVERRIDE = 1, FOWNER = 3, KILL = 5, SETGID = 6, SETUID = 7 }; /* linux/capability.h */

static const struct keeper_failed nothing;

/* The value of an order of this word, else NULL. */
static const char *value_of(const char *order, const char *word)
{
    size_t len = strlen(word);
    return strncmp(order, word, len) == 0 && order[len] == '=' ? order + len + 1 : NULL;
}

static const char *find(char *const *orders, size_t n, const char *word)
{
    const char *value = NULL;
    for (size_t i = 0; i < n && !value; i++) value = value_of(orders[i], word);
    return value;
}

/* ---- paths ---- */

/* A path that is not there is a failure: what the configuration says would not be so. */
static struct keeper_failed allow_said(int list, bool reads, char *const *orders, size_t n)
{
    static const struct {
        const char *word;
        enum keeper_landlock_right right;
    } words[] = {{"read", KEEPER_MAY_READ}, {"write", KEEPER_MAY_WRITE}, {"attempts", KEEPER_MAY_WRITE}};
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < sizeof words / sizeof *words; j++) {
            const char *path = value_of(orders[i], words[j].word);
            int sys = path ? keeper_landlock_allow(list, reads, path, words[j].right) : 0;
            if (sys) return (struct keeper_failed){words[j].word, sys, path};
        }
    }
    return nothing;
}

/* What every program takes for granted. */
static struct keeper_failed allow_devices(int list, bool reads)
{
    static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"};
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        int sys = keeper_landlock_allow(list, reads, devices[i], KEEPER_MAY_USE);
        if (sys && sys != ENOENT) return (struct keeper_failed){"write", sys, devices[i]};
    }
    return nothing;
}

/* *ret_list: -1 when there is nothing to hold. */
static struct keeper_failed list_paths(char *const *orders, size_t n, int *ret_list)
{
    bool reads = find(orders, n, "read") != NULL;
    *ret_list = -1;
    if (!reads && !find(orders, n, "write")) return nothing;
    *ret_list = keeper_landlock_open(reads);
    if (*ret_list < 0) return (struct keeper_failed){"landlock", errno, NULL};
    struct keeper_failed failed = allow_said(*ret_list, reads, orders, n);
    return failed.what ? failed : allow_devices(*ret_list, reads);
}

/* ---- limits ---- */

/* The system call itself: C libraries differ in the type of `resource`. */
int keeper_sandbox_limit(int resource, const struct keeper_limit *set, struct keeper_limit *ret_was)
{
    return syscall(SYS_prlimit64, 0, resource, set, ret_was) < 0 ? errno : 0;
}

static int set_limit(int resource, const char *value)
{
    struct keeper_limit limit;
    int sys = keeper_sandbox_limit(resource, NULL, &limit);
    if (sys) return sys;
    errno = 0;
    uint64_t most = strcmp(value, "max") == 0 ? limit.hard : strtoull(value, NULL, 10);
    if (errno) return errno;
    if (most > limit.hard) return EPERM; /* with the right privileges the kernel would do it */
    limit.soft = most;
    if (resource != RLIMIT_CPU) limit.hard = most;
    else if (limit.hard - most > CPU_GRACE) limit.hard = most + CPU_GRACE;
    return keeper_sandbox_limit(resource, &limit, NULL);
}

static struct keeper_failed set_limits(char *const *orders, size_t n)
{
    static const struct {
        const char *word;
        int resource;
    } words[] = {{"memory", RLIMIT_AS}, {"files", RLIMIT_NOFILE},    {"processes", RLIMIT_NPROC},
                 {"cpu", RLIMIT_CPU},   {"file_size", RLIMIT_FSIZE}, {"core", RLIMIT_CORE}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        const char *value = find(orders, n, words[i].word);
        int sys = value ? set_limit(words[i].resource, value) : 0;
        if (sys) return (struct keeper_failed){words[i].word, sys, NULL};
    }
    return nothing;
}

/* ---- user ---- */

/* /dev/stderr and /dev/fd/4 are opened anew by name, which takes the right to. */
static int give_pipes(uid_t uid)
{
    for (int fd = 0; fd < KEEPER_CONTROL; fd++) {
        struct stat st;
        if (fstat(fd, &st) < 0) return errno;
        if (S_ISFIFO(st.st_mode) && fchown(fd, uid, (gid_t)-1) < 0) return errno;
    }
    return 0;
}

/* A server that has its rights as capabilities keeps them over setresuid(), and hands them on by its ambient ones. */
static int drop_capabilities(void)
{
    uint32_t head[2] = {CAPABILITIES_3, 0}; /* version, process: this one */
    uint32_t none[2][3] = {{0}};
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 && errno != EINVAL) return errno;
    return syscall(SYS_capset, head, none) < 0 ? errno : 0;
}

/* What a server that is not root has in order to change users is not for programs that stay with its own. */
static void keep_to_ourselves(void)
{
    static const unsigned long ours[] = {CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, ours[i], 0, 0); /* fails where there are none */
}

static int change_user(const char *value)
{
    gid_t groups[GROUPS_MAX];
    size_t n = 0;
    char *at;
    uid_t uid = (uid_t)strtoul(value, &at, 10);
    if (at == value || *at != ':') return EINVAL;
    gid_t gid = (gid_t)strtoul(at + 1, &at, 10);
    while (*at && n < GROUPS_MAX) groups[n++] = (gid_t)strtoul(at + 1, &at, 10);
    if (*at) return EINVAL;
    int sys = give_pipes(uid);
    if (sys) return sys;
    if (setgroups(n, groups) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0) return errno;
    return uid ? drop_capabilities() : 0;
}

/* ---- all of it ---- */

struct keeper_failed keeper_sandbox_enter(char *const *orders, size_t n)
{
    int list, sys;
    const char *user = find(orders, n, "user"), *attempts = find(orders, n, "attempts");
    if (!find(orders, n, "privileges") && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return (struct keeper_failed){"privileges", errno, NULL};
    struct keeper_failed failed = list_paths(orders, n, &list);
    if (!failed.what) failed = set_limits(orders, n);
    if (failed.what) return failed;
    if (!user) keep_to_ourselves();
    if (user && (sys = change_user(user)) != 0) return (struct keeper_failed){"user", sys, NULL};
    if (user && attempts && access(attempts, X_OK) < 0) return (struct keeper_failed){"attempts", errno, attempts};
    if (list >= 0 && (sys = keeper_landlock_hold(list)) != 0) return (struct keeper_failed){"landlock", sys, NULL};
    return nothing;
}
