/* SPDX-License-Identifier: Apache-2.0
 *
 * See notify.h.
 */
#include "task/notify.h"

#include "base/text.h"
#include "task/mapping.h"
#include "task/wording.h"

#define TASK STR("task")

static const char *const roots[] = {"task", NULL};
/* Of a task as the API shows it, those that say something when it has ended. */
static const char *const members[] = {"id", "run", "type", "queue", "status", "priority", "attempt", "max_attempts", "progress", "input",
                                      "input_bytes", "result", "result_bytes", "error", "files", "subject", "tags", "created_at", "run_at",
                                      "start_by", "started_at", "finished_at", "purge_at", "timing", "urls", "key", "limit_key",
                                      "batch_key", "cost", "cached_from", "step", "steps", NULL};
static const char *const known[] = {"title", "message", "kind", "on", "data", NULL};

/* ---- as it comes ---- */

static int refuse(struct err *e, const char *member, const char *what) { return err_set_at(e, ERR_INVALID, member, "%s %s", member + 1, what); }

static int at(struct err *e, const char *member, int err)
{
    struct err why = *e;
    return err ? err_set_at(e, err, member, "%s: %s", member + 1, why.text) : 0;
}

static int check_wording(const struct json *j, const struct json_node *v, const char *member, struct err *e)
{
    struct buf scratch;
    if (v->kind != JSON_STRING || v->len <= 2) return refuse(e, member, "must be a text that says something");
    if (v->len > LIMIT_NOTICE_TEMPLATE) return err_set_at(e, ERR_INVALID, member, "%s must be at most %d bytes", member + 1, LIMIT_NOTICE_TEMPLATE);
    buf_init(&scratch, LIMIT_BODY);
    int err = at(e, member, wording_check(json_string(j, v, &scratch), TASK, members, e));
    buf_release(&scratch);
    return err;
}

static int ending_of(const struct json *j, const struct json_node *v)
{
    struct str word = v->kind == JSON_STRING ? str_sub(json_span(j, v), 1, v->len - 2) : STR("");
    int state = state_of(word);
    return state >= 0 && state_is_ending((enum task_state)state) ? state : -1;
}

static int check_on(const struct json *j, const struct json_node *v, struct err *e)
{
    bool good = v->kind == JSON_ARRAY && v->count > 0;
    for (const struct json_node *w = good ? json_first(v) : NULL; w; w = json_next(v, w)) good = good && ending_of(j, w) >= 0;
    return good ? 0 : refuse(e, "/on", "must be a list of completed, failed, cancelled, expired");
}

static int check_data(const struct json *j, const struct json_node *v, struct err *e)
{
    if (v->kind != JSON_OBJECT) return refuse(e, "/data", "must be an object of names, each with a source");
    if (v->len > LIMIT_NOTICE_DATA) return err_set_at(e, ERR_INVALID, "/data", "data must be at most %d bytes", LIMIT_NOTICE_DATA);
    return at(e, "/data", mapping_check(json_span(j, v), roots, e));
}

static int check_member(const struct json *j, const struct json_node *v, struct err *e)
{
    if (json_key_is(j, v, STR("title"))) return check_wording(j, v, "/title", e);
    if (json_key_is(j, v, STR("message"))) return v->kind == JSON_NULL ? 0 : check_wording(j, v, "/message", e);
    if (json_key_is(j, v, STR("kind"))) return check_wording(j, v, "/kind", e);
    if (json_key_is(j, v, STR("on"))) return check_on(j, v, e);
    if (json_key_is(j, v, STR("data"))) return v->kind == JSON_NULL ? 0 : check_data(j, v, e);
    struct str key = str_sub(json_key(j, v), 0, 60);
    const char *near = text_nearest(key, known);
    return err_set(e, ERR_UNKNOWN_FIELD, "notify has no \"%.*s\"%s%s%s", STR_ARG(key), near ? "; did you mean \"" : "; it has title, message, kind, on, data",
                   near ? near : "", near ? "\"?" : "");
}

int notify_check(const struct json *j, const struct json_node *v, struct err *e)
{
    int err = 0;
    if (v->kind != JSON_OBJECT) return err_set(e, ERR_INVALID, "notify is an object like {\"title\": \"{task.type} {task.status}\"}, not %s", json_kind_name(v->kind));
    for (const struct json_node *m = json_first(v); m && !err; m = json_next(v, m)) err = check_member(j, m, e);
    if (err || json_member(j, v, STR("title"))) return err;
    return err_set_at(e, ERR_INVALID, "/title", "notify needs a title");
}

/* ---- when the time is there ---- */

bool notify_wants(const struct json *j, const struct json_node *v, enum task_state ending)
{
    const struct json_node *on = json_member(j, v, STR("on"));
    bool wanted = !on;
    for (const struct json_node *w = on ? json_first(on) : NULL; w; w = json_next(on, w)) wanted = wanted || ending_of(j, w) == (int)ending;
    return wanted;
}

static struct str fill(const struct json *j, const struct json_node *v, const struct json *task, size_t max, struct arena *a)
{
    struct buf text, scratch;
    buf_init(&text, 4 * (max + 1));
    buf_init(&scratch, LIMIT_BODY);
    wording_fill(json_string(j, v, &scratch), task, max, &text);
    struct str s = arena_str(a, buf_str(&text));
    buf_release(&scratch);
    buf_release(&text);
    return s;
}

static int fill_data(const struct json *j, const struct json_node *v, struct str task, struct arena *a, struct str *ret, struct err *e)
{
    struct mapping_root root = {.name = TASK, .json = task};
    struct buf made;
    if (!v || v->kind != JSON_OBJECT) return 0;
    buf_init(&made, LIMIT_NOTICE_DATA);
    int err = mapping_make_any(json_span(j, v), &root, 1, &made, e);
    if (!err) *ret = arena_str(a, buf_str(&made));
    buf_release(&made);
    return err;
}

int notify_fill(const struct json *j, const struct json_node *v, struct str task, struct arena *a, struct notice *n, struct err *e)
{
    struct json of;
    json_init(&of);
    of.envelope = LIMIT_JSON_ENVELOPE;
    of.any_size = true; /* the store has bounded it */
    int err = json_parse(&of, task, e);
    n->kind = n->type;
    n->message = n->data = STR_NONE;
    n->title = STR("");
    if (!err) {
        const struct json_node *kind = json_member(j, v, STR("kind")), *message = json_member(j, v, STR("message"));
        n->title = fill(j, json_member(j, v, STR("title")), &of, LIMIT_NOTICE_TITLE, a);
        if (message && message->kind == JSON_STRING) n->message = fill(j, message, &of, LIMIT_NOTICE_MESSAGE, a);
        if (kind) n->kind = fill(j, kind, &of, LIMIT_NOTICE_KIND, a);
        err = fill_data(j, json_member(j, v, STR("data")), task, a, &n->data, e);
    }
    json_release(&of);
    return err;
}
