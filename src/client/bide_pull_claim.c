/* SPDX-License-Identifier: Apache-2.0
 *
 * See bide_pull_claim.h.
 */
#include "client/bide_pull_claim.h"

#include "base/json_write.h"
#include "base/limits.h"
#include "client/bide_error.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int bide_pull_claim_write(struct buf *ret, const struct bide_worker *w, int max, struct bide_error *error)
{
    const char *types = w->pull_types ? w->pull_types : getenv("BIDE_PULL_TYPES"), *name = getenv("BIDE_PULL_NAME");
    char host[LIMIT_NAME] = "", self[LIMIT_NAME + 32];
    struct str rest = str_of(types);
    size_t n = 0;
    (void)gethostname(host, sizeof host - 1);
    snprintf(self, sizeof self, "%s-%ld", host, (long)getpid());
    buf_init(ret, LIMIT_FRAME);
    json_write_open(ret, '{');
    json_write_key(ret, "types");
    json_write_open(ret, '[');
    while (rest.len) {
        struct str type = str_trim(str_cut(&rest, ','));
        if (type.len) json_write_str(ret, type), n++;
    }
    json_write_close(ret, ']');
    json_write_member_int(ret, "max", max);
    json_write_member_int(ret, "wait_ms", BIDE_PULL_CLAIM_S * 1000);
    json_write_member_text(ret, "worker", w->pull_name ? w->pull_name : name && *name ? name : self);
    json_write_member_text(ret, "host", host);
    json_write_close(ret, '}');
    if (buf_err(ret)) return bide_error_nomem(error);
    return n ? 0 : bide_error_set(error, "invalid", "a puller asks for types: pull_types of the worker, or BIDE_PULL_TYPES, with commas");
}
