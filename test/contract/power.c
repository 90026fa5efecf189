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
    enum power_way way;
    bool cut;
    const char *cut_in;
    int syncs, cut_at, troubled;
    sqlite3_vfs vfs, *real;
} power = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct file *find(const char *path)
{
    for (int i = 0; i < FILES; i++)
        if (strcmp(power.files[i].path, path) == 0) return &power.files[i];
    return NULL;
}

static struct file *file_of(const char *path)
{
    struct file *known = find(path);
    for (int i = 0; i < FILES && !known; i++) {
        if (power.files[i].path[0]) continue;
        snprintf(power.files[i].path, sizeof power.files[i].path, "%s", path);
        return &power.files[i];
    }
    if (!known) abort();
    return known;
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

static bool chance(uint64_t percent)
{
    return percent == 100 || (percent && rng_below(&power.rng.rng, 100) < percent);
}

/* By sectors, each kept with a chance of `percent`, or else filled with anything with that of `garbage`. */
static void apply(struct file *f, const struct change *c, uint64_t percent, uint64_t garbage)
{
    if (!c->bytes) {
        if (chance(percent) && (size_t)c->at < f->len) f->len = (size_t)c->at;
        return;
    }
    for (size_t done = 0; done < c->len;) {
        size_t at = (size_t)c->at + done, piece = SECTOR - at % SECTOR;
        if (piece > c->len - done) piece = c->len - done;
        bool kept = chance(percent);
        char junk[SECTOR];
        if (!kept && chance(garbage)) memset(junk, (int)rng_below(&power.rng.rng, 256), sizeof junk), put(f, at, junk, piece);
        if (kept) put(f, at, c->bytes + done, piece);
        done += piece;
    }
}

/* The changes up to some byte, or from there on; the one where it is, is torn there. */
static void apply_from_or_to(struct file *f, bool latest)
{
    size_t at = (size_t)rng_below(&power.rng.rng, f->n + 1);
    for (size_t i = 0; i < f->n; i++) {
        struct change *c = &f->changes[i];
        if (i == at ? !c->bytes : (i < at) == latest) continue;
        size_t tear = i == at && c->len ? (size_t)rng_below(&power.rng.rng, c->len) : 0;
        if (i != at) apply(f, c, 100, 0);
        else if (latest) put(f, (size_t)c->at + tear, c->bytes + tear, c->len - tear);
        else if (tear) put(f, (size_t)c->at, c->bytes, tear);
    }
}

static void forget_changes(struct file *f)
{
    for (size_t i = 0; i < f->n; i++) free(f->changes[i].bytes);
    f->n = 0;
}

static void make_safe(struct file *f)
{
    for (size_t i = 0; i < f->n; i++) apply(f, &f->changes[i], 100, 0);
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

static void lose(struct file *f)
{
    static const uint64_t percents[POWER_WAYS] = {0, 100, 50, 90, 10, 50, 50, 34};
    uint64_t percent = percents[power.way];
    bool in_part = power.way == POWER_IN_ORDER || power.way == POWER_LATEST;
    if (f->removed) f->there = f->n == 0 && !chance(percent);
    else if (!f->there) f->there = f->n && chance(percent);
    if (f->there && in_part) apply_from_or_to(f, power.way == POWER_LATEST);
    for (size_t k = 0; k < f->n && f->there && percent && !in_part; k++)
        apply(f, &f->changes[k], percent, power.way == POWER_GARBAGE ? 50 : 0);
    forget_changes(f);
}

static void cut_locked(void)
{
    if (power.cut) return;
    power.cut = true;
    for (int i = 0; i < FILES; i++) lose(&power.files[i]);
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
    if (!power.cut && ++power.syncs == power.cut_at) {
        const char *end = own(f)->file ? strrchr(own(f)->file->path, '-') : NULL;
        power.cut_in = !end ? "" : strcmp(end, "-wal") == 0 ? "-wal" : strcmp(end, "-journal") == 0 ? "-journal" : "";
        cut_locked();
    }
    bool alive = !power.cut && power.troubled == 0;
    if (power.troubled > 0) power.troubled--;
    if (alive && own(f)->file) make_safe(own(f)->file);
    pthread_mutex_unlock(&power.lock);
    return alive ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}
/* The rest is the real one's. */
#define PASS(name, parameters, call)           \
    static int name parameters                 \
    {                                          \
        sqlite3_file *real = own(f)->real;     \
        return real->pMethods->call;           \
    }
PASS(on_close, (sqlite3_file *f), xClose(real))
PASS(on_read, (sqlite3_file *f, void *to, int len, sqlite3_int64 at), xRead(real, to, len, at))
PASS(on_size, (sqlite3_file *f, sqlite3_int64 *size), xFileSize(real, size))
PASS(on_lock, (sqlite3_file *f, int level), xLock(real, level))
PASS(on_unlock, (sqlite3_file *f, int level), xUnlock(real, level))
PASS(on_check_lock, (sqlite3_file *f, int *out), xCheckReservedLock(real, out))
PASS(on_control, (sqlite3_file *f, int op, void *arg), xFileControl(real, op, arg))
PASS(on_sector, (sqlite3_file *f), xSectorSize(real))
PASS(on_device, (sqlite3_file *f), xDeviceCharacteristics(real))
PASS(on_shm_map, (sqlite3_file *f, int page, int size, int extend, void volatile **out), xShmMap(real, page, size, extend, out))
PASS(on_shm_lock, (sqlite3_file *f, int offset, int n, int flags), xShmLock(real, offset, n, flags))
PASS(on_shm_unmap, (sqlite3_file *f, int remove_it), xShmUnmap(real, remove_it))
static void on_shm_barrier(sqlite3_file *f)
{
    own(f)->real->pMethods->xShmBarrier(own(f)->real);
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

/* What lay there already is safe. */
static struct file *file_opened(const char *path, sqlite3_file *real)
{
    bool known = find(path) != NULL;
    struct file *f = file_of(path);
    sqlite3_int64 size = 0;
    if (known || real->pMethods->xFileSize(real, &size) != SQLITE_OK || size == 0) return f;
    f->safe = mem_grow(f->safe, (size_t)size);
    f->cap = f->len = (size_t)size;
    f->there = true;
    if (real->pMethods->xRead(real, f->safe, (int)size, 0) != SQLITE_OK) abort();
    return f;
}

static int on_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *f, int flags, int *ret_flags)
{
    (void)vfs;
    struct handle *h = own(f);
    *h = (struct handle){.real = (sqlite3_file *)(void *)(h + 1)};
    if (power_is_cut() && flags & SQLITE_OPEN_CREATE) return SQLITE_CANTOPEN;
    int code = power.real->xOpen(power.real, name, h->real, flags, ret_flags);
    if (code != SQLITE_OK) return code;
    h->base.pMethods = &methods;
    if (!name || !(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL))) return SQLITE_OK;
    pthread_mutex_lock(&power.lock);
    h->file = file_opened(name, h->real);
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
    power.way = (enum power_way)(seed % (POWER_LITTLE + 1));
    rng_seeded_init(&power.rng, seed);
    power.cut = false;
    power.cut_in = NULL;
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

void power_set_way(enum power_way way)
{
    power.way = way;
}

const char *power_cut_in(void)
{
    return power.cut_in;
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
        if (!out || (f->len && fwrite(f->safe, 1, f->len, out) != f->len) || fclose(out) != 0) abort();
    }
}
