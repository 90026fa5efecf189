/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory that dies together: pieces are cut off the newest block, one after the other, and only whole blocks are freed.
 * Blocks double from 2 KiB to 64 KiB; a piece too big for a block gets one of its own, put behind the newest so that
 * the free rest of that one is not lost.
 *
 *     head ──▶ newest [used | at .. end] ──▶ big one ──▶ older ──▶ first (2 KiB, survives arena_clear)
 */
#include "base/arena.h"
#include "base/mem.h"
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_BLOCK 2048 /* a request that waits for a task needs 1,300 bytes, a submit less */
#define LARGEST_BLOCK (64 * 1024)
#define ALIGN ((size_t)16)

struct arena_block {
    struct arena_block *next; /* owned, older */
    size_t size;              /* bytes, this header included */
    alignas(16) char bytes[];
};

void arena_init(struct arena *a) { *a = (struct arena){0}; }

void arena_release(struct arena *a)
{
    for (struct arena_block *b = a->head, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    arena_init(a);
}

static void start_block(struct arena *a, struct arena_block *b)
{
    a->head = b;
    a->at = b->bytes;
    a->end = (char *)b + b->size;
}

void arena_clear(struct arena *a)
{
    struct arena_block *kept = NULL;
    for (struct arena_block *b = a->head, *next; b; b = next) {
        next = b->next;
        if (!kept && b->size == FIRST_BLOCK) kept = b;
        else free(b);
    }
    arena_init(a);
    if (!kept) return;
    kept->next = NULL;
    a->total = kept->size;
    start_block(a, kept);
}

void arena_adopt(struct arena *to, struct arena *from)
{
    struct arena_block *last = from->head;
    if (!last) return;
    while (last->next) last = last->next;
    if (!to->head) {
        *to = *from;
    } else { /* behind the newest, which goes on being cut */
        last->next = to->head->next;
        to->head->next = from->head;
        to->total += from->total;
    }
    arena_init(from);
}

static struct arena_block *new_block(struct arena *a, size_t size)
{
    struct arena_block *b = mem_grow(NULL, size);
    b->next = NULL;
    b->size = size;
    a->total += size;
    return b;
}

static char *alloc_slow(struct arena *a, size_t size)
{
    size_t block = a->head ? (size_t)(a->end - (char *)a->head) * 2 : FIRST_BLOCK;
    if (block < FIRST_BLOCK) block = FIRST_BLOCK;
    if (block > LARGEST_BLOCK) block = LARGEST_BLOCK;
    if (!a->head || size <= block / 4) {
        struct arena_block *b = new_block(a, size <= block - sizeof *b ? block : size + sizeof *b);
        b->next = a->head;
        start_block(a, b);
        a->at += size;
        return b->bytes;
    }
    struct arena_block *own = new_block(a, size + sizeof *own);
    own->next = a->head->next;
    a->head->next = own;
    return own->bytes;
}

static char *alloc(struct arena *a, size_t size)
{
    if (size > SIZE_MAX / 2) abort(); /* no caller means this: a length has wrapped */
    size = (size + ALIGN - 1) & ~(ALIGN - 1);
    if (size > (size_t)(a->end - a->at) || !a->head) return alloc_slow(a, size);
    char *p = a->at;
    a->at += size;
    return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
    void *p = alloc(a, size);
    memset(p, 0, size);
    return p;
}

char *arena_text(struct arena *a, struct str s)
{
    char *p = alloc(a, s.len + 1);
    if (s.len) memcpy(p, s.p, s.len);
    p[s.len] = '\0';
    return p;
}

struct str arena_str(struct arena *a, struct str s) { return (struct str){arena_text(a, s), s.len}; }

struct str arena_format(struct arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0) abort(); /* a result over INT_MAX, or a wrong format */
    char *p = alloc(a, (size_t)len + 1);
    va_start(args, format);
    vsnprintf(p, (size_t)len + 1, format, args);
    va_end(args);
    return (struct str){p, (size_t)len};
}
