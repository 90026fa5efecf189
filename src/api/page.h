/* SPDX-License-Identifier: Apache-2.0
 *
 * A list that is given page by page: `limit` and `cursor` of the query, next_cursor and a Link (RFC 8288) of the answer. A
 * cursor is the id of the last of its page.
 */
#ifndef API_PAGE_H
#define API_PAGE_H

#include "api/call.h"

struct page_ask {
    int64_t limit;   /* 1..LIMIT_PAGE */
    bool has_after;  /* go on behind this one: */
    struct id after;
};

int page_ask(struct call *c, struct page_ask *ret) MUST_USE; /* answers the 400 itself */
/* Answers with what call_list_open and the items made. last: of the page; NULL: nothing is behind it. */
void page_answer(struct call *c, struct buf *b, const struct id *last);

#endif
