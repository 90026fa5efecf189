/* SPDX-License-Identifier: Apache-2.0
 *
 * Calls into libc that fail, die or dawdle when a test says so. Preloaded into bide alone: the first thing it does is to
 * take itself out of the environment, so that no keeper, worker or command has it.
 *
 * The test and this library share a page, the file that FAULT_CONTROL names (faults.py has the other end). It holds a
 * few rules: of the calls of these kinds, on such descriptors, counted from the moment the rule was armed, the calls
 * FIRST to LAST get the DEED: an error, a call that takes half of its bytes, a delay, or SIGKILL before, in the middle
 * of or after the call. Without an armed rule each call costs one load. What libc does inside (stdio, the threads'
 * stacks) is not seen.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind {
    MEMORY = 1,
    WRITE = 2,
    SYNC = 4,
    TRUNCATE = 8,
    OPEN = 16,
    SPAWN = 32,
    ACCEPT = 64,
    READ = 128,
    MAP = 256,
    PIPE = 512,
    FOLDER = 1024,
    PIDFD = 2048,
};
enum place { STORE = 1, FILES = 2, PIPES = 4, SOCKETS = 8, OTHER = 16 };
enum deed { FAIL, HALF, DELAY, KILL_BEFORE, KILL_HALFWAY, KILL_AFTER };

#define RULES 4

struct rule {
    _Atomic uint32_t armed;
    uint32_t kinds, places, deed;
    int32_t error;
    uint32_t delay_ms;
    uint64_t first, last;
    _Atomic uint64_t seen, hits;
};

static struct rule *rules; /* NULL: nobody asked for anything */

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("FAULT_CONTROL");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *page = fd < 0 ? MAP_FAILED : mmap(NULL, RULES * sizeof *rules, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0) close(fd);
    unsetenv("LD_PRELOAD");
    unsetenv("FAULT_CONTROL");
    if (page != MAP_FAILED) rules = page;
}

/* ---- which calls ---- */

static _Noreturn void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* Until the time is over, or the rule is disarmed. */
static void dawdle(struct rule *r)
{
    for (uint32_t ms = 0; ms < r->delay_ms && atomic_load(&r->armed); ms += 5)
        nanosleep(&(struct timespec){0, 5000000}, NULL); /* sleep: the delay that was asked for */
}

static enum place place_of_name(const char *name)
{
    if (strstr(name, ".db")) return STORE;
    if (strncmp(name, "pipe:", 5) == 0) return PIPES;
    if (strncmp(name, "socket:", 7) == 0) return SOCKETS;
    if (name[0] != '/' || strncmp(name, "/proc/", 6) == 0 || strncmp(name, "/dev/", 5) == 0) return OTHER;
    return FILES;
}

static enum place place_of(int fd)
{
    char link[48], name[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, name, sizeof name - 1);
    name[n < 0 ? 0 : n] = 0;
    return place_of_name(name);
}

/* What happens to this call: -1 nothing, else a deed, FAIL with errno set. `name`: of what it opens; `fd`: what it is
 * about; neither (NULL, -1): the place does not matter. */
static int strike(enum kind kind, int fd, const char *name)
{
    if (!rules) return -1;
    int saved = errno, what = -1;
    for (struct rule *r = rules; r < rules + RULES && what < 0; r++) {
        if (!atomic_load(&r->armed) || !(r->kinds & (uint32_t)kind)) continue;
        if ((name || fd >= 0) && !(r->places & (uint32_t)(name ? place_of_name(name) : place_of(fd)))) continue;
        uint64_t n = atomic_fetch_add(&r->seen, 1) + 1;
        if (n < r->first || n > r->last) continue;
        atomic_fetch_add(&r->hits, 1);
        if (r->deed == KILL_BEFORE) die();
        if (r->deed == DELAY) dawdle(r);
        else what = (int)r->deed;
        if (r->deed == FAIL) saved = r->error;
    }
    errno = saved;
    return what;
}

/* ---- memory ---- */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t align, size_t size);
#define MEMORY_OR(call) (strike(MEMORY, -1, NULL) == FAIL ? NULL : (call))

void *malloc(size_t size) { return MEMORY_OR(__libc_malloc(size)); }
void *calloc(size_t n, size_t size) { return MEMORY_OR(__libc_calloc(n, size)); }
void *realloc(void *old, size_t size) { return MEMORY_OR(__libc_realloc(old, size)); }
void *aligned_alloc(size_t align, size_t size) { return MEMORY_OR(__libc_memalign(align, size)); }

int posix_memalign(void **ret, size_t align, size_t size)
{
    if (strike(MEMORY, -1, NULL) == FAIL) return ENOMEM;
    void *p = __libc_memalign(align, size);
    if (!p) return ENOMEM;
    *ret = p;
    return 0;
}

/* ---- the others: REAL is libc's ---- */

#define REAL(type, symbol, ...)                                                                                          \
    static type (*real)(__VA_ARGS__);                                                                                    \
    if (!real) *(void **)&real = dlsym(RTLD_NEXT, symbol)

/* Of a call that would move bytes: how many it gets. */
static size_t portion(int what, size_t len) { return (what == HALF || what == KILL_HALFWAY) && len > 1 ? len / 2 : len; }

static ssize_t after(int what, ssize_t result)
{
    if (what == KILL_HALFWAY || what == KILL_AFTER) die();
    return result;
}

