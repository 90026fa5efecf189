/* SPDX-License-Identifier: Apache-2.0
 *
 * See route_answer.h. The call goes back to be an ordinary one before its answer leaves.
 */
#include "api/route_answer.h"

#include "api/route_call.h"
#include "http/problem.h"

#define KEPT 6 /* headers */

/* Of the headers of the API's own answer those that mean the same here. */
static size_t keep_headers(const struct http_header *headers, size_t n, struct http_header kept[KEPT])
{
    static const char *const names[] = {"Retry-After", "Idempotency-Replayed", "Bide-Existing", "Upgrade", "Connection", "Sec-WebSocket-Version"};
    size_t k = 0;
    for (size_t i = 0; i < n && k < KEPT; i++)
        for (size_t m = 0; m < sizeof names / sizeof *names; m++)
            if (str_eq(headers[i].name, str_of(names[m]))) kept[k++] = headers[i];
    return k;
}

static void send(struct call *c, int status, struct buf *b, const struct http_header *headers, size_t n)
{
    struct http_header kept[KEPT];
    size_t n_kept = keep_headers(headers, n, kept);
    c->through = NULL;
    call_answer_buf(c, status, CALL_JSON, b, kept, n_kept);
}

static void fail(struct call *c, const struct err *e)
{
    c->through = NULL;
    if (e->code == ERR_TOO_BIG || e->code == ERR_SYNTAX) call_refuse(c, ERR_INTERNAL, "the answer of this route cannot be made: %s", e->text);
    else call_problem(c, e);
}

void route_answer_roots(struct call *c, int status, const struct mapping_root *roots, size_t n, const char *otherwise,
                        const struct http_header *headers, size_t n_headers)
{
    const struct config_route *r = &c->through->conf;
    struct buf made = call_buf(c);
    struct err e = {0};
    int err = route_call_make(c, r->reply ? r->reply : otherwise, roots, n, &made, &e);
    if (err) {
        buf_release(&made);
        fail(c, &e);
        return;
    }
    if (r->status && status < 300) status = r->status;
    send(c, status, &made, headers, n_headers);
}

/* ---- a task ---- */

static const char *word_of(const struct str *words, struct str status, struct str *ret)
{
    for (size_t i = 0; i < DEPTH_WORDS; i++) {
        if (!str_eq(status, str_of(depth_word(i)))) continue;
        *ret = words[i];
        return depth_word(i);
    }
    *ret = status;
    return "";
}

static void seconds(struct buf *b, const char *key, const struct json *j, const struct json_node *ms)
{
    double value;
    json_write_key(b, key);
    if (ms && json_double(j, ms, &value) == 0) json_write_double(b, value / 1000);
    else json_write_null(b);
}

static void write_more(struct buf *out, const struct json *j, const char *state)
{
    const struct json_node *root = json_root(j), *timing = json_member(j, root, STR("timing"));
    const struct json_node *percent = json_member(j, json_member(j, root, STR("progress")), STR("percent"));
    int64_t attempt = 0;
    if (json_int(j, json_member(j, root, STR("attempt")), &attempt) != 0) attempt = 0;
    bool between = strcmp(state, "retrying") == 0;
    seconds(out, "duration_seconds", j, json_member(j, timing, STR("run_ms")));
    seconds(out, "queued_seconds", j, json_member(j, timing, STR("queued_ms")));
    json_write_member_int(out, "retry_count", attempt > 0 ? attempt - !between : 0);
    json_write_key(out, "percent");
    if (strcmp(state, "completed") == 0) json_write_int(out, 100);
    else json_write_raw(out, percent && percent->kind == JSON_NUMBER ? json_span(j, percent) : STR("0"));
}

/* The id as a number: in what was just written, which ends before the status and begins with the id. */
static void rewrite_id(const struct json *j, struct buf *out, struct str task)
{
    const struct json_node *root = json_root(j), *text = json_member(j, root, STR("id")), *status = json_member(j, root, STR("status"));
    struct id id;
    if (!text || id_parse(&id, str_sub(json_span(j, text), 1, ID_TEXT - 1)) != 0 || text->start > status->start || buf_err(out)) return;
    out->len -= status->start - text->start;
    json_write_int(out, id_serial(&id));
    size_t end = text->start + text->len;
    buf_add_str(out, str_sub(task, end, status->start - end));
}

/* A chain that has done a step in this run waits for its next one: to the application's clients it is under way. */
static bool is_between_steps(const struct json *j)
{
    const struct json_node *root = json_root(j), *steps = json_member(j, root, STR("steps"));
    int64_t run, of;
    if (!steps || steps->kind != JSON_ARRAY || json_int(j, json_member(j, root, STR("run")), &run) != 0) return false;
    for (const struct json_node *s = json_first(steps); s; s = json_next(steps, s))
        if (json_int(j, json_member(j, s, STR("run")), &of) == 0 && of == run) return true;
    return false;
}

int route_answer_show(const struct str *words, bool serial, struct buf *out, struct str task, const char **ret_state)
{
    struct json j;
    struct err e;
    struct str word;
    json_init(&j);
    j.envelope = LIMIT_JSON_ENVELOPE;
    j.any_size = true; /* the store has bounded it */
    int err = json_parse(&j, task, &e);
    const struct json_node *status = err ? NULL : json_member(&j, json_root(&j), STR("status"));
    if (status) {
        struct str plain = str_sub(json_span(&j, status), 1, status->len - 2);
        *ret_state = word_of(words, plain, &word);
        if (strcmp(*ret_state, "pending") == 0 && is_between_steps(&j)) (void)word_of(words, STR("running"), &word);
        (void)buf_room(out, task.len + 512);
        json_write_raw(out, str_sub(task, 0, status->start)); /* up to its colon: no comma comes after it */
        if (serial) rewrite_id(&j, out, task);
        json_write_str(out, word);
        buf_add_str(out, str_sub(task, status->start + status->len, task.len - status->start - status->len - 1));
        write_more(out, &j, *ret_state);
        buf_add_char(out, '}');
    }
    json_release(&j);
    return err ? err : status ? buf_err(out) : ERR_INTERNAL;
}

