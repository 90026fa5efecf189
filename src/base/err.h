/* SPDX-License-Identifier: Apache-2.0
 *
 * Error codes and the one-line reason that goes with them.
 *
 * Functions return 0 or a negative ERR_*. Where a person needs the reason, the last parameter is a
 * `struct err *`: the callee fills it with err_set() and returns the code. Every code is one row of
 * err.def: its HTTP status, its CLI exit code, its stable word and its text.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

enum err_index {
#define ERR(name, http, exit, code, text) ERR_INDEX_##name,
#include "base/err.def"
#undef ERR
    ERR_COUNT
};

enum err_code {
#define ERR(name, http, exit, code, text) ERR_##name = -1 - ERR_INDEX_##name,
#include "base/err.def"
#undef ERR
};

#define MUST_USE __attribute__((warn_unused_result))

/* The reason of a failure, in words for a person. Fixed size: never allocates, never truncates the code. */
struct err {
    int code;           /* an ERR_*, 0 when nothing was set */
    char pointer[128];  /* JSON pointer (RFC 6901) to the offending member, "" when there is none */
    char text[384];     /* one line, no trailing full stop */
    const char *more;   /* of a problem's `errors`: those after this one, as JSON with commas between; borrowed; NULL: none */
};

/* Fills `e` (may be NULL) and returns `code`. */
int err_set(struct err *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* As err_set, with the JSON pointer of the offending member. */
int err_set_at(struct err *e, int code, const char *pointer, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Fills `e` from errno-like `sys` (positive): "<what>: <strerror>". Returns `code`. */
int err_set_errno(struct err *e, int code, int sys, const char *what);

const char *err_text(int code);       /* the text of the row */
const char *err_word(int code);       /* the stable code word */
int err_http_status(int code);        /* the HTTP status of the row */
int err_exit_code(int code);          /* the CLI exit code of the row */
int err_from_word(const char *word);  /* ERR_* of a code word, 0 when unknown */

#endif
