/* SPDX-License-Identifier: Apache-2.0
 *
 * The configuration as plain data: what bide.yaml says, with its defaults filled in and its names resolved. Everything
 * lives in one arena and never changes after reading; a reload makes a new struct config. The keys, their kinds,
 * ranges and defaults are the rows of config_table.c, and nowhere else.
 *
 * Order of precedence: flags, then variables BIDE_*, then the file, then the defaults. Every value that was said has
 * its origin: where it comes from, by its path (`queues.gpu.concurrency`).
 */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "handler/exec.h"
#include "handler/pull.h"
#include "handler/web.h"
#include "handler/worker_pool.h"
#include "schema/schema.h"
#include "server/config_errors.h"
#include "server/config_webhooks.h"
#include "task/file.h"
#include "task/rate.h"
#include "task/retry.h"
#include "task/task.h"

enum config_from { CONFIG_DEFAULT, CONFIG_FILE, CONFIG_ENV, CONFIG_FLAG };

struct config_origin {
    enum config_from from;
    struct config_mark mark; /* CONFIG_FILE: of the key */
    const char *name;        /* CONFIG_ENV, CONFIG_FLAG: BIDE_STORE, --store */
};

struct config_flag {
    const char *key, *name, *value; /* "listen", "--listen", "127.0.0.1:0,unix:b.sock" */
};

/* What is said outside the file. Relative paths in it are relative to the working directory. */
struct config_outside {
    const char *const *env; /* NAME=VALUE, as environ; NULL: none */
    const struct config_flag *flags;
    size_t n_flags;
};

/* What a task gets when its submit does not say: `defaults`, and each type's own. */
struct config_rules {
    int32_t max_attempts;
    int64_t timeout_ms;
    int64_t grace_ms;
    struct retry_policy retry;
    struct retain_rules retain;
};

struct config_files {
    int64_t max, quota; /* bytes of one, of all; quota 0: no limit */
    int64_t retain_ms;  /* of one that no task refers to; FILE_FOREVER */
};

struct config_notices {
    int64_t retain_ms; /* < 0: for ever */
    int64_t max;       /* 0: no limit */
};

struct config_queue {
    const char *name;
    int32_t concurrency;
    int64_t capacity; /* waiting tasks allowed; 0: no limit */
    bool paused;      /* at the first start; afterwards the store remembers */
    int32_t key_concurrency; /* running tasks with one limit_key; 0: no limit */
    struct rate rate;        /* starts of its tasks; n 0: no limit */
    struct rate key_rate;    /* of the starts of each limit_key; n 0: no limit */
    bool fair;               /* one task of each limit_key after the other, instead of by age */
};

struct config_step {
    const char *type;  /* which does it: declared, and no chain */
    const char *name;  /* in mappings; that of its type unless said */
    const char *input; /* mapping; NULL: of the first step the task's input, of another the result before it */
    const char *when;  /* see task/chain.h; NULL: always */
    const char *message; /* progress while nothing else is said; NULL: none */
};

struct config_type {
    const char *name; /* as written: a prefix ends with its '*' */
    bool prefix;
    const char *queue;     /* a declared queue */
    const char *worker;    /* a declared pool; NULL: another handler, as in the next three */
    struct exec_conf exec; /* command NULL */
    struct pull_conf pull; /* not said */
    struct web_conf http;  /* url NULL */
    struct config_step *steps; /* n_steps 0: it is no chain */
    size_t n_steps;
    struct config_webhook webhook; /* who is told of its endings; url NULL: nobody */
    bool tells;            /* it is the built-in one of deliveries */
    const char *on_success, *on_failure; /* JSON lists of submissions that follow its tasks; NULL: none */
    const char *notify; /* JSON object (task/notify.h): its tasks' endings notify; NULL: they do not */
    const char *result;    /* of a chain: mapping; NULL: that of its last step */
    struct config_rules rules;
    int32_t priority;
    const char *input;           /* absolute path of a JSON Schema, or one as JSON text: it begins with {; NULL: none */
    const struct schema *schema; /* what that says */
    const char *schema_text;     /* the same as JSON text */
};

