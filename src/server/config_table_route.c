/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows of `routes`, apart from the other tables for their number.
 */
#include "base/limits.h"
#include "server/config_table.h"

#define FIELD(member) .offset = offsetof(struct config_route, member), .size = sizeof(((struct config_route *)0)->member)

static const char *const conflicts[] = {[TASK_REFUSE] = "refuse", [TASK_EXISTING] = "existing", [TASK_REPLACE] = "replace", NULL};
static const char *const keeps[] = {[FILE_KEEP_RECORD] = "record", [FILE_KEEP_TASK] = "task", [FILE_KEEP_FOREVER] = "forever", NULL};

#define CALLBACK(member) .offset = offsetof(struct config_callback, member), .size = sizeof(((struct config_callback *)0)->member)

static const struct config_key callback_keys[] = {
    {"url", KIND_MAPPING, CALLBACK(url), .required = true, .help = "where: `query.callback_url`; null is nowhere. What a client says may not lead to this machine or its network, but for `webhooks.allow_private`"},
    {"timeout", KIND_DURATION, CALLBACK(timeout_ms), .initial = "30s", .min = 1, .max = 10 * 60 * 1000, .help = "longest time of one try"},
    {"reply", KIND_MAPPING, CALLBACK(reply), .help = "what is sent, made of task., with the route's words; without it, the task"},
};
const struct config_section config_table_callback = {"callback", callback_keys, sizeof callback_keys / sizeof *callback_keys,
                                                     .size = sizeof(struct config_callback)};

static const struct config_key keys[] = {
    {"path", KIND_TEXT, FIELD(path), .required = true,
     .help = "method and path, a name in braces for what is between two slashes: GET /api/task/{task_id}"},
    {"submit", KIND_MAPPING, FIELD(submit), .help = "submits a task of this type and answers at once; a source when the request says which type"},
    {"run", KIND_MAPPING, FIELD(run), .help = "the same, and answers when it has ended, or when `wait` is over"},
    {"get", KIND_MAPPING, FIELD(get), .help = "the task with this id: `path.task_id`"},
    {"latest", KIND_MAPPING, FIELD(latest), .help = "the newest task of a filter: `{subject: path.chapter_id}`"},
    {"list", KIND_MAPPING, FIELD(list), .help = "tasks of a filter, the newest first; a filter has `type`, `queue`, `subject`, `status`, `tag.NAME`, and what is null does not filter"},
    {"count", KIND_MAPPING, FIELD(count), .help = "how many tasks of a filter there are in each status"},
    {"retry", KIND_MAPPING, FIELD(retry), .help = "has the task with this id run again"},
    {"cancel", KIND_MAPPING, FIELD(cancel), .help = "cancels the task with this id"},
    {"health", KIND_MAPPING, FIELD(health), .help = "how the server is, as /healthz says it: `health: {}`"},
    {"stats", KIND_MAPPING, FIELD(stats), .help = "counts, as /v1/stats says them: `stats: {}`"},
    {"notifications", KIND_MAPPING, FIELD(notifications),
     .help = "notifications of a filter, the newest first; this filter has `unread_only`, `subject`, `task`: `{unread_only: query.unread_only}`"},
    {"read", KIND_MAPPING, FIELD(read), .help = "marks the notification with this id as read: `path.id`"},
    {"ws", KIND_MAPPING, FIELD(ws),
     .help = "a WebSocket on which the task is told at each change: with a source the task of this id, until it has ended; with a filter, as of `list` but without `status`, or with `events` all of them; `notifications`: each notification when it is made"},
    {"fields", KIND_MAPPING, FIELD(fields), .help = "submit, run: what the task's input is made of; without it, the body as it is"},
    {"input", KIND_SCHEMA, FIELD(input),
     .help = "submit, run: JSON Schema (2020-12) of the request's body, a file or a map: what does not fit is answered 422, defaults are filled in, and texts of forms become what it takes; before `fields`"},
    {"keep", KIND_CHOICE, FIELD(keep), .initial = "task", .words = keeps,
     .help = "submit, run: how long files of a multipart/form-data body are kept: until the task has ended, while it is kept, or until somebody removes them"},
    {"subject", KIND_MAPPING, FIELD(subject), .help = "submit, run: what the task is about"},
    {"priority", KIND_MAPPING, FIELD(priority), .help = "submit, run: a number or a source"},
    {"tags", KIND_MAPPING, FIELD(tags), .help = "submit, run: a map of names and sources"},
    {"key", KIND_MAPPING, FIELD(key), .help = "submit, run: at most one task of this key that has not ended"},
    {"on_conflict", KIND_CHOICE, FIELD(on_conflict), .initial = "refuse", .words = conflicts,
     .help = "submit, run: what becomes of a key that is held"},
    {"limit_key", KIND_MAPPING, FIELD(limit_key), .help = "submit, run: the key of its share"},
    {"wait", KIND_DURATION, FIELD(wait_ms), .initial = "60s", .min = 1, .max = LIMIT_WAIT_MS,
     .help = "run: the longest wait; then the answer is 202 with how it stands"},
    {"failed_status", KIND_INT, FIELD(failed_status), .initial = "500", .min = 200, .max = 599, .unit = "HTTP status",
     .help = "run: the status of the answer when the task ended otherwise than completed; its body is made by `errors`, or else by `reply`"},
    {"limit", KIND_MAPPING, FIELD(limit), .help = "list, notifications, count: how many are shown, a number up to 200 or a source; 50 of a list, none of a count"},
    {"cursor", KIND_MAPPING, FIELD(cursor), .help = "list, notifications: the source of where to go on; `list.next_cursor` says it"},
    {"serial", KIND_BOOL, FIELD(serial), .initial = "false",
     .help = "ids of tasks, or of notifications, are whole numbers here, in what is asked and in answers"},
    {"reply", KIND_MAPPING, FIELD(reply), .help = "the answer, made of task. (submit, run, get, latest, retry, cancel, ws), event. (ws: `name`, `id`), list. and tasks (list), counts. and tasks (count), health., stats., list. and notifications (notifications), notification. (read, ws), and what the request has; without it, all of that"},
    {"status", KIND_INT, FIELD(status), .min = 200, .max = 299, .unit = "HTTP status",
     .help = "of the answer when it is well; 202 after a submit, else 200, when it is not said"},
    {"callback", KIND_SECTION, FIELD(callback), .section = &config_table_callback,
     .help = "submit, run: the application's server is told of the ending, tried again as a webhook is"},
    {"words", KIND_MAPPING, FIELD(words), .help = "other words for statuses, in answers and in what is asked for; those of `words` outside go for all routes"},
    {"errors", KIND_MAPPING, FIELD(errors), .help = "the answer to what is refused, made of error. (`status`, `code`, `title`, `detail`, `pointer`, `request_id`), path., query., header.; without it, problem+json"},
};
const struct config_section config_table_route = {"routes", keys, sizeof keys / sizeof *keys, .size = sizeof(struct config_route)};
