/* SPDX-License-Identifier: Apache-2.0
 *
 * How the server is: /livez (the loop turns), /readyz (tasks are taken; it looks at the disk itself, for where it is no
 * nobody may submit any more), /healthz (both, with reasons).
 */
#include "api/api.h"
#include "api/call.h"
#include "api/counting.h"
#include "bide.h"

static void livez(struct call *c);
static void readyz(struct call *c);
static void healthz(struct call *c);

const struct route health_routes[] = {
    {"GET", "/livez", " ", livez},
    {"GET", "/readyz", " ", readyz},
    {"GET", "/healthz", " ", healthz},
    {0},
};

static void livez(struct call *c)
{
    call_answer_with(c, 200, CALL_JSON, STR("{\"status\":\"ok\"}"), NULL, 0);
}

static void readyz(struct call *c)
{
    struct server *s = c->api->server;
    struct err e;
    if (s->serving && !s->draining && server_check_disk(s, &e)) call_problem(c, &e);
    else if (s->serving && !s->draining) call_answer_with(c, 200, CALL_JSON, STR("{\"status\":\"ok\"}"), NULL, 0);
    else call_refuse(c, s->draining ? ERR_DRAINING : ERR_AGAIN, "the server is %s", counting_standing(s));
}

static void count_broken(void *user, const struct worker_view *w)
{
    if (w->problem.len) ++*(int64_t *)user;
}

static int64_t broken_workers(const struct server *s)
{
    int64_t n = 0;
    roster_each(&s->roster, count_broken, &n);
    return n;
}

static void healthz(struct call *c)
{
    struct server *s = c->api->server;
    bool up = s->serving && !s->draining, good = up && server_check_disk(s, NULL) == 0;
    struct buf b = call_buf(c);
    json_write_open(&b, '{');
    json_write_member_text(&b, "status", good ? "ok" : up ? err_word(ERR_FULL) : counting_standing(s));
    json_write_member_text(&b, "version", BIDE_VERSION);
    json_write_member_int(&b, "uptime_ms", turn_wall_ms(s->turn) - c->api->started_at_ms);
    json_write_member_int(&b, "running", (int64_t)s->run_by_id.n);
    json_write_member_int(&b, "workers_with_problems", broken_workers(s));
    json_write_close(&b, '}');
    call_answer(c, good ? 200 : 503, &b);
}