struct config_callback { /* of a route: who is told of the ending */
    const char *url;     /* mapping; NULL: nobody */
    const char *reply;   /* mapping: what is told; NULL: the task */
    int64_t timeout_ms;  /* of one try */
};

/* An address of an existing application: what happens there. All but the path are JSON text, mappings mostly
 * (task/mapping.h), NULL when not said; one of the verbs is. */
struct config_route {
    const char *path; /* "POST /api/process/{kind}" */
    const char *submit, *run, *get, *latest, *list, *count, *retry, *cancel, *health, *stats, *notifications, *read, *ws;
    const char *fields, *subject, *priority, *tags, *key, *limit_key;
    enum task_conflict on_conflict;
    int64_t wait_ms;
    int32_t status, failed_status; /* HTTP; status 0: as it comes */
    bool serial;                   /* ids are whole numbers */
    const char *limit, *cursor;
    const char *reply, *words, *errors;
    struct config_callback callback;
    enum file_keep keep;         /* of what is uploaded by it */
    const char *input;           /* a file with a schema of the request's body, or that as JSON text; NULL: none */
    const struct schema *schema; /* what that says, in the configuration's arena, as */
    const char *schema_text;     /* this */
};

struct config {
    struct arena arena;        /* owns everything below */
    const char *path;          /* as given; NULL: no file */
    const char *dir;           /* absolute; relative paths are relative to it */
    const char *const *listen; /* at least one, ends with NULL; unix: paths are absolute */
    const char *store;         /* "mem:" or "sqlite:/absolute/file" */
    const char *data_dir;      /* absolute */
    int64_t disk_reserve;      /* bytes */
    struct config_files files;
    struct config_notices notices;
    struct config_rules defaults;
    struct config_queue *queues; /* `default` is always among them */
    size_t n_queues;
    const struct ration_amount *resources; /* ends with one without a name; NULL: none */
    struct worker_pool_conf *workers;
    size_t n_workers;
    struct config_type *types; /* exact names in order, then prefixes, longest first */
    size_t n_types, n_exact;
    const char *words;           /* JSON text: an object of texts, by status; NULL: none */
    struct config_route *routes; /* as in the file */
    size_t n_routes;
    struct config_webhooks webhooks;
    bool commands;
    bool dashboard;
    struct config_type command;   /* the built-in type; name NULL: switched off, or declared in the file */
    struct config_type delivery;  /* the built-in type that tells (handler/webhook.h), and its queue, which is in no list */
    struct config_queue delivery_queue;
    struct map origins;           /* path -> struct config_origin, of what is not a default */
    const char *const *warnings;  /* ends with NULL: variables that look like settings and are none */
};

/* Reads a file (path NULL: there is none; SQLite and data are then in $XDG_STATE_HOME/bide or ~/.local/state/bide) and
 * what is said outside it (NULL: nothing). On failure ERR_CONFIG, every problem in `errors`, and *c is empty. */
int config_load(struct config *c, const char *path, const struct config_outside *outside,
                struct config_errors *errors) MUST_USE;
void config_release(struct config *c); /* accepts a zeroed config */

/* Where the value of a path comes from. */
struct config_origin config_origin(const struct config *c, struct str path);

bool config_type_is_declared(const struct config *c, struct str name); /* by this very name, no prefix */
/* The rules for a type: its own entry, else that of the longest prefix; NULL when there is none. */
const struct config_type *config_type_find(const struct config *c, struct str name);
/* Of a lane (task_lane): its step (the first, of tasks that were there before their type became a chain; NULL: it is of no chain,
 * or not of one any more), and the name of the type that does its work: of its step, or its own; p NULL: none does. */
const struct config_step *config_step_find(const struct config *c, struct str lane);
struct str config_works(const struct config *c, struct str lane);
const struct config_queue *config_queue_find(const struct config *c, struct str name); /* NULL when not declared */
const struct worker_pool_conf *config_worker_find(const struct config *c, struct str name);

#endif
