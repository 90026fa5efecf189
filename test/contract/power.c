/* SPDX-License-Identifier: Apache-2.0
 *
 * Files as two things: bytes that are safe, and a list of what was done since. A sync makes the list part of the safe
 * bytes. The real sync is left out: here nothing but this list is ever lost.
 */
#include "test/contract/power.h"

#include "base/mem.h"
#include "base/rng.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES 16
#define SECTOR 512

struct change {
    int64_t at;
    size_t len;
    char *bytes; /* owned; NULL: cut off at `at` */
};

struct file {
    char path[256];
    char *safe; /* owned */
    size_t len, cap;
    bool there;   /* its name is in the synced directory */
    bool removed; /* by an unlink nobody has synced: may be there again */
    struct change *changes; /* owned */
    size_t n, max;
};

struct handle { /* the real file follows it in memory */
    sqlite3_file base;
    sqlite3_file *real;
    struct file *file; /* NULL: not one that outlives us */
};

static struct {
    pthread_mutex_t lock;
    struct file files[FILES];
    struct rng_seeded rng;
    uint64_t seed;
    bool cut;
    int syncs, cut_at, troubled;
    sqlite3_vfs vfs, *real;
} power = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool is_known(const char *path)
{
    for (int i = 0; i < FILES; i++)
        if (strcmp(power.files[i].path, path) == 0) return true;
    return false;
}

static struct file *file_of(const char *path)
{
    for (int i = 0; i < FILES; i++)
        if (strcmp(power.files[i].path, path) == 0) return &power.files[i];
    for (int i = 0; i < FILES; i++) {
        if (power.files[i].path[0]) continue;
        snprintf(power.files[i].path, sizeof power.files[i].path, "%s", path);
        return &power.files[i];
    }
    abort();
}

static void put(struct file *f, size_t at, const char *bytes, size_t len);

/* What is in it before it is first opened came there before the power could go. */
static void find_safe(struct file *f)
{
    FILE *in = fopen(f->path, "rb");
    char bytes[4096];
    for (size_t n; in && (n = fread(bytes, 1, sizeof bytes, in)) > 0;) put(f, f->len, bytes, n);
    f->there = in != NULL;
    if (in) fclose(in);
}

static void put(struct file *f, size_t at, const char *bytes, size_t len)
{
    if (at + len > f->cap) {
        f->cap = (at + len) * 2;
        f->safe = mem_grow(f->safe, f->cap);
    }
    if (at > f->len) memset(f->safe + f->len, 0, at - f->len);
    memcpy(f->safe + at, bytes, len);
    if (at + len > f->len) f->len = at + len;
}

/* By sectors, each kept with a chance of `percent`. */
static void apply(struct file *f, const struct change *c, uint64_t percent)
{
    if (!c->bytes) {
        bool kept = percent == 100 || rng_below(&power.rng.rng, 100) < percent;
        if (kept && (size_t)c->at < f->len) f->len = (size_t)c->at;
        return;
    }
    for (size_t done = 0; done < c->len;) {
        size_t at = (size_t)c->at + done, piece = SECTOR - at % SECTOR;
        if (piece > c->len - done) piece = c->len - done;
        if (percent == 100 || rng_below(&power.rng.rng, 100) < percent) put(f, at, c->bytes + done, piece);
        done += piece;
    }
}

static void forget_changes(struct file *f)
{
    for (size_t i = 0; i < f->n; i++) free(f->changes[i].bytes);
    f->n = 0;
}

static void make_safe(struct file *f)
{
    for (size_t i = 0; i < f->n; i++) apply(f, &f->changes[i], 100);
    forget_changes(f);
    if (f->there) return;
    f->there = true;
    /* with the first sync of a file the real VFS syncs its folder, and so what was unlinked there before is gone */
    for (int i = 0; i < FILES; i++) {
        if (!power.files[i].removed) continue;
        power.files[i].there = power.files[i].removed = false;
        power.files[i].len = 0;
    }
}

