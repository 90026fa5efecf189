/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the loop folder only: the libuv loop, and the one place where closing a handle is solved.
 */
#ifndef LOOP_UV_INSIDE_H
#define LOOP_UV_INSIDE_H

#include "base/err.h"
#include "loop/loop.h"
#include <stdbool.h>
#include <uv.h>

uv_loop_t *loop_uv(struct loop *l);
int loop_err(int uv_status);                                      /* a negative uv status as an ERR_* */
int loop_err_set(struct err *e, int uv_status, const char *what); /* the same, with the reason */

/* Closing, legal from any state: a zeroed handle and one already closing are left alone, and then `on_closed` is not
 * called (false). Otherwise it is called once, later, from the loop; until then the handle's memory must stay. */
bool loop_handle_close(uv_handle_t *handle, uv_close_cb on_closed);

/* One buffer for all reads of the loop: what was read must be used or copied before the read callback returns. */
void loop_on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buf); /* an uv_alloc_cb */

#endif
