/* SPDX-License-Identifier: Apache-2.0
 *
 * One buffer: its beginning is being told, the rest came since.
 */
#include "client/bide_pull_output.h"

#include "base/json_write.h"

void bide_pull_output_init(struct bide_pull_output *o)
{
    *o = (struct bide_pull_output){.telling = 0};
    buf_init(&o->held, BIDE_PULL_OUTPUT_HELD);
}

void bide_pull_output_release(struct bide_pull_output *o) { buf_release(&o->held); }

bool bide_pull_output_add(struct bide_pull_output *o, struct str text)
{
    size_t before = o->held.len;
    if (o->cut) return true;
    buf_add_str(&o->held, text);
    if (!buf_err(&o->held)) return true;
    o->held.err = 0;
    o->held.len = before;
    o->cut = before > 0;
    o->n += !o->cut;
    return false;
}

void bide_pull_output_write(struct bide_pull_output *o, struct buf *body)
{
    if (o->held.len == 0) return;
    if (o->telling == 0) o->telling = o->held.len;
    json_write_member_int(body, "n", o->n);
    json_write_member_str(body, "data", str_sub(buf_str(&o->held), 0, o->telling));
}

void bide_pull_output_heard(struct bide_pull_output *o, int64_t n)
{
    if (o->telling == 0 || n != o->n) return; /* it was told twice, and heard before */
    buf_drop(&o->held, o->telling);
    o->telling = 0;
    o->n++;
    if (o->held.len > 0) return; /* what is missing is missing behind that */
    o->n += o->cut;
    o->cut = false;
}
