/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory that yajl works in while it parses one text. yajl does not check what malloc returns; here an allocation
 * that fails does not return, but jumps to where the parse began. The first few kilobytes lie in the pool itself, on
 * the stack of the parse, so a small text costs no malloc at all. Used by json_parse.c only.
 */
#ifndef BASE_JSON_POOL_H
#define BASE_JSON_POOL_H

#include "base/list.h"
#include <setjmp.h>
#include <stdalign.h>
#include <stddef.h>

struct json_pool {
    jmp_buf out;       /* set with setjmp before use: where a failed allocation goes */
    struct list large; /* pieces from malloc, owned */
    size_t used;
    alignas(16) char first[4096];
};

void json_pool_init(struct json_pool *p);
void json_pool_release(struct json_pool *p); /* frees all that was not freed */
/* The three that yajl asks for, with the pool as their context. */
void *json_pool_malloc(void *pool, size_t size);
void *json_pool_realloc(void *pool, void *bytes, size_t size);
void json_pool_free(void *pool, void *bytes);

#endif
