/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes of uploaded files, by id. What is known of them is rows of the store; the two are kept together like this:
 *
 *   blob_begin ──blob_write..──▶ blob_sync ──the row is committed──▶ blob_settle: it can be opened under its id
 *        └── not wanted, or a crash before the row: blob_drop, of those that blob_pending tells at the next start ──┘
 *
 * A crash between row and settle leaves it pending with its row there: then it is settled. So no more is looked through at a
 * start than was under way. blob_remove comes before the row goes.
 *
 * All of it waits for the disk: called beside the loop, in chores; of one file by one at a time. 0, or an errno (positive).
 */
#ifndef BLOB_BLOB_H
#define BLOB_BLOB_H

#include "base/id.h"
#include "base/str.h"

struct blob_writer {
    struct id id;
    int fd; /* -1: not open */
};

struct blob;
struct blob_ops {
    const char *name; /* "dir" */
    int (*begin)(struct blob *b, const struct id *id, struct blob_writer *ret);
    int (*write)(struct blob_writer *w, struct str bytes);
    int (*sync)(struct blob *b, struct blob_writer *w);       /* it is there after a power loss, pending; the writer is closed */
    void (*drop)(struct blob *b, struct blob_writer *w);      /* whatever there is of it, synced or not; closes the writer */
    int (*settle)(struct blob *b, const struct id *id);       /* nothing when it is settled already */
    int (*open)(struct blob *b, const struct id *id, int *ret_fd); /* for reading; ENOENT */
    int (*link)(struct blob *b, const struct id *id, int dir, const char *name); /* a path of its own for one who may read it */
    int (*remove)(struct blob *b, const struct id *id);       /* nothing when it is not there */
    /* Up to `max` that are pending. ENOENT: there never was a file. */
    int (*pending)(struct blob *b, struct id *ret, size_t max, size_t *ret_n);
};

struct blob {
    const struct blob_ops *ops;
};

/* The engine `dir:`: a file each in data_dir/files, which is made with the first. */
struct blob_dir {
    struct blob blob;
    char data_dir[4096];
};
void blob_dir_init(struct blob_dir *d, const char *data_dir);

#endif
