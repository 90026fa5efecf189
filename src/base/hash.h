/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 (FIPS 180-4), by nettle. The only place that knows the library.
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

#endif
