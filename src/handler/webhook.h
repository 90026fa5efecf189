/* SPDX-License-Identifier: Apache-2.0
 *
 * The handler of deliveries: a task of the built-in type WEBHOOK_TYPE tells somebody's URL of the ending of another task. All of
 * it was written when that one ended (struct webhook_message), so that a retry sends the same bytes; signed is each try.
 *
 *   sending ──2xx──▶ done        ──410──▶ failed for good        ──anything else, no answer in time──▶ tried again by
 *                                                                  webhook_delay_ms, or Retry-After where that is later
 *
 * Redirects are not followed. An address that a stranger's URL leads to is checked when it is connected to (http/reach.h).
 */
#ifndef HANDLER_WEBHOOK_H
#define HANDLER_WEBHOOK_H

#include "handler/handler.h"
#include "handler/webhook_sign.h"
#include "http/reach.h"

#define WEBHOOK_TYPE "$webhook"   /* no name of a configuration has such a sign */
#define WEBHOOK_QUEUE "$webhooks"
#define WEBHOOK_TRIES 10
#define WEBHOOK_GONE "gone"       /* error.code after 410: the receiver wants no more */
#define WEBHOOK_REFUSED "address_refused"
#define WEBHOOK_ANSWER 1024       /* bytes of an answer that are kept for the log */

struct fetcher; /* http/fetch.h */

struct webhook_conf { /* as configured at this moment */
    const struct webhook_key *keys;
    size_t n_keys;
    const struct reach_net *allowed;
    size_t n_allowed;
};

/* The input of such a task: {"url", "id", "event", "secret_id", "trusted", "timeout_ms", "body": what is sent}. */
struct webhook_message {
    struct str url, id, event; /* id: of the message, the same for each try */
    struct str secret_id;      /* p NULL: it is not signed */
    bool trusted;              /* the configuration names the URL: any address may be connected to */
    int64_t timeout_ms;        /* of one try */
    struct str body;           /* JSON text, byte for byte what is sent */
};
void webhook_write(struct buf *b, const struct webhook_message *m);
int webhook_read(struct webhook_message *ret, struct str input, struct arena *a) MUST_USE; /* body: in input */

/* Until the try after this one; 0: that was the last. `chance`: up to a tenth more. */
int64_t webhook_delay_ms(int32_t tries, uint64_t chance);

int webhook_new(struct handler **ret, struct turn *turn, struct fetcher *fetcher, int concurrency,
                const struct webhook_conf *(*conf)(void *user), void *user);

#endif
