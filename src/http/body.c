/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory follows what has arrived, not what was announced: a client that promises 16 MiB and sends nothing holds
 * nothing.
 */
#include "http/body.h"
#include "base/limits.h"

#define KEEP (16 * 1024)    /* memory a pooled body may hold on to */
#define RESERVE (64 * 1024) /* announced lengths up to this get their memory at once */

void body_start(struct body *b, const struct framing *f)
{
    b->data.max = LIMIT_BODY;
    buf_clear(&b->data);
    b->chunk = (struct chunk){0};
    b->chunked = f->chunked;
    b->left = f->chunked ? 0 : f->length;
    if (b->left && b->left <= RESERVE) buf_room(&b->data, (size_t)b->left);
}

/* The buffer's sticky error in words. */
static int check(const struct body *b, struct err *e)
{
    int rc = buf_err(&b->data);
    if (rc == ERR_TOO_BIG) return err_set(e, rc, "the body is larger than %d bytes", LIMIT_BODY);
    return rc ? err_set(e, rc, "%s", err_text(rc)) : 0;
}

static int take_chunks(struct body *b, struct str *in, struct err *e)
{
    struct str data;
    int rc;
    while ((rc = chunk_take(&b->chunk, in, &data, e)) == 1) {
        buf_add_str(&b->data, data);
        rc = check(b, e);
        if (rc < 0) return rc;
    }
    if (rc < 0) return rc;
    return b->chunk.state == CHUNK_DONE;
}

int body_take(struct body *b, struct str *in, struct err *e)
{
    if (b->chunked) return take_chunks(b, in, e);
    size_t len = b->left < in->len ? (size_t)b->left : in->len;
    buf_add(&b->data, in->p, len);
    *in = str_sub(*in, len, in->len);
    b->left -= len;
    int rc = check(b, e);
    return rc < 0 ? rc : b->left == 0;
}

void body_clear(struct body *b)
{
    buf_clear(&b->data);
    if (b->data.cap > KEEP) buf_release(&b->data);
}

void body_release(struct body *b) { buf_release(&b->data); }
