/* SPDX-License-Identifier: Apache-2.0
 *
 * What is wrong with a configuration file: up to CONFIG_ERRORS problems, each with its place, so that a person mends
 * them in one go. Written as `file:line:column: what`, which editors understand.
 */
#ifndef SERVER_CONFIG_ERRORS_H
#define SERVER_CONFIG_ERRORS_H

#include "base/buf.h"

#define CONFIG_ERRORS 20

struct config_mark {
    int line, column; /* from 1; line 0: the file as a whole */
};

struct config_error {
    struct config_mark mark;
    bool outside; /* of a flag or a variable: the text names it, the file has nothing to do with it */
    char text[320];
};

struct config_errors {
    char path[512]; /* the file, as given */
    struct config_error items[CONFIG_ERRORS];
    size_t n;
    size_t more; /* problems found beyond those */
};

void config_errors_init(struct config_errors *errors, const char *path);
void config_errors_add(struct config_errors *errors, struct config_mark mark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void config_errors_add_outside(struct config_errors *errors, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void config_errors_sort(struct config_errors *errors);                       /* by place in the file */
void config_errors_write(const struct config_errors *errors, struct buf *b); /* a line each */

#endif
