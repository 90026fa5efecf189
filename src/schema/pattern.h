/* SPDX-License-Identifier: Apache-2.0
 *
 * Regular expressions as JSON Schema means them: ECMA-262 with the flag u, not anchored. PCRE2 does the work; what ECMA-262
 * does not have is refused here, and what the two mean differently is written as ECMA-262 means it (pattern_ecma.c).
 */
#ifndef SCHEMA_PATTERN_H
#define SCHEMA_PATTERN_H

#include "base/arena.h"
#include "base/err.h"
#include "base/buf.h"
#include "schema/steps.h"

#define PATTERN_MAX (64 * 1024) /* bytes of one */

struct pattern; /* never changes; lives in the arena it was compiled in */

/* ERR_INVALID with the reason. */
int pattern_compile(const struct pattern **ret, struct arena *a, struct str source, struct err *e) MUST_USE;
struct str pattern_source(const struct pattern *p);
/* Is it found in `text`, which is UTF-8? When it takes too long, the steps are spent and the answer is false. */
bool pattern_is_in(const struct pattern *p, struct str text, struct steps *steps);

/* pattern_ecma.c: the same for PCRE2, appended to `b`. */
int pattern_for_pcre(struct buf *b, struct str source, struct err *e) MUST_USE;

#endif
