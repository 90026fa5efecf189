/* SPDX-License-Identifier: Apache-2.0
 *
 * Where rows lie, beneath the local engines: `mem` keeps them in maps, `sqlite` in tables. apply.c decides what happens
 * (with the index and task/life) and tells the shelf what to remember; a shelf decides nothing. All calls come from the
 * thread that writes, changes between begin and commit only. 0, or ERR_STORE (the disk, the library), ERR_FULL (no
 * space): after an error the batch is rolled back as a whole.
 */
#ifndef STORE_SHELF_H
#define STORE_SHELF_H

#include "store/ready.h"
#include "store/store.h"

struct shelf;

/* What a sweep is told of a file. */
struct shelf_file {
    struct id id;
    enum file_keep keep;
    int64_t created_at_ms;
    bool gone;     /* marked so: it is there for nobody any more */
    bool referred; /* by a task that is there */
    bool live;     /* by one that has not ended, or that something is still to follow: it may be given the file */
};

/* Uploaded files. Each 0 or as in the others. */
struct shelf_files {
    int (*add)(struct shelf *s, const struct file *f);
    int (*get)(struct shelf *s, const struct id *id, struct arena *a, struct file *ret); /* ERR_NOT_FOUND: none, or gone */
    int (*refer)(struct shelf *s, const struct id *file, const struct id *task); /* a pair that is new */
    int (*unrefer)(struct shelf *s, const struct id *task);                      /* from none of them any more */
    /* Those above `after` (NULL: all) by id, at most `max`; of one: with ERR_NOT_FOUND. */
    int (*look)(struct shelf *s, const struct id *after, struct shelf_file *ret, size_t max, size_t *ret_n);
    int (*look_at)(struct shelf *s, const struct id *id, struct shelf_file *ret);
    int (*mark)(struct shelf *s, const struct id *id);   /* gone */
    int (*forget)(struct shelf *s, const struct id *id); /* one that is gone, and who referred to it */
    int (*total)(struct shelf *s, struct store_file_total *ret);
};

/* What a sweep is told of a notification. */
struct shelf_notice {
    struct id id;
    int64_t created_at_ms;
};

/* Notifications. Each 0 or as in the others. */
struct shelf_notices {
    int (*add)(struct shelf *s, const struct notice *n, int64_t *ret_serial); /* counted */
    int (*find)(struct shelf *s, int64_t serial, struct id *ret);             /* ERR_NOT_FOUND */
    int (*get)(struct shelf *s, const struct id *id, struct arena *a, struct notice *ret); /* ERR_NOT_FOUND */
    int (*read)(struct shelf *s, const struct id *id, int64_t at_ms);         /* one that was unread; counted */
    /* Those that are unread, of a subject (p NULL: any), up to an id (NULL: all), the oldest first, at most `max`. */
    int (*unread)(struct shelf *s, struct str subject, const struct id *until, struct id *ret, size_t max, size_t *ret_n);
    int (*oldest)(struct shelf *s, struct shelf_notice *ret, size_t max, size_t *ret_n);
    int (*drop)(struct shelf *s, const struct id *id); /* ERR_NOT_FOUND; counted */
    int (*total)(struct shelf *s, struct store_notice_total *ret);
};

struct shelf_ops {
    int (*begin)(struct shelf *s);
    int (*commit)(struct shelf *s); /* synced when it returns 0; otherwise nothing of the batch is there */
    void (*rollback)(struct shelf *s);

