/* SPDX-License-Identifier: Apache-2.0
 *
 * Request smuggling lives here: two servers that disagree on where a body ends. So nothing is repaired. One
 * Content-Length of digits, or one Transfer-Encoding that is exactly "chunked", never both, never under HTTP/1.0.
 */
#include "http/framing.h"
#include "http/head.h"
#include "http/target.h"

struct seen {
    struct str length, encoding;
    unsigned lengths, encodings, hosts;
};

static int look(struct framing *f, struct seen *seen, const struct http_header *h, struct err *e)
{
    switch (h->name.len) {
    case 4:
        if (!str_eq_nocase(h->name, STR("host"))) return 0;
        seen->hosts++;
        return h->value.len == 0 || target_is_host(h->value) ? 0
                                                             : err_set(e, ERR_INVALID, "the Host header is not a host");
    case 6:
        if (str_eq_nocase(h->name, STR("expect")))
            f->expects_continue = !f->http10 && str_eq_nocase(h->value, STR("100-continue"));
        return 0;
    case 14:
        if (!str_eq_nocase(h->name, STR("content-length"))) return 0;
        seen->lengths++;
        seen->length = h->value;
        return 0;
    case 16:
        if (!str_eq_nocase(h->name, STR("content-encoding"))) return 0;
        return err_set(e, ERR_MEDIA, "a request body must be sent without a Content-Encoding");
    case 17:
        if (!str_eq_nocase(h->name, STR("transfer-encoding"))) return 0;
        seen->encodings++;
        seen->encoding = h->value;
        return 0;
    default: return 0; /* not an enum */
    }
}

static int read_length(struct framing *f, struct str v, struct err *e)
{
    if (v.len == 0 || v.len > 18) return err_set(e, ERR_INVALID, "the Content-Length is not a number");
    f->length = 0;
    for (size_t i = 0; i < v.len; i++) {
        if (v.p[i] < '0' || v.p[i] > '9') return err_set(e, ERR_INVALID, "the Content-Length is not a number");
        f->length = f->length * 10 + (uint64_t)(v.p[i] - '0');
    }
    return 0;
}

int framing_read(struct framing *f, const struct http_request *r, struct err *e)
{
    struct seen seen = {0};
    for (size_t i = 0; i < r->n_headers; i++) {
        int rc = look(f, &seen, &r->headers[i], e);
        if (rc < 0) return rc;
    }
    if (seen.hosts > 1) return err_set(e, ERR_INVALID, "there is more than one Host header");
    if (seen.hosts == 0 && !f->http10) return err_set(e, ERR_INVALID, "there is no Host header");
    if (seen.lengths && seen.encodings)
        return err_set(e, ERR_INVALID, "there is a Content-Length beside a Transfer-Encoding");
    if (seen.lengths > 1) return err_set(e, ERR_INVALID, "there is more than one Content-Length");
    if (seen.encodings > 1 || (seen.encodings && f->http10))
        return err_set(e, ERR_INVALID, "the Transfer-Encoding is not one that can be told apart from a trick");
    if (seen.encodings && !str_eq_nocase(seen.encoding, STR("chunked")))
        return err_set(e, ERR_UNSUPPORTED, "the only Transfer-Encoding spoken here is chunked");
    f->has_body = seen.lengths || seen.encodings;
    f->chunked = seen.encodings > 0;
    return seen.lengths ? read_length(f, seen.length, e) : 0;
}