/* How much of what was not synced survives: nothing, everything, or a part. */
static void cut_locked(void)
{
    if (power.cut) return;
    power.cut = true;
    static const uint64_t shares[] = {0, 100, 50, 90, 10};
    uint64_t percent = shares[power.seed % 5];
    for (int i = 0; i < FILES; i++) {
        struct file *f = &power.files[i];
        if (f->removed) f->there = percent < 100 && rng_below(&power.rng.rng, 100) >= percent && f->n == 0;
        else if (!f->there) f->there = f->n && rng_below(&power.rng.rng, 100) < percent;
        for (size_t k = 0; k < f->n && f->there && percent; k++) apply(f, &f->changes[k], percent);
        forget_changes(f);
    }
}

static bool note(struct file *f, int64_t at, const void *bytes, size_t len)
{
    pthread_mutex_lock(&power.lock);
    bool alive = !power.cut;
    if (alive && f) {
        if (f->n == f->max) {
            f->max = f->max ? f->max * 2 : 64;
            f->changes = mem_grow(f->changes, f->max * sizeof *f->changes);
        }
        struct change c = {at, len, NULL};
        if (bytes) c.bytes = memcpy(mem_new(len + 1), bytes, len);
        f->changes[f->n++] = c;
    }
    pthread_mutex_unlock(&power.lock);
    return alive;
}

static struct handle *own(sqlite3_file *f)
{
    return (struct handle *)(void *)f;
}

static int on_close(sqlite3_file *f)
{
    return own(f)->real->pMethods->xClose(own(f)->real);
}
static int on_read(sqlite3_file *f, void *to, int len, sqlite3_int64 at)
{
    return own(f)->real->pMethods->xRead(own(f)->real, to, len, at);
}
static int on_write(sqlite3_file *f, const void *from, int len, sqlite3_int64 at)
{
    if (!note(own(f)->file, at, from, (size_t)len)) return SQLITE_IOERR_WRITE;
    return own(f)->real->pMethods->xWrite(own(f)->real, from, len, at);
}
static int on_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    if (!note(own(f)->file, size, NULL, 0)) return SQLITE_IOERR_TRUNCATE;
    return own(f)->real->pMethods->xTruncate(own(f)->real, size);
}
static int on_sync(sqlite3_file *f, int flags)
{
    (void)flags;
    pthread_mutex_lock(&power.lock);
    if (!power.cut && ++power.syncs == power.cut_at) cut_locked();
    bool alive = !power.cut && power.troubled == 0;
    if (power.troubled > 0) power.troubled--;
    if (alive && own(f)->file) make_safe(own(f)->file);
    pthread_mutex_unlock(&power.lock);
    return alive ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}
static int on_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return own(f)->real->pMethods->xFileSize(own(f)->real, size);
}
static int on_lock(sqlite3_file *f, int level)
{
    return own(f)->real->pMethods->xLock(own(f)->real, level);
}
static int on_unlock(sqlite3_file *f, int level)
{
    return own(f)->real->pMethods->xUnlock(own(f)->real, level);
}
static int on_check_lock(sqlite3_file *f, int *out)
{
    return own(f)->real->pMethods->xCheckReservedLock(own(f)->real, out);
}
static int on_control(sqlite3_file *f, int op, void *arg)
{
    return own(f)->real->pMethods->xFileControl(own(f)->real, op, arg);
}
static int on_sector(sqlite3_file *f)
{
    return own(f)->real->pMethods->xSectorSize(own(f)->real);
}
static int on_device(sqlite3_file *f)
{
    return own(f)->real->pMethods->xDeviceCharacteristics(own(f)->real);
}
static int on_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return own(f)->real->pMethods->xShmMap(own(f)->real, page, size, extend, out);
}
static int on_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return own(f)->real->pMethods->xShmLock(own(f)->real, offset, n, flags);
}
static void on_shm_barrier(sqlite3_file *f)
{
    own(f)->real->pMethods->xShmBarrier(own(f)->real);
}
static int on_shm_unmap(sqlite3_file *f, int remove_it)
{
    return own(f)->real->pMethods->xShmUnmap(own(f)->real, remove_it);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check_lock,
    .xFileControl = on_control,
    .xSectorSize = on_sector,
    .xDeviceCharacteristics = on_device,
    .xShmMap = on_shm_map,
    .xShmLock = on_shm_lock,
    .xShmBarrier = on_shm_barrier,
    .xShmUnmap = on_shm_unmap,
};

