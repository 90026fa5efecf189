/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts of fixed places: version 0, trace id 3, span id 36, flags 53.
 */
#include "task/trace.h"

#include "base/hash.h"
#include "base/limits.h"

#include <stdio.h>

#define TRACE_ID 3
#define SPAN_ID 36
#define FLAGS 53
#define LENGTH 55

/* Lower case, not only zeros when `some`. */
static bool is_hex(struct str s, bool some)
{
    bool zeros = true;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
        zeros &= c == '0';
    }
    return !(some && zeros);
}

/* A later version may have more behind the flags. */
static bool length_fits(struct str p)
{
    if (p.len < LENGTH) return false;
    if (p.p[0] == '0' && p.p[1] == '0') return p.len == LENGTH;
    return p.len == LENGTH || p.p[LENGTH] == '-';
}

static bool is_parent(struct str p)
{
    if (!length_fits(p) || p.p[TRACE_ID - 1] != '-' || p.p[SPAN_ID - 1] != '-' || p.p[FLAGS - 1] != '-') return false;
    struct str version = str_sub(p, 0, 2);
    return is_hex(version, false) && !str_eq(version, STR("ff")) && is_hex(str_sub(p, TRACE_ID, 32), true) &&
           is_hex(str_sub(p, SPAN_ID, 16), true) && is_hex(str_sub(p, FLAGS, 2), false);
}

static bool is_state(struct str s)
{
    if (s.len > LIMIT_TRACE_STATE) return false;
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] < ' ' || s.p[i] > '~') return false;
    return true;
}

/* Of the flags only `sampled` means something in version 00; the others are to be zero. */
static int sampled(struct str parent) { return str_find(STR("13579bdf"), parent.p[FLAGS + 1]) < 8; }

struct str trace_read(struct str traceparent, struct str tracestate, struct arena *a)
{
    if (!is_parent(traceparent)) return STR_NONE;
    bool state = tracestate.len > 0 && is_state(tracestate);
    return arena_format(a, "00-%.*s-0%d%s%.*s", FLAGS - 1 - TRACE_ID, traceparent.p + TRACE_ID, sampled(traceparent),
                        state ? "\n" : "", state ? (int)tracestate.len : 0, state ? tracestate.p : "");
}

void trace_parent(struct str trace, uint64_t fence, char to[TRACE_PARENT])
{
    struct hash h;
    uint8_t hashed[HASH_SHA256];
    char span[17], bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (char)(fence >> (8 * i));
    hash_init(&h);
    hash_add(&h, STR("span"));
    hash_add(&h, (struct str){bytes, sizeof bytes});
    hash_end(&h, hashed);
    hash_hex(hashed, sizeof bytes, span);
    snprintf(to, TRACE_PARENT, "%.*s-%s-%.2s", SPAN_ID - 1, trace.p, span, trace.p + FLAGS);
}

struct str trace_state(struct str trace)
{
    return trace.len > LENGTH ? str_sub(trace, LENGTH + 1, trace.len - LENGTH - 1) : STR("");
}
