/* SPDX-License-Identifier: Apache-2.0
 *
 * Is there room on the disk? Submits are refused while the file system of the store, or that of data_dir, has less
 * free than `disk_reserve`: early enough that what runs can still be recorded. Looked at when somebody asks, once a
 * second at most; nobody polls, so an idle server does nothing, and room that comes back is seen by the next who asks.
 */
#ifndef SERVER_DISK_H
#define SERVER_DISK_H

#include "base/err.h"
#include "base/turn.h"

#include <stdbool.h>

#define DISK_LOOK_MS 1000

/* How much is free: the system's, or a test's. */
struct disk_look {
    int (*free_bytes)(void *user, const char *path, int64_t *ret); /* ERR_IO: cannot be told */
    void *user;
};
extern const struct disk_look disk_look_system;

struct disk {
    struct turn *turn;            /* borrowed */
    const struct disk_look *look; /* borrowed; NULL: there is always room */
    const char *places[2];        /* borrowed; NULL: none */
    char store[4096];             /* the folder of the store */
    int64_t looked_at_ms;         /* mono; INT64_MIN: never */
    int64_t free;                 /* of the place that has least; INT64_MAX: not known */
    const char *least;            /* that place */
    bool low;
};

/* `store`: its URL. */
void disk_init(struct disk *d, struct turn *turn, const struct disk_look *look, const char *store,
               const char *data_dir);
/* 0, or ERR_FULL when less than `reserve` bytes are free, with what is free where. */
int disk_check(struct disk *d, int64_t reserve, struct err *e) MUST_USE;
int64_t disk_free(struct disk *d); /* bytes where there is least; negative: not known */

#endif
