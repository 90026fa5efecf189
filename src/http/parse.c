/* SPDX-License-Identifier: Apache-2.0
 *
 * Over http-parser 2.9 (nodejs/http-parser), used for the head alone: it gets each head in one piece, so every callback
 * sees a whole field, and the pieces it cuts point into the request's own copy. Bodies are read by body.c, which is
 * stricter. What it lets pass and should not was refused before by head.c, and by framing.c after it.
 */
#include "http/parse.h"
#include "http/target.h"
#include <http_parser.h>

struct pieces {
    struct http_request *r;
    size_t cap; /* of r->headers */
    struct str target;
    bool whole;
};

static int on_url(http_parser *p, const char *at, size_t len)
{
    struct pieces *x = p->data;
    x->target = (struct str){at, len};
    return 0;
}

static int on_field(http_parser *p, const char *at, size_t len)
{
    struct pieces *x = p->data;
    if (x->r->n_headers == x->cap) return 1;
    x->r->headers[x->r->n_headers++].name = (struct str){at, len};
    return 0;
}

static int on_value(http_parser *p, const char *at, size_t len)
{
    struct pieces *x = p->data;
    if (x->r->n_headers == 0) return 1;
    x->r->headers[x->r->n_headers - 1].value = str_trim((struct str){at, len});
    return 0;
}

static int on_headers_complete(http_parser *p)
{
    struct pieces *x = p->data;
    x->whole = true;
    return 0;
}

static const http_parser_settings settings = {
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_headers_complete,
};

/* The parser's refusal in our words; the method is known to be a token by now. */
static int refusal(const http_parser *p, struct err *e)
{
    enum http_errno no = HTTP_PARSER_ERRNO(p);
    if (no == HPE_INVALID_METHOD) return err_set(e, ERR_UNSUPPORTED, "the method is not known");
    if (no == HPE_INVALID_TRANSFER_ENCODING)
        return err_set(e, ERR_UNSUPPORTED, "the only Transfer-Encoding spoken here is chunked");
    if (no == HPE_UNEXPECTED_CONTENT_LENGTH)
        return err_set(e, ERR_INVALID, "there is more than one Content-Length, or one beside a Transfer-Encoding");
    if (no == HPE_INVALID_CONTENT_LENGTH) return err_set(e, ERR_INVALID, "the Content-Length is not a number");
    return err_set(e, ERR_INVALID, "not a well-formed request: %s", http_errno_description(no));
}

int parse_head(struct http_request *r, struct str head, uint32_t lines, struct framing *ret_framing, struct err *e)
{
    struct str copy = arena_str(&r->arena, head);
    struct pieces x = {.r = r, .cap = lines};
    r->headers = arena_alloc(&r->arena, lines * sizeof *r->headers);
    r->n_headers = 0;
    r->method = str_sub(copy, 0, str_find(copy, ' ')); /* set first: a refusal of a HEAD has no body either */

    http_parser p;
    http_parser_init(&p, HTTP_REQUEST);
    p.data = &x;
    http_parser_execute(&p, &settings, copy.p, copy.len);
    if (!x.whole || HTTP_PARSER_ERRNO(&p) != HPE_OK) return refusal(&p, e);

    struct framing f = {.http10 = p.http_minor == 0, .keep_alive = http_should_keep_alive(&p) != 0};
    int rc = target_split(r->method, x.target, &r->path, &r->query, e);
    if (rc == 0) rc = framing_read(&f, r, e);
    if (rc == 0) *ret_framing = f;
    return rc;
}

const char *parse_reason(int status)
{
    const char *text = http_status_str((enum http_status)status);
    return text[0] == '<' ? "" : text; /* "<unknown>" */
}
