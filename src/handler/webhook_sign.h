/* SPDX-License-Identifier: Apache-2.0
 *
 * Standard Webhooks 1.0: what a receiver checks to know who sent it. Pure.
 */
#ifndef HANDLER_WEBHOOK_SIGN_H
#define HANDLER_WEBHOOK_SIGN_H

#include "base/buf.h"
#include "base/err.h"

#define WEBHOOK_KEY_LEAST 24 /* bytes, "Symmetric: between 24 bytes and 64 bytes" */
#define WEBHOOK_KEY_MOST 64

struct webhook_key {
    struct str id; /* the name that a webhook chooses it by */
    struct str key;
};

/* `whsec_` and base64. The message never has the text. `to`: WEBHOOK_KEY_MOST bytes. */
int webhook_sign_key(struct str text, uint8_t *to, size_t *ret_n, struct err *e) MUST_USE;
/* Appends "v1,..." for each key with that id, with spaces between: both of two while one takes over from the other. False: there
 * is none. */
bool webhook_sign(struct buf *b, const struct webhook_key *keys, size_t n, struct str id, struct str message_id, int64_t at_s, struct str body);

#endif
