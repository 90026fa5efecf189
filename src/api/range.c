/* SPDX-License-Identifier: Apache-2.0
 *
 *   bytes=0-499   the first 500        bytes=500-   from there on        bytes=-500   the last 500
 */
#include "api/range.h"

#include "base/text.h"

/* Digits only; what is too large for a number is beyond every file. */
static bool number(struct str s, int64_t *ret)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] < '0' || s.p[i] > '9') return false;
    if (s.len == 0) return false;
    if (text_int(ret, s)) *ret = INT64_MAX;
    return true;
}

enum range_kind range_read(struct str header, int64_t size, int64_t *ret_from, int64_t *ret_len)
{
    struct str unit = str_trim(str_cut(&header, '=')), spec = str_trim(header);
    if (!str_eq_nocase(unit, STR("bytes")) || str_find(spec, '-') == spec.len) return RANGE_WHOLE;
    struct str first = str_trim(str_cut(&spec, '-')), last = str_trim(spec);
    int64_t from = 0, to = INT64_MAX, suffix = 0;
    if (first.len == 0) {
        if (!number(last, &suffix)) return RANGE_WHOLE;
        if (suffix == 0) return RANGE_BEYOND;
        if (size == 0) return RANGE_WHOLE; /* its last bytes are all there are: none */
        from = suffix < size ? size - suffix : 0;
    } else if (!number(first, &from) || (last.len && !number(last, &to)) || to < from) {
        return RANGE_WHOLE;
    }
    if (from >= size) return RANGE_BEYOND;
    *ret_from = from;
    *ret_len = (to < size ? to + 1 : size) - from;
    return RANGE_PART;
}
