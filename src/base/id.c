/* SPDX-License-Identifier: Apache-2.0
 *
 * UUIDv7 as RFC 9562 lays it out (section 5.7, with the fixed-length counter of section 6.2, method 1):
 *
 *     | unix ms, 48 bits | 7 | counter, 12 bits | 10 | random, 62 bits |
 *
 * The counter starts at 0 in every new millisecond. When it runs over, or the clock stands or goes back, the maker
 * lives a little in the future of the clock rather than repeat or go back: order within a process is a promise, the
 * time in an id is only good to a few milliseconds.
 */
#include "base/id.h"

#define COUNTER_MAX 0xFFF
#define SERIAL_FROM_MS INT64_C(1577836800000) /* 2020-01-01 */
#define MS_MAX ((INT64_C(1) << 48) - 1)

void id_maker_init(struct id_maker *m, const struct clock *clock, struct rng *rng)
{
    *m = (struct id_maker){.clock = clock, .rng = rng, .last_ms = -1};
}

static void next_place(struct id_maker *m)
{
    int64_t now_ms = clock_wall_ms(m->clock);
    if (now_ms < 0) now_ms = 0;
    if (now_ms > MS_MAX) now_ms = MS_MAX;
    if (now_ms > m->last_ms) {
        m->last_ms = now_ms;
        m->counter = 0;
    } else if (m->counter < COUNTER_MAX) {
        m->counter++;
    } else {
        m->last_ms++;
        m->counter = 0;
    }
}

struct id id_make(struct id_maker *m)
{
    next_place(m);
    struct id id;
    uint64_t ms = (uint64_t)m->last_ms, chance = rng_next(m->rng);
    for (int i = 0; i < 6; i++) id.b[i] = (uint8_t)(ms >> (40 - 8 * i));
    id.b[6] = (uint8_t)(0x70 | m->counter >> 8);
    id.b[7] = (uint8_t)m->counter;
    for (int i = 8; i < 16; i++) id.b[i] = (uint8_t)(chance >> (8 * (15 - i)));
    id.b[8] = (uint8_t)(0x80 | (id.b[8] & 0x3F));
    return id;
}

bool id_is_derived(const struct id *id) { return id->b[6] >> 4 == 8; }

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static bool is_dash_place(size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

int id_parse(struct id *ret_id, struct str text)
{
    struct id id = {{0}};
    size_t digits = 0;
    if (text.len != ID_TEXT - 1) return ERR_INVALID;
    for (size_t i = 0; i < text.len; i++) {
        if (is_dash_place(i)) {
            if (text.p[i] != '-') return ERR_INVALID;
            continue;
        }
        int value = hex_value(text.p[i]);
        if (value < 0) return ERR_INVALID;
        id.b[digits / 2] = (uint8_t)(id.b[digits / 2] << 4 | value);
        digits++;
    }
    *ret_id = id;
    return 0;
}

static const char hex[] = "0123456789abcdef";

static char *put_hex(char *to, const uint8_t *from, int n, char after)
{
    for (int i = 0; i < n; i++) {
        *to++ = hex[from[i] >> 4];
        *to++ = hex[from[i] & 15];
    }
    *to = after;
    return to + 1;
}

void id_format(const struct id *id, char text[ID_TEXT])
{
    char *at = put_hex(text, id->b, 4, '-');
    at = put_hex(at, id->b + 4, 2, '-');
    at = put_hex(at, id->b + 6, 2, '-');
    at = put_hex(at, id->b + 8, 2, '-');
    put_hex(at, id->b + 10, 6, '\0');
}

int id_cmp(const struct id *a, const struct id *b) { return memcmp(a->b, b->b, sizeof a->b); }

int64_t id_ms(const struct id *id)
{
    int64_t ms = 0;
    for (int i = 0; i < 6; i++) ms = ms << 8 | id->b[i];
    return ms;
}

int64_t id_serial(const struct id *id)
{
    return (id_ms(id) - SERIAL_FROM_MS) * (COUNTER_MAX + 1) + ((id->b[6] & 0x0F) << 8 | id->b[7]);
}

int id_of_serial(struct id *ret_id, int64_t serial)
{
    const int64_t below = SERIAL_FROM_MS * (COUNTER_MAX + 1); /* numbers of the time before it */
    if (serial < -below || serial >= (INT64_C(1) << 60) - below) return ERR_INVALID;
    uint64_t ms = (uint64_t)(serial + below) / (COUNTER_MAX + 1), counter = (uint64_t)(serial + below) % (COUNTER_MAX + 1);
    struct id id = {{0}};
    for (int i = 0; i < 6; i++) id.b[i] = (uint8_t)(ms >> (40 - 8 * i));
    id.b[6] = (uint8_t)(0x70 | counter >> 8);
    id.b[7] = (uint8_t)counter;
    *ret_id = id;
    return 0;
}

uint64_t id_fence(struct rng *rng)
{
    uint64_t fence;
    do fence = rng_next(rng);
    while (fence == 0);
    return fence;
}

int id_fence_parse(uint64_t *ret_fence, struct str text)
{
    uint64_t fence = 0;
    if (text.len != FENCE_TEXT - 1) return ERR_INVALID;
    for (size_t i = 0; i < text.len; i++) {
        int value = hex_value(text.p[i]);
        if (value < 0) return ERR_INVALID;
        fence = fence << 4 | (uint64_t)value;
    }
    *ret_fence = fence;
    return 0;
}

void id_fence_format(uint64_t fence, char text[FENCE_TEXT])
{
    for (int i = 0; i < FENCE_TEXT - 1; i++) text[i] = hex[fence >> (60 - 4 * i) & 15];
    text[FENCE_TEXT - 1] = '\0';
}
