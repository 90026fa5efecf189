/* SPDX-License-Identifier: Apache-2.0
 *
 * What is done is in the store; what is to come, in the configuration.
 */
#include "api/steps_json.h"

#include "base/json_write.h"

static void write_done(struct buf *b, const struct task_step *done)
{
    json_write_member_str(b, "status", STR("completed"));
    json_write_member_int(b, "run", done->run);
    json_write_member_int(b, "attempt", done->attempt);
    json_write_member_time(b, "started_at", done->started_at_ms);
    json_write_member_time(b, "finished_at", done->finished_at_ms);
    json_write_member_raw(b, "files", done->files.len ? done->files : STR("[]"));
}

static void write_other(struct buf *b, const char *status)
{
    json_write_member_str(b, "status", str_of(status));
    json_write_member_null(b, "run");
    json_write_member_null(b, "attempt");
    json_write_member_null(b, "started_at");
    json_write_member_null(b, "finished_at");
    json_write_member_raw(b, "files", STR("[]"));
}

static const struct task_step *done_step(const struct task *t, struct str name)
{
    for (size_t i = 0; t->steps && i < t->n_steps; i++)
        if (str_eq(t->steps[i].name, name)) return &t->steps[i];
    return NULL;
}

struct writing {
    struct buf *b;
    const struct task *t;
    const char *here;   /* status of the step it is at */
    bool behind;        /* that one was written */
};

static void write_step(struct writing *w, struct str name, const char *type)
{
    const struct task *t = w->t;
    bool ended = state_is_ending(t->life.state), is_here = str_eq(name, t->body.step);
    const struct task_step *done = is_here && t->life.state != TASK_COMPLETED ? NULL : done_step(t, name);
    json_write_open(w->b, '{');
    json_write_member_str(w->b, "name", name);
    json_write_key(w->b, "type");
    if (type) json_write_str(w->b, str_of(type));
    else json_write_null(w->b);
    if (done) write_done(w->b, done);
    else write_other(w->b, is_here ? w->here : w->behind && !ended ? "blocked" : "skipped");
    json_write_close(w->b, '}');
    w->behind = w->behind || is_here;
}

/* Of a chain that is not configured any more: those that are done, and the one it is at. */
static void write_remembered(struct writing *w)
{
    const struct task *t = w->t;
    for (size_t i = 0; t->steps && i < t->n_steps; i++) write_step(w, t->steps[i].name, NULL);
    if (!w->behind) write_step(w, t->body.step, NULL);
}

void steps_json_write(struct buf *b, const struct server *s, const struct task *t)
{
    bool known = t->steps || (t->life.run == 1 && t->life.attempt == 0);
    json_write_key(b, "steps");
    if (!t->body.step.p || !known) {
        json_write_null(b);
        return;
    }
    const struct config_type *type = config_type_find(s->conf.config, t->body.type);
    struct writing w = {b, t, life_word(&t->life, turn_wall_ms(s->turn)), false};
    json_write_open(b, '[');
    for (size_t i = 0; type && i < type->n_steps; i++) write_step(&w, str_of(type->steps[i].name), type->steps[i].type);
    if (!type || type->n_steps == 0) write_remembered(&w);
    json_write_close(b, ']');
}
