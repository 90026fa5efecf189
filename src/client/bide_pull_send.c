/* SPDX-License-Identifier: Apache-2.0
 *
 * See bide_pull_send.h.
 */
#include "client/bide_pull_send.h"

#include "base/limits.h"

#define REST_FIRST_MS 200
#define REST_MS 5000
#define SLICE_MS 100 /* of a rest, between two calls of meanwhile */

struct sending {
    struct bide_pull_attempt *attempt;
    enum bide_pull_sending what;
};

static bool is_told_to_stop(const struct bide_pull_attempt *a) { return a->stop && __atomic_load_n(a->stop, __ATOMIC_RELAXED); }

static bool is_wanted(const struct sending *s)
{
    const struct bide_pull_attempt *a = s->attempt;
    if (a->lost) return false;
    return s->what == BIDE_PULL_VERDICT || (!a->cancel[0] && !is_told_to_stop(a));
}

static bool on_meanwhile(void *user)
{
    struct sending *s = user;
    if (s->attempt->meanwhile) s->attempt->meanwhile(s->attempt->user);
    return is_wanted(s);
}

/* False: it is not wanted any more. */
static bool rest(struct sending *s, int64_t ms)
{
    bool wanted = on_meanwhile(s);
    for (int64_t until = bide_pull_clock_ms() + ms, left; wanted && (left = until - bide_pull_clock_ms()) > 0; wanted = on_meanwhile(s))
        bide_pull_clock_rest(left < SLICE_MS ? left : SLICE_MS, NULL);
    return wanted;
}

bool bide_pull_send_may_be_heard(const struct bide_error *e)
{
    return e->http_status == 0 || e->http_status == 429 || e->http_status >= 500;
}

int bide_pull_send(struct bide_pull_attempt *a, struct bide_client *client, struct bide_http_request *r, const char *verb,
                   struct bide_text *ret, struct bide_error *error)
{
    struct buf path;
    buf_init(&path, LIMIT_HTTP_TARGET);
    buf_add_format(&path, "/v1/attempts/%s.%s/%s", a->id, a->fence, verb);
    *error = (struct bide_error){0};
    int rc = bide_request_send(client, r, &path, ret, NULL, error);
    if (rc && (error->http_status == 404 || error->http_status == 409)) a->lost = true;
    return rc;
}

int bide_pull_send_until(struct bide_pull_attempt *a, const struct bide_http_request *request, const char *verb,
                         enum bide_pull_sending what, struct bide_text *ret, struct bide_error *error)
{
    struct sending s = {a, what};
    struct bide_http_request r = *request;
    r.meanwhile = on_meanwhile;
    r.user = &s;
    for (int64_t rest_ms = REST_FIRST_MS;; rest_ms = 2 * rest_ms < REST_MS ? 2 * rest_ms : REST_MS) {
        if (bide_pull_send(a, a->client, &r, verb, ret, error) == 0) return 0;
        if (!bide_pull_send_may_be_heard(error) || strcmp(error->code, err_word(ERR_NOMEM)) == 0) return -1;
        if (is_told_to_stop(a) && rest_ms >= REST_MS) return -1;
        if (!rest(&s, rest_ms)) return -1;
    }
}
