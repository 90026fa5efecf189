/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 and SHA-1 (FIPS 180-4), HMAC, by nettle. The only place that knows the library.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/str.h"

#define HASH_SHA256 32

struct hash {
    uint64_t state[32]; /* the library's, opaque */
};

void hash_init(struct hash *h);
void hash_add(struct hash *h, struct str bytes);
void hash_end(struct hash *h, uint8_t ret[HASH_SHA256]);

/* HMAC-SHA256 (RFC 2104, FIPS 198-1) of the parts one after the other. */
void hash_hmac(struct str key, const struct str *parts, size_t n, uint8_t ret[HASH_SHA256]);

/* The first n bytes of a sum, or of anything, as lower-case hex digits; a NUL behind them. */
void hash_hex(const uint8_t *bytes, size_t n, char *ret);

/* Are the n bytes the same? Takes as long whether and wherever they differ. */
bool hash_same(const void *a, const void *b, size_t n);

/* Only where a protocol demands it (RFC 6455 section 4.2.2): it resists nobody any more. */
#define HASH_SHA1 20
void hash_sha1(struct str bytes, uint8_t ret[HASH_SHA1]);

#endif
