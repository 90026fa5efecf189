/* SPDX-License-Identifier: Apache-2.0
 *
 * POST /v1/attempts:claim: a worker elsewhere asks for work and waits until there is some.
 *
 *   read ──▶ waiting ──attempts, or its time is up──▶ answered
 *               └── the client has gone ──▶ cancelled: nothing is given to nobody
 */
#include "api/api.h"
#include "api/call_body.h"
#include "api/pull_word.h"
#include "base/text.h"
#include "handler/pull_pattern.h"
#include "handler/traced.h"

#include <stdio.h>

static void claim(struct call *c);

const struct route pull_claim_routes[] = {
    {"POST", "/v1/attempts:claim", " ", claim},
    {0},
};

#define WAIT_DEFAULT_MS 30000

struct asking {
    struct call *call;
    struct pull_claim claim;
    struct str types[LIMIT_PULL_TYPES];
    int64_t wait_ms;
};

/* ---- the members ---- */

/* Is it one of the types, or a prefix of some, that are pulled? */
static int check_type(const struct members *r, const struct config *c, struct str type, const char *pointer)
{
    struct str stem = pull_pattern_stem(type);
    bool prefix = pull_pattern_is_prefix(type);
    if (!text_is_name(stem) && !(prefix && stem.len == 0))
        return err_set_at(r->e, ERR_INVALID, pointer, "a type has 1 to %d characters of A-Z a-z 0-9 . _ - : /, and may end with *", LIMIT_NAME);
    const struct config_type *t = prefix ? NULL : config_type_find(c, type);
    if (t && t->pull.said) return 0;
    for (size_t i = 0; prefix && i < c->n_types; i++)
        if (c->types[i].pull.said && pull_pattern_meets(type, str_of(c->types[i].name))) return 0;
    return err_set_at(r->e, ERR_UNKNOWN_TYPE, pointer, "\"%.*s\" is no type that is pulled: bide.yaml says `pull: {}` of those that are",
                      STR_ARG(type));
}

static int read_types(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    struct asking *m = to;
    if (v->kind != JSON_ARRAY) return members_expected(r, v, pointer, "an array of types");
    if (v->count < 1 || v->count > LIMIT_PULL_TYPES)
        return err_set_at(r->e, ERR_INVALID, pointer, "types must be 1 to %d", LIMIT_PULL_TYPES);
    for (const struct json_node *one = json_first(v); one; one = json_next(v, one)) {
        char at[128];
        struct str *type = &m->types[m->claim.n_types];
        snprintf(at, sizeof at, "%s/%zu", pointer, m->claim.n_types);
        int err = members_text(r, one, at, LIMIT_NAME + 1, type);
        if (!err) err = check_type(r, m->call->api->server->conf.config, *type, at);
        for (size_t i = 0; !err && i < m->claim.n_types; i++)
            if (str_eq(m->types[i], *type)) err = err_set_at(r->e, ERR_INVALID, at, "a type is asked for once");
        if (err) return err;
        m->claim.n_types++;
    }
    return 0;
}

static int read_max(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    int64_t max = 1;
    int err = members_int(r, v, pointer, 1, LIMIT_PULL_MAX, &max);
    ((struct asking *)to)->claim.max = (int)max;
    return err;
}

static int read_wait(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    return members_int(r, v, pointer, 0, LIMIT_WAIT_MS, &((struct asking *)to)->wait_ms);
}

static int read_worker(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    struct str *name = &((struct asking *)to)->claim.worker;
    int err = members_text(r, v, pointer, LIMIT_NAME, name);
    return err || name->len ? err : err_set_at(r->e, ERR_INVALID, pointer, "worker must be a name that is not empty");
}

static int read_host(const struct members *r, void *to, const struct json_node *v, const char *pointer)
{
    return members_text(r, v, pointer, LIMIT_NAME, &((struct asking *)to)->claim.host);
}

static const struct member claim_members[] = {{"types", read_types},   {"max", read_max},   {"wait_ms", read_wait},
                                              {"worker", read_worker}, {"host", read_host}, {NULL, NULL}};

/* ---- the answer ---- */

static void write_attempt(struct buf *b, struct pull_held *h)
{
    struct pull_beat beat;
    const struct attempt *a = h->attempt;
    const struct task_body *t = a->task;
    char fence[FENCE_TEXT];
    if (pull_held_beat(h, &beat)) return; /* it ended while it was being given */
    id_fence_format(a->fence, fence);
    json_write_open(b, '{');
    json_write_key(b, "id");
    json_write_id(b, &t->id);
    json_write_member_text(b, "fence", fence);
    json_write_member_str(b, "type", t->type);
    json_write_member_int(b, "run", a->run);
    json_write_member_int(b, "attempt", a->number);
    json_write_member_int(b, "timeout_ms", t->timeout_ms);
    json_write_member_int(b, "lease_ms", beat.lease_ms);
    json_write_member_int(b, "beat_ms", beat.beat_ms);
    bool large = t->input.len > LIMIT_FRAME_PAYLOAD;
    if (large) {
        char word[PULL_WORD];
        json_write_member_null(b, "input");
        json_write_member_text(b, "input_url", pull_word_path(word, &t->id, a->fence, "/input"));
    } else {
        json_write_member_raw(b, "input", t->input.len ? t->input : STR("{}"));
    }
    json_write_member_int(b, "input_bytes", (int64_t)t->input.len);
    json_write_member_raw(b, "resume", a->resume);
    traced_write(b, a);
    json_write_close(b, '}');
}

static void on_answer(struct pull_claim *claim)
{
    struct asking *m = claim->user;
    struct call *c = m->call;
    http_set_on_gone(c->req, NULL);
    if (claim->n_given == 0 && c->api->server->draining) {
        call_refuse(c, ERR_DRAINING, "the server is stopping; ask again when it is back");
        return;
    }
    struct buf b = call_buf(c);
    json_write_open(&b, '{');
    json_write_key(&b, "tasks");
    json_write_open(&b, '[');
    for (int i = 0; i < claim->n_given; i++) write_attempt(&b, claim->given[i]);
    json_write_close(&b, ']');
    json_write_close(&b, '}');
    call_answer(c, 200, &b); /* refused for want of memory: the leases run out, and others get the tasks */
}

static void on_gone(struct http_request *r) { pull_desk_cancel(&((struct asking *)r->user)->claim); }

static void claim(struct call *c)
{
    struct asking *m = arena_alloc(&c->req->arena, sizeof *m);
    *m = (struct asking){.call = c, .wait_ms = WAIT_DEFAULT_MS};
    m->claim = (struct pull_claim){.types = m->types, .max = 1, .worker = STR("unnamed"), .user = m, .on_answer = on_answer};
    if (call_body_members(c, NULL, claim_members, m)) return;
    if (m->claim.n_types == 0) {
        struct err e;
        (void)err_set_at(&e, ERR_INVALID, "/types", "types is missing: the types this worker can do");
        call_problem(c, &e);
        return;
    }
    http_drop_body(c->req);
    c->req->user = m;
    int err = pull_desk_claim(&c->api->server->roster.desk, &m->claim, m->wait_ms);
    if (err == ERR_DRAINING) call_refuse(c, err, "the server is stopping; ask again when it is back");
    else if (err) call_refuse(c, err, "%d pullers are known, and no more are taken in at this moment", LIMIT_PULLERS);
    else http_set_on_gone(c->req, on_gone);
}
