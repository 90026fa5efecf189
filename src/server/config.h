/* SPDX-License-Identifier: Apache-2.0
 *
 * The configuration as plain data: what bide.yaml says, with its defaults filled in and its names resolved. Everything
 * lives in one arena and never changes after loading; a reload makes a new struct config. The keys, their kinds,
 * ranges and defaults are the rows of config_table.c, and nowhere else.
 *
 * Order of precedence: flags, then BIDE_LISTEN BIDE_STORE BIDE_DATA_DIR, then the file, then the defaults:
 *
 *   config_load or config_default ──▶ config_override_env ──▶ config_override per flag
 */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include "base/arena.h"
#include "base/err.h"
#include "handler/exec.h"
#include "handler/worker_pool.h"
#include "server/config_errors.h"
#include "task/retry.h"

enum config_origin { CONFIG_DEFAULT, CONFIG_FILE, CONFIG_ENV, CONFIG_FLAG };

/* What a task gets when its submit does not say: `defaults`, and each type's own. */
struct config_rules {
    int32_t max_attempts;
    int64_t timeout_ms;
    int64_t grace_ms;
    struct retry_policy retry;
    struct retain_rules retain;
};

struct config_queue {
    const char *name;
    int32_t concurrency;
    int64_t capacity; /* waiting tasks allowed; 0: no limit */
    bool paused;      /* at the first start; afterwards the store remembers */
};

struct config_type {
    const char *name; /* as written: a prefix ends with its '*' */
    bool prefix;
    const char *queue;     /* a declared queue */
    const char *worker;    /* a declared pool; NULL: exec */
    struct exec_conf exec; /* command NULL: worker */
    struct config_rules rules;
    int32_t priority;
};

struct config {
    struct arena arena;        /* owns everything below */
    const char *path;          /* as given; NULL: no file */
    const char *dir;           /* absolute; relative paths are relative to it */
    const char *const *listen; /* at least one, ends with NULL; unix: paths are absolute */
    const char *store;         /* "mem:" or "sqlite:/absolute/file" */
    const char *data_dir;      /* absolute */
    enum config_origin listen_from, store_from, data_dir_from;
    struct config_rules defaults;
    struct config_queue *queues; /* `default` is always among them */
    size_t n_queues;
    struct worker_pool_conf *workers;
    size_t n_workers;
    struct config_type *types; /* exact names in order, then prefixes, longest first */
    size_t n_types, n_exact;
};

/* Reads a file. On failure ERR_CONFIG, every problem in `errors`, and *c is empty. */
int config_load(struct config *c, const char *path, struct config_errors *errors) MUST_USE;
/* What holds without a file: SQLite and data in $XDG_STATE_HOME/bide (or ~/.local/state/bide). */
void config_default(struct config *c);
void config_release(struct config *c); /* accepts a zeroed config */

/* Sets `listen` (several: with commas), `store` or `data_dir` from outside the file; paths are relative to the working
 * directory. ERR_CONFIG with the reason when the value is not valid. */
int config_override(struct config *c, const char *key, const char *value, enum config_origin from,
                    struct err *e) MUST_USE;
int config_override_env(struct config *c, struct err *e) MUST_USE;

/* The rules for a type: its own entry, else that of the longest prefix; NULL when there is none. */
const struct config_type *config_type_find(const struct config *c, struct str name);
const struct config_queue *config_queue_find(const struct config *c, struct str name); /* NULL when not declared */
const struct worker_pool_conf *config_worker_find(const struct config *c, struct str name);
const char *config_origin_word(enum config_origin from);

#endif
