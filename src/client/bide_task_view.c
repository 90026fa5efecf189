/* SPDX-License-Identifier: Apache-2.0
 *
 * A task's JSON as C fields, by one table: where in the object, what kind, where in the struct. Members that are absent
 * or null leave the field at "not known".
 */
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "client/bide_error.h"

enum kind { TEXT, INT, INT64, TIME, DOUBLE, BOOL };

struct field {
    const char *object; /* member of the task, NULL: the task itself */
    const char *key;
    enum kind kind;
    size_t offset, size;
};

#define FIELD(object, key, kind, member)                                                                               \
    {                                                                                                                  \
        object, key, kind, offsetof(struct bide_task_view, member), sizeof(((struct bide_task_view *)0)->member)       \
    }
static const struct field fields[] = {
    FIELD(NULL, "id", TEXT, id),
    FIELD(NULL, "type", TEXT, type),
    FIELD(NULL, "queue", TEXT, queue),
    FIELD(NULL, "status", TEXT, status),
    FIELD(NULL, "subject", TEXT, subject),
    FIELD(NULL, "cancel_requested", BOOL, cancel_requested),
    FIELD(NULL, "run", INT, run),
    FIELD(NULL, "priority", INT, priority),
    FIELD(NULL, "attempt", INT, attempt),
    FIELD(NULL, "max_attempts", INT, max_attempts),
    FIELD(NULL, "position", INT64, position),
    FIELD(NULL, "eta_at", TIME, eta_at_ms),
    FIELD(NULL, "created_at", TIME, created_at_ms),
    FIELD(NULL, "run_at", TIME, run_at_ms),
    FIELD(NULL, "started_at", TIME, started_at_ms),
    FIELD(NULL, "finished_at", TIME, finished_at_ms),
    FIELD(NULL, "input_bytes", INT64, input_bytes),
    FIELD(NULL, "result_bytes", INT64, result_bytes),
    FIELD("progress", "percent", DOUBLE, percent),
    FIELD("progress", "message", TEXT, message),
    FIELD(NULL, "waiting_on", TEXT, waiting_on), /* the word alone */
    FIELD("waiting_on", "reason", TEXT, waiting_on),
    FIELD("waiting_on", "detail", TEXT, waiting_detail),
    FIELD("error", "code", TEXT, error_code),
    FIELD("error", "message", TEXT, error_message),
    FIELD("error", "type", TEXT, error_type),
    FIELD("timing", "queued_ms", INT64, queued_ms),
    FIELD("timing", "run_ms", INT64, run_ms),
};

/* What follows returns 0 or ERR_NOMEM. */
static int read_text(const struct json *j, const struct json_node *v, char *to, size_t size)
{
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    json_add_string(j, v, &text);
    int rc = buf_err(&text);
    if (rc == 0) str_copy(to, size, buf_str(&text));
    buf_release(&text);
    return rc;
}

static int read_time(const struct json *j, const struct json_node *v, int64_t *to)
{
    char text[64] = "";
    int64_t ms;
    int rc = read_text(j, v, text, sizeof text);
    if (rc == 0 && text_time(&ms, str_of(text)) == 0) *to = ms;
    return rc;
}

static void read_number(const struct json *j, const struct json_node *v, enum kind kind, void *to)
{
    int64_t n;
    if (kind == DOUBLE) {
        if (json_double(j, v, to)) *(double *)to = -1;
    } else if (json_int(j, v, &n)) return;
    else if (kind == INT64) *(int64_t *)to = n;
    else *(int *)to = n > INT32_MAX ? INT32_MAX : n < INT32_MIN ? INT32_MIN : (int)n;
}

static int read_field(const struct json *j, const struct field *f, struct bide_task_view *view)
{
    const struct json_node *object = json_root(j);
    if (f->object) object = json_member(j, object, str_of(f->object));
    const struct json_node *v = json_member(j, object, str_of(f->key));
    void *to = (char *)view + f->offset;
    if (!v) return 0;
    if (v->kind == JSON_STRING && f->kind == TEXT) return read_text(j, v, to, f->size);
    if (v->kind == JSON_STRING && f->kind == TIME) return read_time(j, v, to);
    if (v->kind == JSON_TRUE && f->kind == BOOL) *(bool *)to = true;
    if (v->kind == JSON_NUMBER && (f->kind == INT || f->kind == INT64 || f->kind == DOUBLE))
        read_number(j, v, f->kind, to);
    return 0;
}

static bool is_ending(const char *status)
{
    static const char *const endings[] = {"completed", "failed", "cancelled", "expired"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (strcmp(status, endings[i]) == 0) return true;
    return false;
}

int bide_task_view_read(struct bide_task_view *ret_view, const char *task_json, struct bide_error *error)
{
    struct bide_task_view view = {.percent = -1, .queued_ms = -1, .run_ms = -1};
    struct err e = {0};
    struct json j;
    json_init(&j);
    j.envelope = LIMIT_JSON_ENVELOPE;
    int rc = json_parse(&j, str_of(task_json), &e);
    if (rc) {
        json_release(&j);
        return rc == ERR_NOMEM ? bide_error_nomem(error)
                               : bide_error_set(error, "bad_answer", "the answer is not JSON: %s", e.text);
    }
    for (size_t i = 0; i < sizeof fields / sizeof *fields && !rc; i++) rc = read_field(&j, &fields[i], &view);
    const struct json_node *result = json_member(&j, json_root(&j), STR("result"));
    view.has_result = result && (result->kind != JSON_NULL || view.result_bytes == 4); /* a result may be null itself */
    json_release(&j);
    if (rc) return bide_error_nomem(error);
    if (!view.id[0] || !view.status[0])
        return bide_error_set(error, "bad_answer", "the answer is not a task: it has no id and status");
    view.ended = is_ending(view.status);
    *ret_view = view;
    return 0;
}
