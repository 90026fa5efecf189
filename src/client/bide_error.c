/* SPDX-License-Identifier: Apache-2.0
 *
 * The public error struct: a stable word and one line for a person. It never allocates, so that "out of memory" can be
 * told like anything else.
 */
#include "client/bide_error.h"

#include <stdio.h>

int bide_error_set(struct bide_error *error, const char *code, const char *format, ...)
{
    if (!error) return -1;
    memset(error, 0, sizeof *error);
    str_copy(error->code, sizeof error->code, str_of(code));
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    return -1;
}

int bide_error_from(struct bide_error *error, const struct err *e)
{
    bide_error_set(error, err_word(e->code), "%s", e->text[0] ? e->text : err_text(e->code));
    if (error) str_copy(error->pointer, sizeof error->pointer, str_of(e->pointer));
    return -1;
}

int bide_error_errno(struct bide_error *error, int sys, const char *what)
{
    struct err e = {0};
    err_set_errno(&e, ERR_IO, sys, what);
    return bide_error_from(error, &e);
}

int bide_error_nomem(struct bide_error *error)
{
    return bide_error_set(error, err_word(ERR_NOMEM), "%s", err_text(ERR_NOMEM));
}
