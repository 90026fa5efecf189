/* SPDX-License-Identifier: Apache-2.0
 *
 * The shelf of the `mem` engine: every task as one record in a map and in an array sorted by id. It never fails, so a
 * batch is never rolled back; the reference that other shelves are compared with.
 */
#ifndef STORE_MEM_MEM_SHELF_H
#define STORE_MEM_MEM_SHELF_H

#include "base/list.h"
#include "base/map.h"
#include "store/shelf.h"

struct mem_note { /* one attempt that is over */
    struct mem_note *before;
    struct task_attempt attempt;
};

struct mem_past { /* an earlier run */
    struct mem_past *before;
    struct task_ending ending;
};

struct mem_key { /* an idempotency key */
    struct id first;
    int64_t at_ms;
    uint8_t print[STORE_PRINT];
    size_t len;
    char text[]; /* the tenant's number, then the key */
};

struct mem_record {
    struct arena arena; /* everything below lives in it */
    struct task_body body;
    struct life life;   /* as last written */
    struct task_ending ending;
    struct mem_note *notes; /* newest first */
    struct mem_past *past;  /* newest first */
    struct str sequel;       /* what is to follow its ending; p NULL: nothing */
    struct task_step *steps; /* that are done, in order: room for LIMIT_STEPS; NULL: none */
    size_t n_steps;
    struct task_save save;  /* of the run under way; its data owned, on the heap: it may be another one each second */
};

struct mem_owed;

struct mem_shelf {
    struct shelf shelf;
    struct map by_id;            /* of struct mem_record, owned */
    struct mem_record **ordered; /* the same, by id */
    size_t n, cap;
    struct map keys;             /* of struct mem_key, owned, by its text */
    struct map holders;          /* of struct mem_once (mem_once.c), owned, by its text */
    struct map wanted, kept;     /* of struct mem_cache (mem_cache.c), owned; by the id of a live task; by print */
    struct mem_owed *owed;       /* owned (mem_sequel.c): in the order of id and run */
    struct list notices;         /* of struct mem_notice (mem_notice.c), owned */
    int64_t notice_serial;       /* the last that was given */
    struct list files;           /* of struct mem_file (mem_file.c), owned */
    struct map prints;           /* of struct mem_print (mem_cache.c), owned: who is wanted, by print */
};

void mem_shelf_init(struct mem_shelf *s);
void mem_shelf_release(struct mem_shelf *s);

#endif
