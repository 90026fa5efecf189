/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading an object that somebody sent: a table with a row per member, each checked, each refusal with its pointer
 * (RFC 6901), a name that is not in the table refused with the nearest that is.
 */
#ifndef API_MEMBERS_H
#define API_MEMBERS_H

#include "base/err.h"
#include "base/json.h"
#include "task/task.h"

struct members {
    const struct json *j;
    struct arena *arena; /* where texts go */
    struct err *e;       /* the reason of a refusal */
};

struct member { /* a table ends with a NULL name */
    const char *name;
    int (*read)(const struct members *m, void *to, const struct json_node *v, const char *pointer);
};

/* `node`: the object; `prefix`: its own pointer, "" for the whole body. */
int members_read(const struct members *m, const struct member *table, const struct json_node *node, const char *prefix,
                 void *to) MUST_USE;

/* For the rows: 0, or a refusal in m->e. */
int members_int(const struct members *m, const struct json_node *v, const char *pointer, int64_t low, int64_t high,
               int64_t *ret) MUST_USE; /* a whole number within bounds */
int members_bool(const struct members *m, const struct json_node *v, const char *pointer, bool *ret) MUST_USE;
int members_text(const struct members *m, const struct json_node *v, const char *pointer, size_t max, struct str *ret) MUST_USE;
int members_key(const struct members *m, const struct json_node *v, const char *pointer, struct str *ret) MUST_USE; /* 1..LIMIT_NAME bytes; null: none */
int members_positive(const struct members *m, const struct json_node *v, const char *pointer, double high, double *ret) MUST_USE; /* > 0 */
int members_time(const struct members *m, const struct json_node *v, const char *pointer, int64_t *ret_ms) MUST_USE; /* RFC 3339 */
int members_tags(const struct members *m, const struct json_node *v, const char *pointer, const struct task_tag **ret,
                size_t *ret_n) MUST_USE;
/* The same with null for a tag that is to go: gone[i]. `tags` and `gone` have room for v->count. */
int members_tag_changes(const struct members *m, const struct json_node *v, const char *pointer, struct task_tag *tags,
                       bool *gone, size_t *ret_n) MUST_USE;
int members_expected(const struct members *m, const struct json_node *v, const char *pointer, const char *what) MUST_USE;

#endif
