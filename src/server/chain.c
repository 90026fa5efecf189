/* SPDX-License-Identifier: Apache-2.0
 *
 * What mappings see: `input`, `task`, and a root for each step that is done: {"result": ..., "files": [paths], "dir": path,
 * "seconds": how long the attempt took that did it}.
 * A step that was left out is null.
 */
#include "server/chain.h"

#include "base/json.h"
#include "base/json_write.h"
#include "server/server.h"
#include "task/chain.h"
#include <stdio.h>

struct roots {
    struct mapping_root all[LIMIT_STEPS + 2];
    size_t n;
};

static void add(struct roots *r, const char *name, struct str json) { r->all[r->n++] = (struct mapping_root){str_of(name), json}; }

/* Its files where they lie. */
static void write_files(struct buf *b, struct str files, const char *dir)
{
    struct json j;
    struct buf name, path;
    json_init(&j);
    buf_init(&name, 2048);
    buf_init(&path, ATTEMPT_DIR_PATH + 2048);
    json_write_key(b, "files");
    json_write_open(b, '[');
    const struct json_node *root = files.len && json_parse(&j, files, NULL) == 0 ? json_root(&j) : NULL;
    for (const struct json_node *v = root ? json_first(root) : NULL; v; v = json_next(root, v)) {
        buf_clear(&name);
        buf_clear(&path);
        buf_add_format(&path, "%s/%.*s", dir, STR_ARG(json_string(&j, v, &name)));
        json_write_str(b, buf_str(&path));
    }
    json_write_close(b, ']');
    buf_release(&path);
    buf_release(&name);
    json_release(&j);
}

static struct str step_root(struct run *r, const struct task_step *done)
{
    char dir[ATTEMPT_DIR_PATH];
    struct buf b;
    attempt_dir_path(dir, r->server->conf.config->data_dir, &r->body.id, done->run, done->attempt);
    buf_init(&b, 2 * (size_t)LIMIT_RESULT);
    json_write_open(&b, '{');
    json_write_member_raw(&b, "result", done->result);
    json_write_member_str(&b, "dir", str_of(dir));
    write_files(&b, done->files, dir);
    char seconds[32];
    snprintf(seconds, sizeof seconds, "%.3f", (double)(done->finished_at_ms - done->started_at_ms) / 1000);
    json_write_member_raw(&b, "seconds", str_of(seconds));
    json_write_close(&b, '}');
    struct str json = arena_str(&r->arena, buf_str(&b));
    buf_release(&b);
    return json;
}

static struct str task_root(struct run *r)
{
    struct buf b;
    buf_init(&b, 16 * LIMIT_SUBJECT);
    json_write_open(&b, '{');
    json_write_key(&b, "id");
    json_write_id(&b, &r->body.id);
    json_write_member_str(&b, "type", r->chain->type);
    json_write_member_int(&b, "run", r->life.run);
    json_write_key(&b, "subject");
    if (r->body.subject.p) json_write_str(&b, r->body.subject);
    else json_write_null(&b);
    json_write_close(&b, '}');
    struct str json = arena_str(&r->arena, buf_str(&b));
    buf_release(&b);
    return json;
}

static const struct task_step *done_step(const struct chain *c, const char *name)
{
    for (size_t i = 0; i < c->n_done; i++)
        if (str_eq(c->done[i].name, str_of(name))) return &c->done[i];
    return NULL;
}

/* Of the steps before number `to`; `now`: one that has just been done, or NULL. */
static void gather(struct roots *roots, struct run *r, const struct config_type *t, size_t to, const struct task_step *now)
{
    roots->n = 0;
    add(roots, "input", r->chain->input);
    add(roots, "task", task_root(r));
    for (size_t i = 0; i < to; i++) {
        const struct task_step *done = now && str_eq(now->name, str_of(t->steps[i].name)) ? now : done_step(r->chain, t->steps[i].name);
        add(roots, t->steps[i].name, done ? step_root(r, done) : STR("null"));
    }
}

static int make(struct run *r, const char *mapping, const struct roots *roots, size_t most, struct str *ret, struct err *e)
{
    struct buf b;
    buf_init(&b, most);
    int err = mapping_make(str_of(mapping), roots->all, roots->n, &b, e);
    if (!err) *ret = arena_str(&r->arena, buf_str(&b));
    buf_release(&b);
    return err;
}

static const struct config_type *chain_of(const struct run *r)
{
    return config_type_find(r->server->conf.config, r->chain->type);
}

