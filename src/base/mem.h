/* SPDX-License-Identifier: Apache-2.0
 *
 * Single pieces of heap memory, zeroed, never NULL: out of memory aborts the process (server side only; the store
 * makes that safe). libbide (client/) does not use these: it must return an error instead. What both use takes mem_try,
 * and does as the process it is in wants it.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include "base/str.h"

void *mem_new(size_t size) __attribute__((returns_nonnull, malloc)); /* free with free() */
_Noreturn void mem_give_up(void);                                    /* says that there is no memory, and aborts */
void *mem_grow(void *old, size_t size) __attribute__((returns_nonnull)); /* realloc; what is added is not zeroed */
struct str mem_str(struct str s);                                    /* owned copy, NUL after the end; free((char *)s.p) */
char *mem_text(struct str s);                                        /* the same, as a C string */

/* mem_try.c: realloc. NULL without memory, unless somebody has said what to do then. */
void *mem_try(void *old, size_t size) __attribute__((warn_unused_result));
void mem_try_or(void (*give_up)(void)); /* called instead; it does not return */
void mem_is_vital(void);                /* at the start of a server: from here on mem_try aborts, too */

#endif
