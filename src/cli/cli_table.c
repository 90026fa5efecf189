/* SPDX-License-Identifier: Apache-2.0
 *
 * A table is kept whole before it is printed, because a column is as wide as its widest cell. An empty cell is shown as
 * "-", so that a script that splits at blanks keeps its columns.
 */
#include "cli/cli_table.h"

#include "base/mem.h"
#include "cli/cli_text.h"

#include <stdio.h>
#include <stdlib.h>

#define GAP 2

void cli_table_init(struct cli_table *t, int columns) { *t = (struct cli_table){.columns = columns}; }

void cli_table_release(struct cli_table *t)
{
    for (size_t i = 0; i < t->n; i++) free(t->cells[i]);
    free((void *)t->cells);
    *t = (struct cli_table){0};
}

void cli_table_add(struct cli_table *t, struct str cell)
{
    struct buf text;
    buf_init(&text, 64 * 1024);
    cli_text_clean(&text, cell);
    if (t->n == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 64;
        t->cells = mem_grow((void *)t->cells, t->cap * sizeof *t->cells);
    }
    t->cells[t->n++] = mem_text(text.len ? buf_str(&text) : STR("-"));
    buf_release(&text);
}

static int column_width(const struct cli_table *t, int column)
{
    int width = 0;
    for (size_t i = (size_t)column; i < t->n; i += (size_t)t->columns) {
        int w = cli_text_width(str_of(t->cells[i]));
        if (w > width) width = w;
    }
    return width;
}

void cli_table_print(const struct cli_table *t)
{
    int *widths = mem_new(sizeof *widths * (size_t)t->columns);
    for (int c = 0; c < t->columns; c++) widths[c] = column_width(t, c);
    for (size_t i = 0; i < t->n; i++) {
        int c = (int)(i % (size_t)t->columns);
        bool last = c == t->columns - 1;
        int pad = last ? 0 : widths[c] + GAP - cli_text_width(str_of(t->cells[i]));
        printf("%s%*s", t->cells[i], pad, "");
        if (last) putchar('\n');
    }
    free(widths);
}
