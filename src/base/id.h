/* SPDX-License-Identifier: Apache-2.0
 *
 * Task ids: UUIDv7 (RFC 9562 section 5.7), made by the node, strictly increasing within one process: 48 bits
 * of wall milliseconds, a 12-bit counter in rand_a, 62 random bits. And fences: random 64-bit tokens of one
 * attempt, 16 hex digits outside, never a JSON number.
 */
#ifndef BASE_ID_H
#define BASE_ID_H

#include "base/clock.h"
#include "base/err.h"
#include "base/rng.h"
#include "base/str.h"

#define ID_TEXT 37    /* 36 characters and a NUL */
#define FENCE_TEXT 17 /* 16 characters and a NUL */

struct id {
    uint8_t b[16]; /* network order: memcmp is time order */
};

struct id_maker {
    const struct clock *clock; /* borrowed */
    struct rng *rng;           /* borrowed */
    int64_t last_ms;
    uint16_t counter;
};

void id_maker_init(struct id_maker *m, const struct clock *clock, struct rng *rng);
struct id id_make(struct id_maker *m); /* greater than all before, also when the clock goes back */
int id_parse(struct id *ret_id, struct str text) MUST_USE; /* ERR_INVALID; any UUID in 8-4-4-4-12 form, either case */
void id_format(const struct id *id, char text[ID_TEXT]);   /* lower case */
int id_cmp(const struct id *a, const struct id *b);
static inline struct str id_key(const struct id *id) { return (struct str){(const char *)id->b, sizeof id->b}; }
int64_t id_ms(const struct id *id); /* the time in it */

/* One that belongs to another, made of that and of what tells several apart, and the same each time: UUIDv8 (RFC 9562 section
 * 5.8), the time in front as in all. No id_make makes such a one. */
struct id id_derive(const struct id *of, uint32_t which, int64_t ms);
bool id_is_derived(const struct id *id);

/* The part in front of its chance as a number: the order of time, the same for no two ids of one process. Below 2^53 until the
 * year 2089, so that it is safe as a number of JSON. */
int64_t id_serial(const struct id *id);
int id_of_serial(struct id *ret_id, int64_t serial) MUST_USE; /* the least id of this number; ERR_INVALID: it is of none */

uint64_t id_fence(struct rng *rng); /* never 0 */
int id_fence_parse(uint64_t *ret_fence, struct str text) MUST_USE; /* exactly 16 hex digits */
void id_fence_format(uint64_t fence, char text[FENCE_TEXT]);

#endif
