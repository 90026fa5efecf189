/* SPDX-License-Identifier: Apache-2.0
 *
 * The handler `exec`, direct mode: one process per attempt. argv from the configuration, `{input.path.to.member}`,
 * `{id}`, `{attempt}`, `{dir}` replaced inside single arguments, never a shell; the input as JSON on stdin and in
 * `input.json` of the attempt's directory, which is the working directory's neighbour: cwd is the directory of the
 * configuration unless set. Exit 0: done, 75: failed and retryable, other: failed with the stderr tail; frames
 * (progress, log, done, fail) may be written to fd 4. Stop: SIGTERM to the tree at once, SIGKILL at grace.
 */
#ifndef HANDLER_EXEC_H
#define HANDLER_EXEC_H

#include "handler/handler.h"

enum exec_stdout { EXEC_STDOUT_AUTO, EXEC_STDOUT_JSON, EXEC_STDOUT_TEXT }; /* auto: JSON when it parses, else {"stdout": text} */

struct exec_conf { /* borrowed for as long as the handler lives */
    const char *name;            /* the type */
    const char *const *command;  /* argv with templates */
    const char *const *env;      /* NAME=VALUE */
    const char *cwd;
    enum exec_stdout result;
};

int exec_new(struct handler **ret, struct turn *turn, struct spawner *spawner, const struct exec_conf *conf);

#endif
