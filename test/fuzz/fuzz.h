/* SPDX-License-Identifier: Apache-2.0
 *
 * What the fuzz targets share: must(), which says what did not hold before it stops the program, a look at whether a
 * text is JSON that bide may send, and cuts: the places where a stream of bytes is divided, drawn from a hash of the
 * bytes themselves, so that the same input is always cut the same way.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include "base/arena.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* For a target that takes long: in corpus_main.c each file is cut at so many places, all over it. */
#define FUZZ_CUTS(n)               \
    extern const size_t fuzz_cuts; \
    const size_t fuzz_cuts = n

#define must(holds) fuzz_must((holds), #holds, __FILE__, __LINE__)

static inline void fuzz_must(bool holds, const char *what, const char *file, int line)
{
    if (holds) return;
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

static inline bool fuzz_is_utf8(struct str s) { return text_utf8_valid(s) == s.len; }

#define FUZZ_ANY_KIND (-1)
/* JSON that is UTF-8, of that kind: an answer or a frame, which may be a little deeper than what comes in. */
static inline void fuzz_must_be_json(struct str text, int kind)
{
    struct json j;
    struct err e = {0};
    json_init(&j);
    j.envelope = LIMIT_JSON_ENVELOPE;
    j.any_size = true;
    if (json_parse(&j, text, &e)) fprintf(stderr, "%s in: %.*s\n", e.text, STR_ARG(str_sub(text, 0, 2000)));
    must(e.code == 0);
    must(kind == FUZZ_ANY_KIND || (int)json_root(&j)->kind == kind);
    must(fuzz_is_utf8(text));
    json_release(&j);
}

/* The next piece of *rest, which is shortened by it: of 1 to 127 bytes, mostly few. `*chance` 0: all of it. */
static inline struct str fuzz_cut(struct str *rest, uint64_t *chance)
{
    *chance = *chance * 6364136223846793005u + 1442695040888963407u * (*chance != 0);
    size_t len = *chance ? 1 + (*chance >> 33) % ((size_t)1 << ((*chance >> 60) & 7)) : rest->len;
    struct str piece = str_sub(*rest, 0, len);
    *rest = str_sub(*rest, piece.len, rest->len);
    return piece;
}

/* Where to begin with fuzz_cut for these bytes. */
static inline uint64_t fuzz_chance(struct str bytes) { return str_hash(bytes) | 1; }

/* The input into `b`; when it begins with 0xFE, each of those (6 at most) as so many blanks. Not under libFuzzer: it would
 * do little else. */
static inline void fuzz_blanks(struct buf *b, struct str in, size_t blanks)
{
#ifdef FUZZ_BY_LIBFUZZER
    bool grows = false;
#else
    bool grows = in.len && (unsigned char)in.p[0] == 0xFE;
#endif
    int n = 0;
    for (size_t i = 0; i < in.len; i++) {
        if (!grows || (unsigned char)in.p[i] != 0xFE) buf_add_char(b, in.p[i]);
        else if (n++ < 6) memset(buf_room(b, blanks), ' ', blanks), buf_wrote(b, blanks);
    }
    must(!buf_err(b));
}

static inline void fuzz_mix(uint64_t *hash, struct str s) { *hash = (*hash ^ str_hash(s) ^ s.len) * 0x9E3779B97F4A7C15u; }
static inline void fuzz_mix_int(uint64_t *hash, int64_t n) { *hash = (*hash ^ (uint64_t)n) * 0x9E3779B97F4A7C15u; }

#endif
