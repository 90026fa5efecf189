/* SPDX-License-Identifier: Apache-2.0
 *
 * Heap memory for those who may not fail. The one place where the server gives up on lack of memory: what it promised
 * is in the store, and a restart is safer than forty half-tested ways of going on.
 */
#include "base/mem.h"
#include <stdlib.h>
#include <unistd.h>

_Noreturn void mem_give_up(void)
{
    static const char text[] = "bide: out of memory\n";
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    (void)written; /* the process ends either way */
    abort();
}

void mem_is_vital(void) { mem_try_or(mem_give_up); }

void *mem_new(size_t size)
{
    void *p = calloc(1, size ? size : 1);
    if (!p) mem_give_up();
    return p;
}

void *mem_grow(void *old, size_t size)
{
    void *p = realloc(old, size ? size : 1);
    if (!p) mem_give_up();
    return p;
}

struct str mem_str(struct str s) { return (struct str){mem_text(s), s.len}; }

char *mem_text(struct str s)
{
    char *copy = str_dup(s);
    if (!copy) mem_give_up();
    return copy;
}
