/* SPDX-License-Identifier: Apache-2.0
 *
 * For the targets that need a server: that of the unit tests of api/ (test/unit/api/api_rig.h), whose clock stands and
 * whose chance comes from a seed, so that every id and every fence is the same in every run. A check of the rig that
 * fails stops the program.
 */
#ifndef FUZZ_FUZZ_SERVED_H
#define FUZZ_FUZZ_SERVED_H

#include "test/fuzz/fuzz_answer.h"
#include "test/unit/api/api_rig.h"

static inline void fuzz_rules(void)
{
    for (size_t i = 0; i < sim->config.n_types; i++)
        sim->config.types[i].rules = (struct config_rules){
            .max_attempts = 3, .timeout_ms = 60000, .grace_ms = 700, .retry = {.base_ms = 9}, .retain = RETAIN_EVERYTHING};
    sim->processes.any_input = true;
}

/* Calls run(bytes): what the rig does with a failed check is a jump, and it ends here. */
static inline int fuzz_served(void (*run)(struct str bytes), const uint8_t *data, size_t size)
{
    if (setjmp(test_out)) abort();
    run((struct str){(const char *)data, size});
    return 0;
}

/* A server that stays for all inputs: opened by the first, closed at the end. */
static inline void fuzz_close_sim(void)
{
    if (!sim_close(sim)) abort();
}
static inline void fuzz_open_sim(void)
{
    if (sim) return;
    rig_open();
    fuzz_rules();
    atexit(fuzz_close_sim);
}

/* The same with the API in front of it. One connection for each input, or for each request. */
static struct rig fuzz_rig;

static inline void fuzz_close_rig(void)
{
    fuzz_rig.deadline_ms = api_real_ms() + 60000;
    if (setjmp(test_out)) abort();
    api_close(&fuzz_rig);
}
/* True: just opened, and empty. */
static inline bool fuzz_open_rig(void)
{
    bool first = !sim;
    if (first) {
        api_open(&fuzz_rig);
        fuzz_rules();
        atexit(fuzz_close_rig);
    }
    fuzz_rig.deadline_ms = api_real_ms() + 60000;
    return first;
}

/* The answer to one request, to be released; its strs lie in c->in. `head` as of client_send. */
static inline struct fuzz_answer fuzz_ask(struct client *c, const char *head, struct str body)
{
    buf_clear(&c->in);
    client_send(c, &fuzz_rig, head, body);
    client_answer(c, &fuzz_rig);
    struct str in = buf_str(&c->in);
    struct fuzz_answer a = fuzz_answer_take(&in);
    must(in.len == 0);
    return a;
}

/* The same, where only the status counts. */
static inline int fuzz_ask_status(struct client *c, const char *head, const char *body)
{
    struct fuzz_answer a = fuzz_ask(c, head, str_of(body));
    fuzz_answer_release(&a);
    return a.status;
}

#endif