/* Its place among the steps; n_steps: it is not there. */
static size_t place_of(const struct config_type *t, struct str step)
{
    size_t at = 0;
    while (at < t->n_steps && !str_eq(str_of(t->steps[at].name), step)) at++;
    return at;
}

static int find(const struct run *r, const struct config_type **ret, size_t *ret_at, struct err *e)
{
    *ret = chain_of(r);
    *ret_at = *ret ? place_of(*ret, r->chain->step) : 0;
    if (*ret && *ret_at < (*ret)->n_steps) return 0;
    return err_set(e, ERR_INVALID, "the configuration has changed: \"%.*s\" has no step \"%.*s\" any more", STR_ARG(r->chain->type),
                   STR_ARG(r->chain->step));
}

/* The result of the last step that was done before number `at`. */
static struct str result_before(const struct chain *c, const struct config_type *t, size_t at)
{
    while (at-- > 0) {
        const struct task_step *done = done_step(c, t->steps[at].name);
        if (done) return done->result.len ? done->result : STR("null");
    }
    return c->input;
}

static void say_progress(struct run *r, const char *message)
{
    if (message) r->attempt.events->on_progress(&r->attempt, &(struct progress){.percent = -1, .message = str_of(message)});
}

bool chain_is(const struct server *s, const struct task_body *b)
{
    const struct config_type *t = b->step.p ? NULL : config_type_find(s->conf.config, b->type);
    return b->step.p || (t && t->n_steps);
}

int chain_begin(struct run *r, const struct task_step *done, size_t n_done, struct err *e)
{
    struct server *s = r->server;
    struct chain *c = arena_alloc(&r->arena, sizeof *c);
    *c = (struct chain){.type = r->body.type, .step = r->body.step, .input = r->body.input, .done = done, .n_done = n_done};
    r->chain = c;
    const struct config_type *t = chain_of(r);
    size_t at;
    if (!c->step.p && t && t->n_steps) c->step = arena_str(&r->arena, str_of(t->steps[0].name));
    int err = find(r, &t, &at, e);
    if (err) return err;
    const struct config_step *step = &t->steps[at];
    const struct config_type *works = config_type_find(s->conf.config, str_of(step->type));
    r->body.type = arena_str(&r->arena, str_of(step->type));
    r->body.timeout_ms = works->rules.timeout_ms;
    r->body.grace_ms = works->rules.grace_ms;
    r->body.rules.max_attempts = works->rules.max_attempts;
    r->body.rules.retry = works->rules.retry;
    say_progress(r, step->message);
    if (!step->input) {
        r->body.input = result_before(c, t, at);
        return 0;
    }
    struct roots roots;
    gather(&roots, r, t, at, NULL);
    return make(r, step->input, &roots, LIMIT_INPUT, &r->body.input, e);
}

/* Is what was done looked at to tell what comes after number `at`? Results may be large: they are put together only then. */
static bool asks_back(const struct config_type *t, size_t at)
{
    return at + 1 == t->n_steps ? t->result != NULL : t->steps[at + 1].when != NULL;
}

/* The step after number `at`; n_steps: there is none. */
static int next_step(const struct config_type *t, size_t at, const struct roots *roots, size_t *ret, struct err *e)
{
    int err = 0;
    for (*ret = at + 1; *ret < t->n_steps; ++*ret) {
        bool holds = true;
        const char *when = t->steps[*ret].when;
        if (when) err = chain_holds(str_of(when), roots->all, roots->n, &holds, e);
        if (err || holds) return err;
    }
    return 0;
}

int chain_done(struct run *r, struct store_settle_item *it, struct err *e)
{
    const struct config_type *t;
    size_t at, next;
    struct roots roots;
    roots.n = 0;
    int err = find(r, &t, &at, e);
    if (err) return err;
    struct task_step done = {.n = (int32_t)at, .run = it->attempt.run, .attempt = it->attempt.number, .name = r->chain->step,
                             .started_at_ms = it->attempt.started_at_ms, .finished_at_ms = it->attempt.finished_at_ms,
                             .result = it->result, .files = it->files};
    if (asks_back(t, at)) gather(&roots, r, t, t->n_steps, &done);
    err = next_step(t, at, &roots, &next, e);
    if (err) return err;
    if (next < t->n_steps) {
        it->next_step = arena_str(&r->arena, str_of(t->steps[next].name));
    } else {
        done.result = STR_NONE; /* the task has it, or what was made of it */
        if (t->result) err = make(r, t->result, &roots, LIMIT_RESULT, &it->result, e);
    }
    it->step = done;
    return err;
}
