/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests of a puller about one attempt. Private to libbide. While one is under way, or a server that is away is waited for,
 * the attempt's `meanwhile` is called, so that nothing that is held goes without its beats.
 */
#ifndef CLIENT_BIDE_PULL_SEND_H
#define CLIENT_BIDE_PULL_SEND_H

#include "client/bide_pull_attempt.h"

enum bide_pull_sending {
    BIDE_PULL_INPUT,   /* not wanted once the attempt is cancelled, lost, or the puller is told to stop */
    BIDE_PULL_VERDICT, /* nor a file: not wanted once the attempt is lost */
};

/* There may be another answer later: the server was not reached, or is busy, starting, stopping. */
bool bide_pull_send_may_be_heard(const struct bide_error *e);
/* Once, with this client, and nothing meanwhile. 404 and 409 set a->lost. `ret` NULL: the answer is dropped. */
int bide_pull_send(struct bide_pull_attempt *a, struct bide_client *client, struct bide_http_request *r, const char *verb,
                   struct bide_text *ret, struct bide_error *error);
/* With a->client, until it is answered for good. -1: refused, no memory, not wanted any more; or told to stop, and tried for
 * seconds. */
int bide_pull_send_until(struct bide_pull_attempt *a, const struct bide_http_request *request, const char *verb,
                         enum bide_pull_sending what, struct bide_text *ret, struct bide_error *error);

#endif
