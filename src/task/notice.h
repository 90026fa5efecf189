/* SPDX-License-Identifier: Apache-2.0
 *
 * A notification as plain data: what somebody is to read about the ending of a task. It is a record of its own: it stays when
 * that task goes. ("notice" in the code, for short.)
 */
#ifndef TASK_NOTICE_H
#define TASK_NOTICE_H

#include "task/task.h"

struct notice {
    struct id id;
    int64_t serial;        /* 1, 2, ...: in the order of their commits; the store gives it, and none twice */
    struct id task;
    int32_t run;           /* of it */
    int64_t tenant;        /* as in struct task_body, the next two and the tags too */
    struct str type, subject;
    const struct task_tag *tags;
    size_t n_tags;
    struct str kind;       /* what the application calls it */
    enum task_state status; /* the ending */
    struct str title;
    struct str message;    /* p NULL: none */
    struct str data;       /* JSON object; p NULL: none */
    int64_t created_at_ms; /* wall */
    int64_t read_at_ms;    /* wall; 0: nobody has read it */
};

#endif
