/* SPDX-License-Identifier: Apache-2.0
 *
 * In a file of its own: it takes a hash, which not everybody who has ids links.
 */
#include "base/hash.h"
#include "base/id.h"

#include <string.h>

struct id id_derive(const struct id *of, uint32_t which, int64_t ms)
{
    struct hash h;
    uint8_t sum[HASH_SHA256];
    struct id id;
    hash_init(&h);
    hash_add(&h, id_key(of));
    hash_add(&h, (struct str){(const char *)&which, sizeof which});
    hash_end(&h, sum);
    for (int i = 0; i < 6; i++) id.b[i] = (uint8_t)((uint64_t)ms >> (40 - 8 * i));
    memcpy(id.b + 6, sum, sizeof id.b - 6);
    id.b[6] = (uint8_t)(0x80 | (id.b[6] & 0x0F));
    id.b[8] = (uint8_t)(0x80 | (id.b[8] & 0x3F));
    return id;
}
