/* SPDX-License-Identifier: Apache-2.0
 *
 * nettle's context in ours.
 */
#include "base/hash.h"

#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>

_Static_assert(sizeof(struct sha256_ctx) <= sizeof(struct hash), "the library's context must fit");
_Static_assert(HASH_SHA256 == SHA256_DIGEST_SIZE && HASH_SHA1 == SHA1_DIGEST_SIZE, "");

void hash_init(struct hash *h)
{
    sha256_init((struct sha256_ctx *)(void *)h);
}

void hash_add(struct hash *h, struct str bytes)
{
    sha256_update((struct sha256_ctx *)(void *)h, bytes.len, (const uint8_t *)bytes.p);
}

void hash_end(struct hash *h, uint8_t ret[HASH_SHA256])
{
    sha256_digest((struct sha256_ctx *)(void *)h, HASH_SHA256, ret);
}

void hash_hmac(struct str key, const struct str *parts, size_t n, uint8_t ret[HASH_SHA256])
{
    struct hmac_sha256_ctx context;
    hmac_sha256_set_key(&context, key.len, (const uint8_t *)key.p);
    for (size_t i = 0; i < n; i++) hmac_sha256_update(&context, parts[i].len, (const uint8_t *)parts[i].p);
    hmac_sha256_digest(&context, HASH_SHA256, ret);
}

void hash_hex(const uint8_t *bytes, size_t n, char *ret)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        ret[2 * i] = digits[bytes[i] >> 4];
        ret[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret[2 * n] = '\0';
}

bool hash_same(const void *a, const void *b, size_t n) { return memeql_sec(a, b, n) != 0; }

void hash_sha1(struct str bytes, uint8_t ret[HASH_SHA1])
{
    struct sha1_ctx context;
    sha1_init(&context);
    sha1_update(&context, bytes.len, (const uint8_t *)bytes.p);
    sha1_digest(&context, HASH_SHA1, ret);
}
