/* SPDX-License-Identifier: Apache-2.0
 *
 * Filling the public struct bide_error. Private to libbide.
 */
#ifndef CLIENT_BIDE_ERROR_H
#define CLIENT_BIDE_ERROR_H

#include "base/err.h"
#include "base/str.h"
#include "bide.h"

/* Fills `error` (may be NULL) and returns -1. `code` is a word of err.def or the server's. */
int bide_error_set(struct bide_error *error, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same from what a function of base/ returned. */
int bide_error_from(struct bide_error *error, const struct err *e);
/* "<what>: <strerror>", code `io`. */
int bide_error_errno(struct bide_error *error, int sys, const char *what);
int bide_error_nomem(struct bide_error *error);

#endif
