/* SPDX-License-Identifier: Apache-2.0
 *
 * Changes to a task that has not started, as a merge patch (RFC 7396): what is not named stays, null removes.
 */
#include "base/json_write.h"
#include "base/limits.h"
#include "client/bide_error.h"
#include "client/bide_request.h"

static void write_patch(struct buf *b, const struct bide_patch *p)
{
    json_write_open(b, '{');
    if (p->priority) json_write_member_int(b, "priority", *p->priority);
    if (p->run_at_ms) json_write_member_time(b, "run_at", *p->run_at_ms);
    if (p->n_tags) {
        json_write_key(b, "tags");
        json_write_open(b, '{');
        for (size_t i = 0; i < p->n_tags; i++) {
            json_write_key_str(b, str_of(p->tags[i].key));
            json_write_text(b, p->tags[i].value);
        }
        json_write_close(b, '}');
    }
    json_write_close(b, '}');
}

int bide_client_patch(struct bide_client *c, const char *id, const struct bide_patch *patch, struct bide_text *ret,
                      struct bide_error *error)
{
    if (!*id) return bide_error_set(error, "invalid", "an empty id: that of a task is expected");
    struct buf body;
    buf_init(&body, LIMIT_BODY);
    write_patch(&body, patch);
    int rc = -1;
    if (buf_err(&body)) {
        bide_request_no_body(&body, error);
    } else {
        struct buf path = bide_request_path("/v1/tasks", id, "");
        struct bide_http_request r = {
            .method = "PATCH", .json = buf_str(&body), .content_type = "application/merge-patch+json"};
        rc = bide_request_send(c, &r, &path, ret, NULL, error);
    }
    buf_release(&body);
    return rc;
}
