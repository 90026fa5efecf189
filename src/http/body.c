/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory follows what has arrived, not what was announced: a client that promises 16 MiB and sends nothing holds
 * nothing.
 */
#include "http/body.h"
#include "base/limits.h"

#define KEEP (16 * 1024)    /* memory a pooled body may hold on to */
#define RESERVE (64 * 1024) /* announced lengths up to this get their memory at once */

void body_start(struct body *b, const struct framing *f, bool whole)
{
    b->data.max = LIMIT_BODY;
    buf_clear(&b->data);
    b->chunk = (struct chunk){0};
    b->chunked = f->chunked;
    b->left = f->chunked ? 0 : f->length;
    if (whole && b->left && b->left <= RESERVE) buf_room(&b->data, (size_t)b->left);
}

/* The buffer's sticky error in words. */
static int check(const struct body *b, struct err *e)
{
    int rc = buf_err(&b->data);
    if (rc == ERR_TOO_BIG) return err_set(e, rc, "the body is larger than %d bytes", LIMIT_BODY);
    return rc ? err_set(e, rc, "%s", err_text(rc)) : 0;
}

bool body_is_read(const struct body *b) { return b->chunked ? b->chunk.state == CHUNK_DONE : b->left == 0; }

int body_piece(struct body *b, struct str *in, struct str *ret_piece, struct err *e)
{
    if (b->chunked) {
        int rc = chunk_take(&b->chunk, in, ret_piece, e);
        return rc ? rc : b->chunk.state == CHUNK_DONE ? BODY_END : BODY_MORE;
    }
    size_t len = b->left < in->len ? (size_t)b->left : in->len;
    if (len == 0) return b->left ? BODY_MORE : BODY_END;
    *ret_piece = str_sub(*in, 0, len);
    *in = str_sub(*in, len, in->len);
    b->left -= len;
    return BODY_PIECE;
}

int body_take(struct body *b, struct str *in, struct err *e)
{
    struct str piece;
    int rc;
    while ((rc = body_piece(b, in, &piece, e)) == BODY_PIECE) {
        buf_add_str(&b->data, piece);
        rc = check(b, e);
        if (rc < 0) return rc;
    }
    return rc < 0 ? rc : rc == BODY_END;
}

void body_clear(struct body *b)
{
    buf_clear(&b->data);
    if (b->data.cap > KEEP) buf_release(&b->data);
}

void body_release(struct body *b) { buf_release(&b->data); }
