/* SPDX-License-Identifier: Apache-2.0
 *
 * What the other side says about work that it has: its state, how far it is, why it failed, each at a JSON pointer of an
 * answer or of a callback's body.
 */
#ifndef HANDLER_WEB_REPORT_H
#define HANDLER_WEB_REPORT_H

#include "base/arena.h"
#include "handler/handler.h"

enum web_report { WEB_REPORT_NOTHING, WEB_REPORT_RUNNING, WEB_REPORT_DONE, WEB_REPORT_FAILED };

struct web_report_conf {
    const char *state, *error, *progress, *message; /* pointers; NULL: not there */
    const char *const *done, *const *failed;        /* words of the state, NULL at the end */
};

/* Progress goes on to the attempt. FAILED: v says why, in the arena. NOTHING: it has no state, ret_why says so. */
enum web_report web_report_read(const struct web_report_conf *where, struct str body, struct attempt *a, struct arena *arena,
                                struct verdict *v, struct str *ret_why);
struct str web_report_text(struct str body, const char *pointer, struct arena *arena); /* as exec_answer_text */

#endif
