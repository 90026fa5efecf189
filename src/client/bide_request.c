/* SPDX-License-Identifier: Apache-2.0
 *
 * See bide_request.h.
 */
#include "client/bide_request.h"

#include "base/limits.h"
#include "client/bide_error.h"

#define ANSWER_MAX (64 * 1024 * 1024)

int bide_request_send(struct bide_client *c, struct bide_http_request *r, struct buf *path, struct bide_text *ret,
                      int *ret_status, struct bide_error *error)
{
    struct buf answer;
    buf_init(&answer, ANSWER_MAX);
    r->path = path->p;
    int rc;
    if (buf_err(path) == ERR_NOMEM) rc = bide_error_nomem(error);
    else if (buf_err(path)) rc = bide_error_set(error, "too_large", "the names in the request are too long");
    else rc = bide_http_send(c->http, r, &answer, ret_status, error);
    buf_release(path);
    if (rc) {
        buf_release(&answer);
        return -1;
    }
    if (!ret) {
        buf_release(&answer);
        return 0;
    }
    bide_text_free(ret);
    *ret = (struct bide_text){.p = answer.p, .len = answer.len, .cap = answer.cap};
    return 0;
}

void bide_request_encode(struct buf *b, const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        bool plain =
            (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("-._~", *p);
        if (plain) buf_add_char(b, (char)*p);
        else buf_add_format(b, "%%%02X", *p);
    }
}

struct buf bide_request_path(const char *base, const char *name, const char *verb)
{
    struct buf b;
    buf_init(&b, LIMIT_HTTP_TARGET);
    buf_add_text(&b, base);
    if (name) {
        buf_add_char(&b, '/');
        bide_request_encode(&b, name);
    }
    buf_add_text(&b, verb);
    return b;
}

int bide_request_named(struct bide_client *c, const char *method, const char *base, const char *name, const char *verb,
                       struct bide_text *ret, struct bide_error *error)
{
    if (!*name) return bide_error_set(error, "invalid", "an empty name: an id or the name of a queue is expected");
    struct buf path = bide_request_path(base, name, verb);
    struct bide_http_request r = {.method = method};
    return bide_request_send(c, &r, &path, ret, NULL, error);
}

void bide_request_query(struct buf *path, const char *key, const char *value)
{
    if (!value) return;
    buf_add_char(path, path->p && memchr(path->p, '?', path->len) ? '&' : '?');
    buf_add_text(path, key);
    buf_add_char(path, '=');
    bide_request_encode(path, value);
}

void bide_request_filter(struct buf *path, const struct bide_filter *f)
{
    bide_request_query(path, "type", f->type);
    bide_request_query(path, "queue", f->queue);
    bide_request_query(path, "subject", f->subject);
    for (size_t i = 0; i < f->n_tags; i++) {
        bide_request_query(path, "tag", f->tags[i].key);
        buf_add_char(path, ':');
        bide_request_encode(path, f->tags[i].value);
    }
}

int bide_request_no_body(const struct buf *body, struct bide_error *error)
{
    if (buf_err(body) == ERR_NOMEM) return bide_error_nomem(error);
    return bide_error_set(error, "too_large", "the body of the request is over %zu bytes", body->max);
}
