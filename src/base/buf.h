/* SPDX-License-Identifier: Apache-2.0
 *
 * Growing bytes with a mandatory maximum. A failed add (over the maximum, out of memory) leaves the
 * content as it was and makes the buffer remember the error: later adds do nothing, and the one check
 * of buf_err() at the end of a build sees it. So a writer of forty fields checks once.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/err.h"
#include "base/str.h"

struct buf {
    char *p;     /* owned; NUL-terminated whenever not NULL */
    size_t len;  /* bytes in use */
    size_t cap;  /* bytes allocated */
    size_t max;  /* never holds more */
    int err;     /* 0, ERR_TOO_BIG, ERR_NOMEM (or ERR_INTERNAL: buf_wrote of more than there was room for): sticky until
                  * buf_clear */
};

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b); /* frees; accepts a zeroed buf */
void buf_clear(struct buf *b);   /* empties, forgets the error, keeps the memory */
void buf_add_format(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_drop(struct buf *b, size_t len); /* drops bytes from the front */
/* Gives the bytes away: the caller frees *ret_p; the buf is empty afterwards. */
struct str buf_take(struct buf *b);

/* What every answer is made of: in place while there is room, else buf_grow. */

/* Makes room for `len` more bytes and returns where to write them (then buf_wrote), NULL on failure. */
char *buf_grow(struct buf *b, size_t len);
static inline char *buf_room(struct buf *b, size_t len)
{
    return len < b->cap - b->len && !b->err ? b->p + b->len : buf_grow(b, len);
}

static inline void buf_wrote(struct buf *b, size_t len)
{
    if (len == 0) return;
    if (len >= b->cap - b->len) { /* more than buf_room gave; libbide, which has this too, may not abort */
        b->err = ERR_INTERNAL;
        return;
    }
    b->len += len;
    b->p[b->len] = '\0';
}

static inline void buf_add(struct buf *b, const void *p, size_t len)
{
    char *to = len ? buf_room(b, len) : NULL;
    if (!to) return;
    memcpy(to, p, len);
    buf_wrote(b, len);
}

static inline void buf_add_str(struct buf *b, struct str s) { buf_add(b, s.p, s.len); }
static inline void buf_add_text(struct buf *b, const char *text) { buf_add(b, text, strlen(text)); } /* up to its NUL */
static inline void buf_add_char(struct buf *b, char c) { buf_add(b, &c, 1); }

static inline int buf_err(const struct buf *b) { return b->err; }
static inline struct str buf_str(const struct buf *b) { return (struct str){b->p, b->len}; }

#endif
