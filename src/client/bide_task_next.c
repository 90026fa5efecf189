/* SPDX-License-Identifier: Apache-2.0
 *
 * Tasks to follow this one. They are kept as the inside of a JSON array, on one line, until `done` tells them.
 */
#include "base/json_write.h"
#include "base/limits.h"
#include "client/bide_error.h"
#include "client/bide_payload.h"
#include "client/bide_task.h"

int bide_task_add_next(struct bide_task *t, const char *submit)
{
    struct str text = str_of(submit ? submit : "");
    while (text.len > 0 && strchr(" \t\r\n", text.p[0])) text = str_sub(text, 1, text.len);
    if (t->ended)
        return bide_error_set(&t->error, "conflict", "what follows: the verdict on this task is already given");
    if (t->n_followers >= LIMIT_SEQUEL)
        return bide_error_set(&t->error, "too_large", "more than %d tasks to follow", LIMIT_SEQUEL);
    if (bide_payload_check(&t->error, "invalid_json", "task to follow", text)) return -1;
    if (text.p[0] != '{')
        return bide_error_set(&t->error, "invalid", "a task to follow is a JSON object like {\"type\":\"publish\"}");
    if (t->followers.len + text.len + 1 > t->followers.max)
        return bide_error_set(&t->error, "too_large", "what follows a task has at most %zu bytes", t->followers.max);
    size_t from = t->followers.len;
    json_write_raw(&t->followers, text);
    if (buf_err(&t->followers)) return bide_error_nomem(&t->error);
    bide_payload_one_line(&t->followers, from);
    t->n_followers++;
    return 0;
}
