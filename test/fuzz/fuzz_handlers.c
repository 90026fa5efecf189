/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target: any bytes as what a client sends on a connection, into the real HTTP layer, the real routes and a whole
 * server over `mem` whose clock is the test's. Nothing crashes, every byte that comes back is part of a well-formed
 * answer that is what it says it is (fuzz_answer.h), what is promised of tasks holds (test/sim/sim_check.h), and at the
 * end the store's counts are those of its tasks.
 *
 * A byte 0xFF is not sent: half a second passes. There are tasks already; "{0}" to "{4}" stand for their ids.
 */
#include "test/fuzz/fuzz_answer.h"
#include "test/fuzz/fuzz_served.h"

#define TASKS 5
#define PASS '\xff'

struct session {
    struct rig rig;
    struct client client;
    char ids[TASKS][ID_TEXT];
    bool ended; /* the server has closed the connection */
};

static struct session s;

/* All that can be done at this moment: until nothing comes back any more. */
static void settle(void)
{
    for (int quiet = 0; quiet < 3; quiet++) {
        api_step(&s.rig);
        if (s.ended) continue;
        ssize_t n = recv(s.client.fd, buf_room(&s.client.in, 65536), 65536, 0);
        if (n > 0) buf_wrote(&s.client.in, (size_t)n), quiet = -1;
        s.ended = n == 0 || (n < 0 && errno != EAGAIN);
    }
}

static void send_all(struct str bytes)
{
    while (bytes.len && !s.ended) {
        ssize_t n = send(s.client.fd, bytes.p, bytes.len, MSG_NOSIGNAL);
        must(n > 0 || errno == EAGAIN || errno == EPIPE || errno == ECONNRESET);
        if (n > 0) bytes = str_sub(bytes, (size_t)n, bytes.len);
        settle();
        if (n < 0 && errno != EAGAIN) return;
    }
}

/* One that is done, one that failed, one that runs, one that waits for its time, one that is cancelled. */
static void populate(void)
{
    struct sim_task *t[TASKS];
    t[0] = SUBMIT(.type = "convert", .ms = 10, .more = ",\"log\":100");
    t[1] = SUBMIT(.type = "convert", .plan = "fatal", .ms = 10, .max_attempts = 1);
    sim_pass(sim, 100);
    t[2] = SUBMIT(.type = "transcribe", .plan = "hang", .ms = 60000);
    t[3] = SUBMIT(.type = "transcribe", .delay_ms = 3600000);
    t[4] = SUBMIT(.type = "transcribe", .queue = "slow", .plan = "done");
    rig_cancel(t[4]);
    sim_pass(sim, 1500);
    for (size_t i = 0; i < TASKS; i++) id_format(&t[i]->body.id, s.ids[i]);
}

static struct buf filled_in(struct str text)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < text.len; i++) {
        const char *p = text.p + i;
        bool named = i + 2 < text.len && p[0] == '{' && p[2] == '}' && p[1] >= '0' && p[1] < '0' + TASKS;
        if (named) buf_add_text(&b, s.ids[p[1] - '0']), i += 2;
        else buf_add_char(&b, *p);
    }
    return b;
}

static void check_answers(void)
{
    struct str in = s.client.in.len ? buf_str(&s.client.in) : STR("");
    while (in.len) {
        struct fuzz_answer a = fuzz_answer_take(&in);
        fuzz_answer_release(&a);
    }
}

/* ---- the store: what it counts and what it has ---- */

static void on_read(struct store_req *r) { *(bool *)r->user = true; }

static void check_store(void)
{
    struct store_counts counts = {0};
    int64_t seen[TASK_STATES] = {0}, counted[TASK_STATES] = {0};
    bool done = false;
    store_counts(sim->store.inner, &counts, on_read, &done);
    sim_run(sim);
    must(done && counts.req.err == 0);
    for (size_t i = 0; i < counts.n; i++)
        for (int k = 0; k < TASK_STATES; k++) counted[k] += counts.items[i].n[k];
    store_release(&counts.req);
    struct store_list list = {.limit = LIMIT_PAGE};
    do {
        list = (struct store_list){.limit = LIMIT_PAGE, .has_after = list.has_after, .after = list.after};
        done = false;
        store_list(sim->store.inner, &list, on_read, &done);
        sim_run(sim);
        must(done && list.req.err == 0);
        for (size_t i = 0; i < list.n; i++) seen[list.items[i].life.state]++;
        list.has_after = true;
        list.after = list.last;
        store_release(&list.req);
    } while (list.more);
    for (int k = 0; k < TASK_STATES; k++) must(seen[k] == counted[k]);
    must(sim->check.broken[0] == 0);
}

/* ---- */

static void run(struct str text)
{
    s = (struct session){0};
    api_open(&s.rig);
    fuzz_rules();
    populate();
    client_open(&s.client, &s.rig);
    struct buf b = filled_in(text);
    struct str rest = b.p ? buf_str(&b) : STR("");
    while (rest.len) {
        size_t len = str_find(rest, PASS);
        bool pass = len < rest.len;
        send_all(str_sub(rest, 0, len));
        rest = str_sub(rest, len + pass, rest.len);
        if (pass) sim_pass(sim, 500);
        settle();
    }
    for (int i = 0; i < 60 && !s.ended; i++) { /* until its patience is over */
        sim_pass(sim, 3000);
        settle();
    }
    must(s.ended);
    check_answers();
    check_store();
    buf_release(&b);
    client_close(&s.client);
    api_close(&s.rig);
}

FUZZ_CUTS(16);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { return fuzz_served(run, data, size); }
