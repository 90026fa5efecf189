/* SPDX-License-Identifier: Apache-2.0
 *
 * The handler `exec`. Direct mode: one process per attempt. argv from the configuration, `{input.path.to.member}`,
 * `{id}`, `{attempt}`, `{dir}` replaced inside single arguments, never a shell; the input as JSON on stdin and in
 * `input.json` of the attempt's directory, which is the working directory's neighbour: cwd is the directory of the
 * configuration unless set. Exit 0: done, 75: failed and retryable, other: failed with the stderr tail; frames
 * (progress, log, done, fail) may be written to fd 4. Stop: SIGTERM to the tree at once, SIGKILL at grace.
 *
 * With `poll` the command only hands the work on, to a system that has it done elsewhere, and other commands ask that
 * system until it is done: exec_poll.h.
 */
#ifndef HANDLER_EXEC_H
#define HANDLER_EXEC_H

#include "handler/handler.h"
#include "handler/sandbox.h"

enum exec_stdout { EXEC_STDOUT_AUTO, EXEC_STDOUT_JSON, EXEC_STDOUT_TEXT }; /* auto: JSON when it parses, else {"stdout": text} */

/* How to follow what a command has submitted. The pointers are JSON pointers (RFC 6901) into an answer's stdout; an empty
 * one is the whole of it, and its text when it is not JSON. NULL: not asked for. */
struct exec_poll_conf {
    const char *const *status;  /* argv with templates; NULL: direct mode */
    const char *const *result;  /* NULL: the last answer of `status` is the result */
    const char *const *cancel;  /* NULL: the other side is not told */
    int64_t every_ms;           /* between two calls */
    int64_t call_timeout_ms;    /* of each call */
    int32_t tries;              /* unusable answers in a row until the attempt fails */
    const char *id;             /* in what the command says */
    const char *state, *progress, *message, *error; /* in what `status` says */
    const char *const *done, *const *failed; /* words of the state, NULL at the end */
};

struct exec_conf { /* borrowed for as long as the handler lives */
    const char *name;            /* the type */
    const char *const *command;  /* argv with templates */
    const char *const *env;      /* NAME=VALUE */
    const char *const *secret_env; /* NAME=VALUE: never shown */
    const char *cwd;
    enum exec_stdout result;
    bool from_input;             /* the built-in type: argv, cwd and env are the task's (command.h), `command` is NULL */
    struct exec_poll_conf poll;
    struct sandbox_conf sandbox; /* of all its commands */
};

int exec_new(struct handler **ret, struct turn *turn, struct spawner *spawner, const struct exec_conf *conf);

#endif
