/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine `sqlite:FILE`, the default: the index in memory, SQLite as the record that survives. One writer thread
 * with the one connection that writes or checkpoints, one reader thread (sqlite_reader.h). What arrives while a commit
 * is being synced is the next batch: group commit without a timer.
 *
 *   loop ──change──▶ writer: BEGIN, apply all that waits, COMMIT (synced) ──news, answers──▶ loop
 *        ──read────▶ reader ──answers──▶ loop         then, unwatched: a checkpoint when 250 pages wait
 */
#ifndef STORE_SQLITE_SQLITE_ENGINE_H
#define STORE_SQLITE_SQLITE_ENGINE_H

#include "loop/loop.h"
#include "store/store.h"

#define SQLITE_ENGINE_CHECKPOINT_PAGES 250 /* of 4 KiB: a passive checkpoint after a batch was answered; doc/performance.md says why 250 */
#define SQLITE_ENGINE_WAL_PAGES 16384       /* 64 MiB of log: readers wait until it is reset */
#define SQLITE_ENGINE_BATCH 1024            /* requests of one transaction */

struct sqlite_engine_conf {
    struct loop *loop;                 /* borrowed */
    const struct store_events *events; /* borrowed; may be NULL */
    const char *path;                  /* made when it is not there; its folder must be */
    const char *extra_sql;             /* run on the writing connection after it is set up; NULL. For tests that plant a fault */
};

/* Takes the lock, checks and migrates the file, loads the index, ends lost attempts of a predecessor. */
int sqlite_engine_open(struct store **ret, const struct sqlite_engine_conf *conf, struct err *e) MUST_USE;

#endif