#define MOVE(symbol, kind, bytes, signature, ...)                                                                        \
    {                                                                                                                    \
        REAL(ssize_t, symbol, signature);                                                                                \
        int what = strike(kind, fd, NULL);                                                                               \
        len = portion(what, len);                                                                                        \
        return what == FAIL ? -1 : after(what, real(fd, bytes, len, ##__VA_ARGS__));                                     \
    }
#define PLAIN(bytes) int, bytes, size_t
#define AT(bytes) int, bytes, size_t, off_t

ssize_t write(int fd, const void *p, size_t len) MOVE("write", WRITE, p, PLAIN(const void *))
ssize_t read(int fd, void *p, size_t len) MOVE("read", READ, p, PLAIN(void *))
ssize_t pwrite(int fd, const void *p, size_t len, off_t at) MOVE("pwrite", WRITE, p, AT(const void *), at)
ssize_t pwrite64(int fd, const void *p, size_t len, off_t at) MOVE("pwrite64", WRITE, p, AT(const void *), at)
ssize_t pread(int fd, void *p, size_t len, off_t at) MOVE("pread", READ, p, AT(void *), at)
ssize_t pread64(int fd, void *p, size_t len, off_t at) MOVE("pread64", READ, p, AT(void *), at)

ssize_t writev(int fd, const struct iovec *parts, int n)
{
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    int what = strike(WRITE, fd, NULL);
    return what == FAIL ? -1 : after(what, real(fd, parts, (int)portion(what, (size_t)n)));
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
    REAL(ssize_t, "sendmsg", int, const struct msghdr *, int);
    int what = strike(WRITE, fd, NULL);
    return what == FAIL ? -1 : after(what, real(fd, m, flags));
}

/* No bytes: done, or not. */
#define DO(symbol, type, kind, fd, name, signature, ...)                                                                 \
    {                                                                                                                    \
        REAL(type, symbol, signature);                                                                                   \
        int what = strike(kind, fd, name);                                                                               \
        return what == FAIL ? -1 : (type)after(what, real(__VA_ARGS__));                                                 \
    }
#define OF(...) __VA_ARGS__

int fsync(int fd) DO("fsync", int, SYNC, fd, NULL, int, fd)
int fdatasync(int fd) DO("fdatasync", int, SYNC, fd, NULL, int, fd)
int ftruncate(int fd, off_t len) DO("ftruncate", int, TRUNCATE, fd, NULL, OF(int, off_t), fd, len)
int ftruncate64(int fd, off_t len) DO("ftruncate64", int, TRUNCATE, fd, NULL, OF(int, off_t), fd, len)
int mkdir(const char *path, mode_t mode) DO("mkdir", int, FOLDER, -1, path, OF(const char *, mode_t), path, mode)
int rename(const char *from, const char *to)
    DO("rename", int, FOLDER, -1, from, OF(const char *, const char *), from, to)
int unlink(const char *path) DO("unlink", int, FOLDER, -1, path, OF(const char *), path)
int pipe2(int fds[2], int flags) DO("pipe2", int, PIPE, -1, NULL, OF(int *, int), fds, flags)
int pidfd_open(pid_t pid, unsigned flags) DO("pidfd_open", int, PIDFD, -1, NULL, OF(pid_t, unsigned), pid, flags)
int accept4(int fd, struct sockaddr *a, socklen_t *len, int flags)
    DO("accept4", int, ACCEPT, -1, NULL, OF(int, struct sockaddr *, socklen_t *, int), fd, a, len, flags)

#define OPENING(symbol, folder, ...)                                                                                     \
    {                                                                                                                    \
        REAL(int, symbol, __VA_ARGS__);                                                                                  \
        mode_t mode = 0;                                                                                                 \
        if (flags & (O_CREAT | __O_TMPFILE)) {                                                                           \
            va_list more;                                                                                                \
            va_start(more, flags);                                                                                       \
            mode = va_arg(more, mode_t);                                                                                 \
            va_end(more);                                                                                                \
        }                                                                                                                \
        int what = strike(OPEN, -1, path);                                                                               \
        return what == FAIL ? -1 : (int)after(what, real(folder path, flags, mode));                                     \
    }
#define IN_FOLDER folder,

int open(const char *path, int flags, ...) OPENING("open", , const char *, int, mode_t)
int open64(const char *path, int flags, ...) OPENING("open64", , const char *, int, mode_t)
int openat(int folder, const char *path, int flags, ...) OPENING("openat", IN_FOLDER, int, const char *, int, mode_t)
int openat64(int folder, const char *path, int flags, ...) OPENING("openat64", IN_FOLDER, int, const char *, int, mode_t)

#define MAPPING(symbol)                                                                                                  \
    {                                                                                                                    \
        REAL(void *, symbol, void *, size_t, int, int, int, off_t);                                                      \
        return strike(MAP, fd, NULL) == FAIL ? MAP_FAILED : real(at, len, prot, flags, fd, from);                        \
    }

void *mmap(void *at, size_t len, int prot, int flags, int fd, off_t from) MAPPING("mmap")
void *mmap64(void *at, size_t len, int prot, int flags, int fd, off_t from) MAPPING("mmap64")

int posix_spawn(pid_t *ret_pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
                char *const argv[], char *const env[])
{
    REAL(int, "posix_spawn", pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
         char *const[], char *const[]);
    return strike(SPAWN, -1, NULL) == FAIL ? errno : real(ret_pid, path, actions, attr, argv, env);
}
