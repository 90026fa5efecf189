/* SPDX-License-Identifier: Apache-2.0
 *
 * HMAC-SHA256 of "id.timestamp.body", in base64.
 */
#include "handler/webhook_sign.h"

#include "base/base64.h"
#include "base/hash.h"

#include <stdio.h>
#include <string.h>

int webhook_sign_key(struct str text, uint8_t *to, size_t *ret_n, struct err *e)
{
    static const char prefix[] = "whsec_";
    uint8_t bytes[BASE64_BYTES(WEBHOOK_KEY_MOST * 4 / 3 + 8)];
    bool begins = str_starts(text, str_of(prefix));
    struct str rest = str_sub(text, sizeof prefix - 1, text.len);
    bool good = begins && rest.len <= WEBHOOK_KEY_MOST * 4 / 3 + 4 && base64_decode(rest, bytes, ret_n) == 0 &&
                *ret_n >= WEBHOOK_KEY_LEAST && *ret_n <= WEBHOOK_KEY_MOST;
    if (good) memcpy(to, bytes, *ret_n);
    explicit_bzero(bytes, sizeof bytes);
    if (good) return 0;
    return err_set(e, ERR_INVALID, "a secret is whsec_ and then %d to %d bytes in base64, as `openssl rand -base64 32` makes them", WEBHOOK_KEY_LEAST,
                   WEBHOOK_KEY_MOST);
}

bool webhook_sign(struct buf *b, const struct webhook_key *keys, size_t n, struct str id, struct str message_id, int64_t at_s, struct str body)
{
    char time[32], text[BASE64_TEXT(HASH_SHA256)];
    bool any = false;
    snprintf(time, sizeof time, ".%lld.", (long long)at_s);
    const struct str parts[] = {message_id, str_of(time), body};
    for (size_t i = 0; i < n; i++) {
        uint8_t sum[HASH_SHA256];
        if (!str_eq(keys[i].id, id)) continue;
        hash_hmac(keys[i].key, parts, 3, sum);
        base64_encode(sum, sizeof sum, text);
        buf_add_format(b, "%sv1,%s", any ? " " : "", text);
        any = true;
    }
    return any;
}
