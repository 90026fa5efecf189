/* SPDX-License-Identifier: Apache-2.0
 *
 * The types that a puller asks for: names, or prefixes with a star at the end, as types are declared.
 */
#ifndef HANDLER_PULL_PATTERN_H
#define HANDLER_PULL_PATTERN_H

#include "base/str.h"

static inline bool pull_pattern_is_prefix(struct str pattern) { return str_ends(pattern, STR("*")); }

static inline struct str pull_pattern_stem(struct str pattern)
{
    return pull_pattern_is_prefix(pattern) ? str_sub(pattern, 0, pattern.len - 1) : pattern;
}

/* Does it mean this type? */
static inline bool pull_pattern_fits(struct str pattern, struct str type)
{
    return pull_pattern_is_prefix(pattern) ? str_starts(type, pull_pattern_stem(pattern)) : str_eq(pattern, type);
}

/* Is there a type that both mean? */
static inline bool pull_pattern_meets(struct str a, struct str b)
{
    if (!pull_pattern_is_prefix(a)) return pull_pattern_fits(b, a);
    if (!pull_pattern_is_prefix(b)) return pull_pattern_fits(a, b);
    return str_starts(a, pull_pattern_stem(b)) || str_starts(b, pull_pattern_stem(a));
}

#endif
