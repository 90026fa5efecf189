/* SPDX-License-Identifier: Apache-2.0
 *
 * POST /v1/gc: a pass of retention now, or, dry, what it would take away.
 */
#include "api/api.h"
#include "api/call_body.h"

static void gc(struct call *c);

const struct route gc_routes[] = {
    {"POST", "/v1/gc", " ", gc},
    {0},
};

static int read_dry_run(const struct members *m, void *to, const struct json_node *v, const char *pointer)
{
    return members_bool(m, v, pointer, to);
}

static const struct member gc_members[] = {{"dry_run", read_dry_run}, {NULL, NULL}};

struct pass {
    struct call *call;
    bool dry;
};

static void on_passed(void *user, int err, const struct retention_counts *n)
{
    struct pass *p = user;
    if (err) {
        call_refuse(p->call, err, "the pass did not come to its end; %lld records were removed", (long long)n->records);
        return;
    }
    struct buf b = call_buf(p->call);
    json_write_open(&b, '{');
    json_write_member_bool(&b, "dry_run", p->dry);
    json_write_member_int(&b, "looked", n->looked);
    json_write_member_int(&b, "records", n->records);
    json_write_member_int(&b, "inputs", n->inputs);
    json_write_member_int(&b, "results", n->results);
    json_write_member_int(&b, "logs", n->logs);
    json_write_member_int(&b, "files", n->files);
    json_write_member_int(&b, "bytes", n->bytes);
    json_write_member_int(&b, "keys", n->keys);
    json_write_member_int(&b, "notifications", n->notices);
    json_write_close(&b, '}');
    call_answer(p->call, 200, &b);
}

static void gc(struct call *c)
{
    struct pass *p = arena_alloc(&c->req->arena, sizeof *p);
    *p = (struct pass){.call = c};
    if (call_body_members(c, NULL, gc_members, &p->dry)) return;
    int err = retention_ask(&c->api->server->retention, p->dry, on_passed, p);
    if (err == ERR_CONFLICT) call_refuse(c, err, "a pass is under way; ask again when it is over");
    else if (err) call_refuse(c, err, "%s", err_text(err));
}
