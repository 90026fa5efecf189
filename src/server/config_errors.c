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

static void add(struct config_errors *errors, struct config_error error, const char *format, va_list args)
{
    if (errors->n == CONFIG_ERRORS) {
        errors->more++;
        return;
    }
    vsnprintf(error.text, sizeof error.text, format, args);
    errors->items[errors->n++] = error;
}

void config_errors_add(struct config_errors *errors, struct config_mark mark, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(errors, (struct config_error){.mark = mark}, format, args);
    va_end(args);
}

void config_errors_add_outside(struct config_errors *errors, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add(errors, (struct config_error){.outside = true}, format, args);
    va_end(args);
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
        if (!error->outside) buf_add_text(b, errors->path);
        if (error->mark.line) buf_add_format(b, ":%d:%d", error->mark.line, error->mark.column);
        buf_add_format(b, "%s%s\n", error->outside ? "" : ": ", error->text);
    }
    if (errors->more) buf_add_format(b, "%s%sand %zu more\n", errors->path, *errors->path ? ": " : "", errors->more);
}
