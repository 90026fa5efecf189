/* SPDX-License-Identifier: Apache-2.0
 *
 * A place that cannot be looked at counts as one with room: what is written there will say what is wrong with it.
 */
#include "server/disk.h"

#include "base/log.h"
#include "base/str.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/statvfs.h>

static int system_free(void *user, const char *path, int64_t *ret)
{
    struct statvfs fs;
    (void)user;
    if (statvfs(path, &fs) != 0) return ERR_IO;
    *ret = (int64_t)(fs.f_bavail * fs.f_frsize);
    return 0;
}

const struct disk_look disk_look_system = {system_free, NULL};

void disk_init(struct disk *d, struct turn *turn, const struct disk_look *look, const char *store, const char *data_dir)
{
    *d = (struct disk){.turn = turn, .look = look, .looked_at_ms = INT64_MIN, .free = INT64_MAX};
    struct str file = str_of(store);
    if (str_eq(str_cut(&file, ':'), STR("sqlite"))) {
        while (file.len > 1 && file.p[file.len - 1] != '/') file.len--;
        if (file.len > 1) file.len--; /* its slash */
        if (str_copy(d->store, sizeof d->store, file)) d->places[0] = d->store;
    }
    d->places[1] = data_dir;
}

static void look(struct disk *d)
{
    int64_t now = turn_mono_ms(d->turn);
    if (!d->look || (d->looked_at_ms != INT64_MIN && now - d->looked_at_ms < DISK_LOOK_MS)) return;
    d->looked_at_ms = now;
    d->free = INT64_MAX;
    for (size_t i = 0; i < sizeof d->places / sizeof *d->places; i++) {
        int64_t bytes;
        if (!d->places[i] || d->look->free_bytes(d->look->user, d->places[i], &bytes) != 0 || bytes >= d->free)
            continue;
        d->free = bytes;
        d->least = d->places[i];
    }
}

int disk_check(struct disk *d, int64_t reserve, struct err *e)
{
    look(d);
    bool low = d->free < reserve;
    if (low && !d->low)
        log_warn("%s has %lld bytes free, less than disk_reserve (%lld): submits are refused until it has more",
                 d->least, (long long)d->free, (long long)reserve);
    if (!low && d->low) log_info("there is room on the disk again: submits are taken");
    d->low = low;
    if (!low) return 0;
    return err_set(e, ERR_FULL,
                   "%.200s has %lld bytes free, less than the reserve of %lld; nothing was stored, try again later",
                   d->least, (long long)d->free, (long long)reserve);
}

int64_t disk_free(struct disk *d)
{
    look(d);
    return d->free == INT64_MAX ? -1 : d->free;
}
