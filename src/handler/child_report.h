/* SPDX-License-Identifier: Apache-2.0
 *
 * What a keeper reports (keeper.h), line by line, and what becomes known of the child by that.
 */
#ifndef HANDLER_CHILD_REPORT_H
#define HANDLER_CHILD_REPORT_H

#include "handler/child.h"

#define CHILD_REPORT_LINE 256

struct child_report { /* zeroed: nothing was said */
    struct child_exit how;
    int pid;    /* of the program, 0: not started */
    bool ended; /* how it ended was said */
    bool clean; /* nothing is left of the tree */
    char line[CHILD_REPORT_LINE];
    size_t line_len;
};

void child_report_feed(struct child_report *r, struct str bytes);

#endif
