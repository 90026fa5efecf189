/* SPDX-License-Identifier: Apache-2.0
 *
 * The strict reading of a request's head as raw bytes, before the parser sees it: where it ends, and that it is made
 * of nothing but CRLF lines of printable text. What the parser is lax about is refused here.
 */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "base/err.h"
#include "base/str.h"

/* How far the scan of one head has come. Zeroed at the start of each request. */
struct head {
    size_t at;      /* scanned up to here */
    size_t line;    /* where the line under way starts */
    uint32_t lines; /* whole lines seen, the request line included */
    bool skipped;   /* the one empty line allowed before a request was seen */
};

/* Looks for the end of the head at the start of `in`. 1: whole, its length (last CRLF included) in *ret_len; 0: more
 * must come, then call again with the same bytes and more behind them; ERR_*: refused. May drop an empty line in front.
 */
int head_find(struct head *h, struct str *in, size_t *ret_len, struct err *e) MUST_USE;

bool head_is_token(struct str s); /* RFC 9110 section 5.6.2, not empty */

#endif
