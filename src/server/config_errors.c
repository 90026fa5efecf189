/* SPDX-License-Identifier: Apache-2.0
 *
 * See config_errors.h. Keeps the first CONFIG_ERRORS problems and counts the rest: a file that is wrong everywhere
 * needs no longer list.
 */
#include "server/config_errors.h"
#include <stdio.h>
#include <stdlib.h>

void config_errors_init(struct config_errors *errors, const char *path)
{
    memset(errors, 0, sizeof *errors);
    str_copy(errors->path, sizeof errors->path, str_of(path));
}

void config_errors_add(struct config_errors *errors, struct config_mark mark, const char *format, ...)
{
    if (errors->n == CONFIG_ERRORS) {
        errors->more++;
        return;
    }
    struct config_error *error = &errors->items[errors->n++];
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    error->mark = mark;
}

static int by_place(const void *a, const void *b)
{
    const struct config_error *left = a, *right = b;
    if (left->mark.line != right->mark.line) return left->mark.line < right->mark.line ? -1 : 1;
    return left->mark.column < right->mark.column ? -1 : left->mark.column > right->mark.column;
}

void config_errors_sort(struct config_errors *errors)
{
    qsort(errors->items, errors->n, sizeof errors->items[0], by_place);
}

void config_errors_write(const struct config_errors *errors, struct buf *b)
{
    for (size_t i = 0; i < errors->n; i++) {
        const struct config_error *error = &errors->items[i];
        buf_add_text(b, errors->path);
        if (error->mark.line) buf_add_format(b, ":%d:%d", error->mark.line, error->mark.column);
        buf_add_format(b, ": %s\n", error->text);
    }
    if (errors->more) buf_add_format(b, "%s: and %zu more\n", errors->path, errors->more);
}
