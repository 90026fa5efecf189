/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys of the objects that are open while a text is parsed, one stack for all: an object's keys lie on those of the
 * objects around it, and go when it closes, after the search for duplicates. So a key costs memory only until its
 * object ends, and none is needed in a node. Used by json_parse.c only.
 *
 *     {"a":1,"b":{"x":1,"y":[{"z":  :   a b | x y | z        each object knows where its own begin
 */
#ifndef BASE_JSON_KEYS_H
#define BASE_JSON_KEYS_H

#include "base/err.h"
#include "base/str.h"

#define JSON_KEYS_FIRST 32 /* so many cost no malloc */

struct json_key_span {
    uint32_t start, len; /* in the text, without quotes */
    bool escaped;
};

struct json_keys {
    struct str text;             /* borrowed */
    struct json_key_span *spans; /* `first`, or owned */
    uint32_t n, cap;
    struct json_key_span first[JSON_KEYS_FIRST];
};

void json_keys_init(struct json_keys *k, struct str text);
void json_keys_release(struct json_keys *k);
int json_keys_push(struct json_keys *k, struct str key, bool escaped) MUST_USE; /* ERR_NOMEM; `key`: part of the text */
/* Looks among the keys from place `from` on for one that an earlier one of them equals, compared unescaped. Returns 0
 * and its place in *ret_twice (the number of keys when all differ), or ERR_NOMEM. Time is linear in the size of the
 * keys, also for hostile ones. */
int json_keys_twice(const struct json_keys *k, uint32_t from, uint32_t *ret_twice) MUST_USE;

static inline struct str json_keys_raw(const struct json_keys *k, uint32_t place)
{
    return (struct str){k->text.p + k->spans[place].start, k->spans[place].len};
}

#endif