    /* ERR_CONFLICT, with nothing changed: there is a task with this id */
    int (*add)(struct shelf *s, const struct task_body *body, const struct life *life);
    /* of the live row; live row gone, ending written. `lane`: the task's */
    int (*change)(struct shelf *s, const struct id *id, const struct ready_lane *lane, const struct life *life);
    /* The same of a live row that changes its lane; the body's step is then that of the new one. */
    int (*move)(struct shelf *s, const struct id *id, const struct ready_lane *from, const struct ready_lane *to, const struct life *life);
    int (*end)(struct shelf *s, const struct id *id, const struct ready_lane *lane, const struct task_ending *ending);
    int (*again)(struct shelf *s, const struct id *id, const struct life *life); /* the ending becomes history, live row back */
    int (*note)(struct shelf *s, const struct task_attempt *a);                  /* one more attempt in the history */
    /* The checkpoint of a live task: instead of the one there was; of that run (ERR_NOT_FOUND: none; data goes to the arena,
     * with NULL it is left out); removed. */
    int (*save)(struct shelf *s, const struct id *id, int32_t run, const struct task_save *save);
    int (*saved)(struct shelf *s, const struct id *id, int32_t run, struct arena *a, struct task_save *ret);
    int (*unsave)(struct shelf *s, const struct id *id);
    int (*step)(struct shelf *s, const struct id *id, const struct task_step *step); /* of that number: done, or once more */
    int (*steps)(struct shelf *s, const struct id *id, bool results, struct arena *a, const struct task_step **ret, size_t *ret_n);
    /* What follows endings: that of a new task; is something to follow it, and owed already; the ending of a run owes it; it was
     * made (ERR_NOT_FOUND: it was not owed). */
    int (*sequel)(struct shelf *s, const struct task_body *body);
    int (*owes)(struct shelf *s, const struct id *id, bool *ret_asked, bool *ret_owed);
    int (*owe)(struct shelf *s, const struct id *id, int32_t run, struct str next);
    int (*pay)(struct shelf *s, const struct id *id, int32_t run);
    int (*set_queue)(struct shelf *s, struct str queue, unsigned parts, const struct store_queue_set *set);
    int (*patch)(struct shelf *s, const struct task_body *body); /* its priority, run_at and tags */
    int (*erase)(struct shelf *s, const struct id *id);          /* every row of an ended task */
    int (*strip)(struct shelf *s, const struct id *id, unsigned parts); /* of an ended task; RETAIN_RECORD is not among them */
    int (*forget_keys)(struct shelf *s, int64_t before_ms, size_t max, size_t *ret_n);
    int (*tally)(struct shelf *s, struct str queue, enum task_state ending, int64_t total);

    /* Within the batch. ERR_NOT_FOUND when there is no such task (no such ended task). Strs go to the arena. */
    int (*body)(struct shelf *s, const struct id *id, struct arena *a, struct task_body *ret);
    int (*ended)(struct shelf *s, const struct id *id, struct life *ret_life);
    /* Idempotency keys. recall: ERR_NOT_FOUND when the key was never used. */
    int (*remember)(struct shelf *s, const struct store_add_item *it, int64_t now_ms);
    int (*recall)(struct shelf *s, const struct store_add_item *it, uint8_t ret_print[STORE_PRINT], struct id *ret_first);
    /* Keys of tasks: who holds one (0, 1 or, while one is blocked until the other has ended, 2); one more; and one that has
     * ended gives it back: the other that holds it, if there is one. */
    int (*holders)(struct shelf *s, const struct task_body *body, struct id ret[2], size_t *ret_n);
    int (*hold)(struct shelf *s, const struct task_body *body);
    int (*let_go)(struct shelf *s, const struct id *id, struct id *ret_other, bool *ret_has_other);
    /* Results kept for others. want: a live task's will be, once it leads: now, or it follows. lead: now. wanted: those of
     * that print that follow, or lead; the oldest, from `after` on (NULL: all). print: of one of them. keep: it has completed, and its result is kept
     * from `now_ms` on, instead of what was. unwant: it has ended. kept: who of the ended tasks has the one of that print,
     * `ret_id`, and the result; ERR_NOT_FOUND: none, too old, or the result is not there any more. forget_kept: those that
     * are too old. */
    int (*want)(struct shelf *s, const struct task_body *body, bool follows);
    int (*lead)(struct shelf *s, const struct id *id);
    int (*wanted)(struct shelf *s, const uint8_t print[TASK_PRINT], bool follow, const struct id *after, struct id *ret,
                  size_t max, size_t *ret_n);
    int (*print)(struct shelf *s, const struct id *id, uint8_t ret[TASK_PRINT]);
    int (*keep)(struct shelf *s, const struct id *id, int32_t run, int64_t now_ms);
    int (*unwant)(struct shelf *s, const struct id *id);
    int (*kept)(struct shelf *s, const uint8_t print[TASK_PRINT], int64_t now_ms, struct arena *a, struct id *ret_id,
                struct str *ret_result);
    int (*forget_kept)(struct shelf *s, int64_t now_ms, size_t max, size_t *ret_n);
    const struct shelf_files *files;
    const struct shelf_notices *notices;
};

struct shelf {
    const struct shelf_ops *ops;
};

#endif
