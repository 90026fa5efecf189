/* SPDX-License-Identifier: Apache-2.0
 *
 * The contract against `mem` behind all three decorators, with requests and answers that are late; then what each
 * decorator promises itself.
 */
#include "base/mem.h"
#include "store/fault.h"
#include "store/gauge.h"
#include "store/mem/mem_engine.h"
#include "store/trace.h"
#include "test/contract/contract.h"

static struct fault_rates rates;
static struct store *gauge;
static char last_line[128];
static int lines;

static void on_line(void *user, const char *line)
{
    (void)user;
    lines++;
    snprintf(last_line, sizeof last_line, "%s", line);
}

static struct store *open_fault(struct contract *c)
{
    rates.rng = &c->rng.rng;
    struct fault_conf conf = {fault_by_rates, &rates};
    lines = 0;
    gauge = gauge_open(fault_open(mem_engine_open(&c->turn, &c->events), &conf));
    return trace_open(gauge, on_line, NULL);
}

static struct store_add_item add_some(struct contract *c, struct task_body *body, int *ret_err)
{
    *body = contract_body(c, "q", "t");
    struct store_add_item item = {.body = body};
    struct store_add r = {.items = &item, .n = 1};
    ASK(c, add, &r);
    *ret_err = r.req.err;
    return item;
}

CASE(a_refused_request_answers_the_error_and_never_reached_the_engine)
{
    struct task_body body;
    int err;
    rates = (struct fault_rates){.rng = rates.rng, .store = 1000};
    (void)add_some(c, &body, &err);
    CHECK_INT(err, ERR_STORE);
    CHECK(strcmp(last_line, "op=add items=0 ms=0 err=store_unavailable") == 0);
    rates = (struct fault_rates){.rng = rates.rng, .full = 1000};
    (void)add_some(c, &body, &err);
    CHECK_INT(err, ERR_FULL);
    rates = (struct fault_rates){.rng = rates.rng};
    CHECK_INT(contract_count(c, "q").n[TASK_PENDING], 0);
    (void)add_some(c, &body, &err);
    CHECK_INT(err, 0);
    CHECK_INT(contract_count(c, "q").n[TASK_PENDING], 1);
    CHECK_INT(gauge_of(gauge, STORE_ADD)->requests, 3);
    CHECK_INT(gauge_of(gauge, STORE_ADD)->errors, 2);
    CHECK_INT(gauge_of(gauge, STORE_ADD)->items, 1);
    CHECK_INT(lines, 5);
}

CASE(late_ones_take_their_time_and_the_gauge_sees_it)
{
    rates = (struct fault_rates){.rng = rates.rng, .before = 1000, .after = 1000, .late_ms = 300};
    for (int i = 0; i < 50; i++) (void)contract_put(c, "q", "t");
    rates = (struct fault_rates){.rng = rates.rng};
    const struct gauge_op *o = gauge_of(gauge, STORE_ADD);
    uint64_t n = 0;
    for (int i = 0; i < GAUGE_BUCKETS; i++) n += o->buckets[i];
    CHECK_INT(n, 50);
    CHECK_INT(o->waiting, 0);
    CHECK(o->max_ms > 300 && o->max_ms <= 600);
    CHECK(o->total_ms > 50 * 200 && o->total_ms < 50 * 400);
    CHECK_INT(gauge_bound_ms(GAUGE_BUCKETS - 1), INT64_MAX);
}

static int answers[200]; /* of each of the requests at c->user */

static void on_counted(struct store_req *r)
{
    struct contract *c = r->user;
    answers[(struct store_add *)r - (struct store_add *)c->user]++;
    contract_on_done(r);
}

CASE(whatever_goes_wrong_each_request_is_answered_once)
{
    rates = (struct fault_rates){.rng = rates.rng, .store = 200, .full = 100, .before = 500, .after = 500, .late_ms = 50};
    struct store_add *adds = mem_new(200 * sizeof *adds);
    struct store_add_item *items = mem_new(200 * sizeof *items);
    struct task_body *bodies = mem_new(200 * sizeof *bodies);
    memset(answers, 0, sizeof answers);
    c->user = adds;
    for (int i = 0; i < 200; i++) {
        bodies[i] = contract_body(c, "q", "t");
        items[i].body = &bodies[i];
        adds[i] = (struct store_add){.items = &items[i], .n = 1};
        c->pending++;
        store_add(c->store, &adds[i], on_counted, c);
    }
    CHECK_INT(c->pending, 200);
    CHECK_INT(gauge_of(gauge, STORE_ADD)->waiting, 200);
    contract_wait(c);
    int good = 0;
    for (int i = 0; i < 200; i++) {
        CHECK_INT(answers[i], 1);
        CHECK(adds[i].req.inside == NULL && adds[i].req.outer == NULL);
        good += adds[i].req.err == 0;
    }
    rates = (struct fault_rates){.rng = rates.rng};
    CHECK(good > 100 && good < 180);
    CHECK_INT(contract_count(c, "q").n[TASK_PENDING], good);
    free(adds), free(items), free(bodies);
}

int main(int argc, char **argv)
{
    static const struct contract_engine fault = {.name = "mem behind trace, gauge and fault", .open = open_fault};
    rates = (struct fault_rates){.before = 300, .after = 300, .late_ms = 40};
    int contract = contract_main(&fault, argc, argv);
    rates = (struct fault_rates){.late_ms = 0};
    int own = test_main(argc, argv);
    return contract || own;
}
