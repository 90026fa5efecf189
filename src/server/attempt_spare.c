/* SPDX-License-Identifier: Apache-2.0
 *
 * Untouched: the same inode with the same time of its last change. Times of files have the grain of a clock tick, so as
 * long as one is younger than a few of these its entries are counted, too.
 */
#include "server/attempt_spare.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define GRAIN_MS 100 /* of the coarsest clock of a file system that is in use, 10 ms, with room to spare */

void attempt_spare_init(struct attempt_spares *s, struct rng *rng)
{
    *s = (struct attempt_spares){0};
    snprintf(s->own, sizeof s->own, ATTEMPT_DIR_SPARE "%016" PRIx64 ".", rng_next(rng));
}

static void spare_path(const struct attempt_spares *s, char path[ATTEMPT_DIR_PATH], const char *data_dir, unsigned number)
{
    snprintf(path, ATTEMPT_DIR_PATH, "%s/attempts/%s%u", data_dir, s->own, number);
}

static bool is_empty(const char *path)
{
    DIR *d = opendir(path);
    size_t n = 0;
    if (!d) return false;
    while (n <= 2 && readdir(d)) n++;
    closedir(d);
    return n == 2; /* . and .. */
}

/* A directory of ours that nobody has opened for others, whatever umask it was made under. */
static bool is_as_made(const struct stat *st)
{
    return S_ISDIR(st->st_mode) && st->st_uid == geteuid() && (st->st_mode & 0700) == 0700 &&
           ((st->st_mode & 07777) | ATTEMPT_DIR_MODE) == ATTEMPT_DIR_MODE;
}

static bool is_untouched(const struct attempt_spare *spare, const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && st.st_ino == spare->inode && st.st_ctim.tv_sec == spare->changed.tv_sec &&
           st.st_ctim.tv_nsec == spare->changed.tv_nsec;
}

int attempt_spare_give(struct attempt_spares *s, struct attempt_place *p, const char *data_dir, struct chores *chores)
{
    while (s->n > 0) {
        p->spare = s->all[--s->n];
        spare_path(s, p->path, data_dir, p->spare.number);
        if (is_untouched(&p->spare, p->path)) return 0;
        attempt_dir_discard(p->path, chores);
    }
    *p = (struct attempt_place){0};
    return ERR_NOT_FOUND;
}

int attempt_spare_make(struct attempt_spares *s, char path[ATTEMPT_DIR_PATH], const char *data_dir, struct chores *chores,
                       struct err *e)
{
    spare_path(s, path, data_dir, ++s->made);
    return attempt_dir_make_at(path, data_dir, chores, e);
}

/* From its own name to one of a spare, where nobody finds it by the old one while it is looked at. */
static bool become_spare(struct attempt_spares *s, struct attempt_place *p, const char *data_dir, int64_t mono_ms)
{
    char own[ATTEMPT_DIR_PATH];
    struct stat st;
    memcpy(own, p->path, sizeof own);
    p->spare = (struct attempt_spare){.number = ++s->made, .since_ms = mono_ms};
    spare_path(s, p->path, data_dir, p->spare.number);
    if (rename(own, p->path) != 0) {
        memcpy(p->path, own, sizeof own);
        return false;
    }
    if (lstat(p->path, &st) != 0 || !is_as_made(&st)) return false;
    p->spare.inode = st.st_ino;
    p->spare.changed = st.st_ctim;
    return true;
}

void attempt_spare_take_back(struct attempt_spares *s, struct attempt_place *p, const char *data_dir, struct chores *chores,
                             int64_t mono_ms)
{
    bool fit = s->n < ATTEMPT_SPARES;
    if (!p->path[0]) return;
    if (fit && p->spare.number == 0) fit = become_spare(s, p, data_dir, mono_ms);
    else if (fit) fit = is_untouched(&p->spare, p->path);
    if (fit && mono_ms - p->spare.since_ms < GRAIN_MS) fit = is_empty(p->path);
    if (fit) s->all[s->n++] = p->spare;
    else attempt_dir_discard(p->path, chores);
}

int attempt_spare_make_own(struct attempt_place *p, const char *data_dir, const struct id *id, int run, int number,
                           struct chores *chores, struct err *e)
{
    if (p->spare.number == 0) return 0;
    char own[ATTEMPT_DIR_PATH];
    attempt_dir_path(own, data_dir, id, run, number);
    attempt_dir_discard(own, chores);
    if (rename(p->path, own) != 0) return err_set_errno(e, errno == ENOSPC ? ERR_FULL : ERR_IO, errno, own);
    memcpy(p->path, own, sizeof own);
    p->spare = (struct attempt_spare){0};
    return 0;
}

void attempt_spare_release(struct attempt_spares *s, const char *data_dir)
{
    char path[ATTEMPT_DIR_PATH];
    while (s->n > 0) {
        spare_path(s, path, data_dir, s->all[--s->n].number);
        (void)rmdir(path); /* gone, or not empty: somebody else's doing, which the next server's sweep sees to */
    }
}