static int on_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *f, int flags, int *ret_flags)
{
    (void)vfs;
    struct handle *h = own(f);
    *h = (struct handle){.real = (sqlite3_file *)(void *)(h + 1)};
    if (power_is_cut() && flags & SQLITE_OPEN_CREATE) return SQLITE_CANTOPEN;
    bool outlives = name && flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL);
    pthread_mutex_lock(&power.lock);
    if (outlives && !is_known(name)) find_safe(file_of(name));
    pthread_mutex_unlock(&power.lock);
    int code = power.real->xOpen(power.real, name, h->real, flags, ret_flags);
    if (code != SQLITE_OK) return code;
    h->base.pMethods = &methods;
    if (!outlives) return SQLITE_OK;
    pthread_mutex_lock(&power.lock);
    h->file = file_of(name);
    pthread_mutex_unlock(&power.lock);
    return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    pthread_mutex_lock(&power.lock);
    bool alive = !power.cut;
    struct file *f = alive ? file_of(name) : NULL;
    if (f) {
        forget_changes(f);
        f->removed = f->there && !sync_folder; /* the name is still in the folder as it was synced */
        f->there = false;
        if (!f->removed) f->len = 0;
    }
    pthread_mutex_unlock(&power.lock);
    return alive ? power.real->xDelete(power.real, name, sync_folder) : SQLITE_IOERR_DELETE;
}

static void forget_all(void)
{
    for (int i = 0; i < FILES; i++) {
        struct file *f = &power.files[i];
        forget_changes(f);
        free(f->changes);
        free(f->safe);
        *f = (struct file){.len = 0};
    }
}

void power_on(uint64_t seed)
{
    pthread_mutex_lock(&power.lock);
    if (!power.real) power.real = sqlite3_vfs_find("unix");
    forget_all();
    power.seed = seed;
    rng_seeded_init(&power.rng, seed);
    power.cut = false;
    power.syncs = power.cut_at = power.troubled = 0;
    power.vfs = *power.real;
    power.vfs.zName = "power";
    power.vfs.pNext = NULL;
    power.vfs.szOsFile = (int)sizeof(struct handle) + power.real->szOsFile;
    power.vfs.xOpen = on_open;
    power.vfs.xDelete = on_delete;
    pthread_mutex_unlock(&power.lock);
    sqlite3_vfs_register(&power.vfs, 1);
}

void power_off(void)
{
    sqlite3_vfs_unregister(&power.vfs);
    sqlite3_vfs_register(power.real, 1);
    forget_all();
}

void power_cut(void)
{
    pthread_mutex_lock(&power.lock);
    cut_locked();
    pthread_mutex_unlock(&power.lock);
}

void power_cut_at_sync(int number)
{
    pthread_mutex_lock(&power.lock);
    power.cut_at = number ? power.syncs + number : 0;
    pthread_mutex_unlock(&power.lock);
}

void power_trouble(int syncs)
{
    pthread_mutex_lock(&power.lock);
    power.troubled = syncs;
    pthread_mutex_unlock(&power.lock);
}

bool power_is_cut(void)
{
    pthread_mutex_lock(&power.lock);
    bool cut = power.cut;
    pthread_mutex_unlock(&power.lock);
    return cut;
}

int power_syncs(void)
{
    pthread_mutex_lock(&power.lock);
    int n = power.syncs;
    pthread_mutex_unlock(&power.lock);
    return n;
}

void power_restore(const char *from, const char *to)
{
    static const char *const parts[] = {"", "-wal", "-journal"};
    for (int i = 0; i < 3; i++) {
        char path[300];
        snprintf(path, sizeof path, "%s%s", from, parts[i]);
        pthread_mutex_lock(&power.lock);
        const struct file *f = file_of(path);
        pthread_mutex_unlock(&power.lock);
        if (!f->there) continue;
        snprintf(path, sizeof path, "%s%s", to, parts[i]);
        FILE *out = fopen(path, "wb");
        if (!out || fwrite(f->safe, 1, f->len, out) != f->len || fclose(out) != 0) abort();
    }
}
