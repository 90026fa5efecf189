/* SPDX-License-Identifier: Apache-2.0
 *
 * A type of exec with `poll` on the fake spawner.
 */
#ifndef UNIT_HANDLER_EXEC_POLL_RIG_H
#define UNIT_HANDLER_EXEC_POLL_RIG_H

#include "exec_rig.h"

static char resume[256]; /* what an earlier attempt saved; "": nothing */

static const char *const submit_command[] = {"tool", "submit", "{input.path}", NULL};
static const char *const status_command[] = {"tool", "status", "{remote.id}", NULL};
static const char *const result_command[] = {"tool", "result", "{remote.id}", "{id}", NULL};
static const char *const cancel_command[] = {"tool", "cancel", "{remote.id}", NULL};
static const char *const done_words[] = {"completed", NULL}, *const failed_words[] = {"failed", "cancelled", NULL};

static inline void poll_conf(void)
{
    conf = (struct exec_conf){.name = "article", .command = submit_command,
                              .poll = {.status = status_command, .result = result_command, .cancel = cancel_command,
                                       .every_ms = 2000, .call_timeout_ms = 60000, .tries = 3, .id = "/task_id", .state = "/status",
                                       .progress = "/progress", .message = "/message", .error = "/error",
                                       .done = done_words, .failed = failed_words}};
}

static inline void poll_start(void)
{
    struct err e = {0};
    fake_init(&fake);
    CHECK_INT(exec_new(&exec, &fake.turn, &fake.spawner, &conf), 0);
    fake_watch(&fake, exec);
    heard_init(&h, exec, 1, "{\"path\":\"a b\"}");
    h.attempt.resume = str_of(resume);
    if (resume[0]) h.attempt.number = 2;
    CHECK_INT(exec->ops->start(exec, &(struct attempt *){&h.attempt}, 1, &e), 0);
}

/* The call that runs says this and exits. */
static inline void answers(const char *text, int status)
{
    int i = fake.n - 1;
    CHECK(fake_alive(&fake, i));
    if (text) fake_says(&fake, i, CHILD_STDOUT, text);
    fake_exits(&fake, i, status);
}

/* What the newest call is: "tool status 7". */
static inline void check_call(int n, const char *verb)
{
    CHECK_INT(fake.n, n);
    CHECK_STR(str_of(fake.children[n - 1].argv[1]), verb);
    CHECK_STR(str_of(fake.children[n - 1].argv[2]), n == 1 ? "a b" : "7");
}

static inline void poll_submitted(void)
{
    poll_conf();
    poll_start();
    check_call(1, "submit");
    CHECK_STR(buf_str(&fake.children[0].input), "{\"path\":\"a b\"}");
    CHECK(!fake.children[0].frames);
    answers("{\"task_id\":7}\n", 0);
    CHECK_INT(fake.n, 1);
    CHECK_INT(h.n_verdicts, 0);
}

static inline void poll_asks(int n)
{
    fake_pass(&fake, 1999);
    CHECK_INT(fake.n, n - 1);
    fake_pass(&fake, 1);
    check_call(n, "status");
    CHECK_INT(fake.children[n - 1].input.len, 0);
}

#endif
