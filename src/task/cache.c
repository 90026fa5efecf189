/* SPDX-License-Identifier: Apache-2.0
 *
 * Lengths are eight bytes, least significant first, as on every machine: a store may be carried to another one.
 */
#include "task/cache.h"

#include "base/hash.h"

_Static_assert(TASK_PRINT == HASH_SHA256, "");

static void add_number(struct hash *h, uint64_t n)
{
    char bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (char)(n >> (8 * i));
    hash_add(h, (struct str){bytes, sizeof bytes});
}

static void add_text(struct hash *h, struct str text)
{
    add_number(h, text.len);
    if (text.len) hash_add(h, text);
}

void cache_print(const struct task_body *body, struct str version, uint8_t ret[TASK_PRINT])
{
    struct hash h;
    hash_init(&h);
    add_number(&h, (uint64_t)body->tenant);
    add_text(&h, body->type);
    add_text(&h, version);
    add_text(&h, body->input);
    hash_end(&h, ret);
}
