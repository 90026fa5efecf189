/* SPDX-License-Identifier: Apache-2.0
 */
#include "api/page.h"

#include "base/limits.h"

int page_ask(struct call *c, struct page_ask *ret)
{
    struct str cursor = query_get(&c->query, "cursor");
    *ret = (struct page_ask){.has_after = cursor.p != NULL};
    int err = call_number(c, "limit", 1, LIMIT_PAGE, LIMIT_PAGE_DEFAULT, &ret->limit);
    if (err || !cursor.p || id_parse(&ret->after, cursor) == 0) return err;
    call_refuse(c, ERR_INVALID, "cursor must be a next_cursor of an earlier page");
    return ERR_INVALID;
}

static bool is_cursor(struct call *c, struct str pair)
{
    struct str name;
    return query_decode(&c->req->arena, str_cut(&pair, '='), true, &name) == 0 && str_eq(name, STR("cursor"));
}

/* The address of the next page: this one's with its cursor. */
static struct str next_link(struct call *c, const char *cursor)
{
    struct buf b;
    buf_init(&b, LIMIT_HTTP_TARGET * 4);
    buf_add_format(&b, "<%.*s?cursor=%s", STR_ARG(c->req->path), cursor);
    struct str rest = c->req->query;
    while (rest.len) {
        struct str pair = str_cut(&rest, '&');
        if (pair.len && !is_cursor(c, pair)) buf_add_format(&b, "&%.*s", STR_ARG(pair));
    }
    buf_add_text(&b, ">; rel=\"next\"");
    struct str link = arena_str(&c->req->arena, buf_str(&b));
    buf_release(&b);
    return link;
}

void page_answer(struct call *c, struct buf *b, const struct id *last)
{
    char cursor[ID_TEXT];
    if (last) id_format(last, cursor);
    call_list_close(b, last ? cursor : NULL);
    struct http_header link = {STR("Link"), last ? next_link(c, cursor) : STR_NONE};
    call_answer_buf(c, 200, CALL_JSON, b, &link, last != NULL);
}