int route_answer_task(struct call *c, struct buf *out, struct str task, const char **ret_state)
{
    return route_answer_show(c->through->words, c->through->conf.serial, out, task, ret_state);
}

size_t route_answer_more(const struct call *c, size_t input_bytes, size_t result_bytes)
{
    size_t bytes = 0;
    if (!c->through) return 0;
    if (input_bytes > LIMIT_INLINE) bytes += input_bytes;
    if (result_bytes > LIMIT_INLINE) bytes += result_bytes;
    return 3 * bytes; /* as it is read, with its word, and as the route shows it */
}

static bool ended_badly(const char *state)
{
    int s = state_of(str_of(state));
    return s >= 0 && state_is_ending((enum task_state)s) && s != TASK_COMPLETED;
}

/* What is said of a run that did not end well, for `errors`. */
static struct str failure_json(struct call *c, int status, const char *state, struct str task)
{
    struct buf b = call_buf(c);
    struct json j;
    json_init(&j);
    j.envelope = LIMIT_JSON_ENVELOPE;
    j.any_size = true;
    const struct json_node *error = json_parse(&j, task, NULL) == 0 ? json_member(&j, json_root(&j), STR("error")) : NULL;
    const struct json_node *code = json_member(&j, error, STR("code")), *text = json_member(&j, error, STR("message"));
    json_write_open(&b, '{');
    json_write_member_int(&b, "status", status);
    json_write_member_text(&b, "title", "the task did not complete");
    json_write_key(&b, "code");
    if (code) json_write_raw(&b, json_span(&j, code));
    else json_write_text(&b, state);
    json_write_key(&b, "detail");
    if (text) json_write_raw(&b, json_span(&j, text));
    else json_write_str(&b, arena_format(&c->req->arena, "the task ended %s", state));
    json_write_member_text(&b, "request_id", c->req->request_id);
    json_write_close(&b, '}');
    struct str json = buf_err(&b) ? STR_NONE : arena_str(&c->req->arena, buf_str(&b));
    buf_release(&b);
    json_release(&j);
    return json;
}

static void answer_task(struct call *c, int status, struct str task, const struct http_header *headers, size_t n_headers)
{
    struct config_route *r = &c->through->conf;
    struct buf shown = call_buf(c);
    const char *state = "";
    struct mapping_root roots[2] = {{.name = STR("task")}};
    size_t n = 1;
    int err = route_answer_task(c, &shown, task, &state);
    roots[0].json = buf_str(&shown);
    if (!err && c->through->verb == CONFIG_RUN && status == 200 && ended_badly(state)) {
        status = r->failed_status;
        r->status = 0;
        if (r->errors) {
            r->reply = r->errors;
            roots[n++] = (struct mapping_root){.name = STR("error"), .json = failure_json(c, status, state, task)};
        }
    }
    if (!err) route_answer_roots(c, status, roots, n, "\"task\"", headers, n_headers);
    else fail(c, &(struct err){.code = err});
    buf_release(&shown);
}

void route_answer(struct call *c, int status, struct buf *b, const struct http_header *headers, size_t n_headers)
{
    enum config_verb verb = c->through->verb;
    struct buf taken = *b;
    buf_init(b, 0);
    if (verb == CONFIG_RETRY || verb == CONFIG_CANCEL) status = 200, n_headers = 0; /* that it is on its way is the task's to say */
    if (verb == CONFIG_HEALTH || verb == CONFIG_STATS || verb == CONFIG_READ) {
        const char *name = verb == CONFIG_HEALTH ? "\"health\"" : verb == CONFIG_STATS ? "\"stats\"" : "\"notification\"";
        struct mapping_root root = {.name = str_sub(str_of(name), 1, strlen(name) - 2), .json = buf_str(&taken)};
        route_answer_roots(c, status, &root, 1, name, headers, n_headers);
    } else {
        answer_task(c, status, buf_str(&taken), headers, n_headers);
    }
    buf_release(&taken);
}

/* ---- refusals ---- */

bool route_answer_problem(struct call *c, const struct err *e, const struct http_header *headers, size_t n_headers,
                          struct str extra)
{
    const char *errors = c->through->conf.errors;
    int status = err_http_status(e->code);
    struct http_header all[KEPT];
    struct str own = STR_NONE;
    if (!errors) return false;
    size_t n = keep_headers(headers, n_headers, all);
    if (status == 429 || status == 503 || status == 507) all[n < KEPT ? n++ : 0] = (struct http_header){STR("Retry-After"), STR("1")};
    struct buf problem = call_buf(c), made = call_buf(c);
    struct err why = {0};
    problem_write(&problem, e, c->req->request_id, extra);
    if (problem.len) problem.len--; /* its brace: one more member, for a mapping to name */
    json_write_member_text(&problem, "pointer", e->pointer[0] ? e->pointer : NULL);
    json_write_close(&problem, '}');
    if (!buf_err(&problem)) own = buf_str(&problem);
    c->through->body = c->through->form = STR_NONE; /* they may be what is wrong */
    struct mapping_root root = {.name = STR("error"), .json = own};
    int err = route_call_make(c, errors, &root, 1, &made, &why);
    buf_release(&problem);
    if (err) buf_release(&made);
    else send(c, status, &made, all, n);
    return !err;
}
