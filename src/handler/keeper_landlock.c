/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers and structs are the kernel's (include/uapi/linux/landlock.h); those of system calls are the same everywhere
 * but on alpha.
 */
#include "handler/keeper_landlock.h"
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

#define TELL_VERSION 1u
#define RULE_PATH_BENEATH 1
#define FIRST_WITH_IOCTL 5

enum {
    EXECUTE = 1 << 0,
    WRITE_FILE = 1 << 1,
    READ_FILE = 1 << 2,
    READ_DIR = 1 << 3,
    REMOVE_DIR = 1 << 4,
    REMOVE_FILE = 1 << 5,
    MAKE_CHAR = 1 << 6,
    MAKE_DIR = 1 << 7,
    MAKE_REG = 1 << 8,
    MAKE_SOCK = 1 << 9,
    MAKE_FIFO = 1 << 10,
    MAKE_BLOCK = 1 << 11,
    MAKE_SYM = 1 << 12,
    REFER = 1 << 13,
    TRUNCATE = 1 << 14,
    IOCTL_DEV = 1 << 15
};

#define READS (EXECUTE | READ_FILE | READ_DIR)
#define WRITES                                                                                                         \
    (WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_CHAR | MAKE_DIR | MAKE_REG | MAKE_SOCK | MAKE_FIFO | MAKE_BLOCK |    \
     MAKE_SYM | REFER | TRUNCATE)
/* Others make sense for a directory only. */
#define OF_A_FILE (EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV)

struct path_beneath {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));

int keeper_landlock_version(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, TELL_VERSION);
    return version < 0 ? 0 : (int)version;
}

/* What the list is about. Two calls on one kernel have the same answer. */
static uint64_t handled(bool reads)
{
    uint64_t rights = WRITES;
    if (reads) rights |= READS;
    if (keeper_landlock_version() >= FIRST_WITH_IOCTL) rights |= IOCTL_DEV;
    return rights;
}

int keeper_landlock_open(bool reads)
{
    if (keeper_landlock_version() < KEEPER_LANDLOCK_NEEDED) {
        errno = ENOSYS;
        return -1;
    }
    uint64_t rights = handled(reads);
    return (int)syscall(SYS_landlock_create_ruleset, &rights, sizeof rights, 0u); /* close-on-exec by itself */
}

static uint64_t meant(enum keeper_landlock_right right)
{
    switch (right) {
    case KEEPER_MAY_READ: return READS;
    case KEEPER_MAY_WRITE: return READS | WRITES | IOCTL_DEV;
    case KEEPER_MAY_USE: return READ_FILE | WRITE_FILE | TRUNCATE | IOCTL_DEV;
    }
    return 0;
}

int keeper_landlock_allow(int list, bool reads, const char *path, enum keeper_landlock_right right)
{
    struct stat st;
    struct path_beneath rule = {.parent_fd = open(path, O_PATH | O_CLOEXEC)};
    if (rule.parent_fd < 0) return errno;
    int sys = fstat(rule.parent_fd, &st) < 0 ? errno : 0;
    rule.allowed = meant(right) & handled(reads);
    if (!sys && !S_ISDIR(st.st_mode)) rule.allowed &= OF_A_FILE;
    if (!sys && syscall(SYS_landlock_add_rule, list, RULE_PATH_BENEATH, &rule, 0u) < 0) sys = errno;
    close(rule.parent_fd);
    return sys;
}

int keeper_landlock_hold(int list)
{
    int sys = syscall(SYS_landlock_restrict_self, list, 0u) < 0 ? errno : 0;
    close(list);
    return sys;
}
