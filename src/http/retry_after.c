/* SPDX-License-Identifier: Apache-2.0
 *
 * See retry_after.h. Dates are read by strptime, whose names of days and months are English: this program has no locale.
 */
#include "http/retry_after.h"
#include "base/limits.h"
#include "base/text.h"
#include <time.h>

static bool read_date(struct str value, int64_t *ret_ms)
{
    static const char *const forms[] = {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"};
    char text[64];
    if (!str_copy(text, sizeof text, value)) return false;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct tm tm = {0};
        const char *end = strptime(text, forms[i], &tm);
        if (!end || *end) continue;
        *ret_ms = (int64_t)timegm(&tm) * 1000;
        return true;
    }
    return false;
}

int64_t retry_after_ms(struct str value, int64_t now_wall_ms)
{
    int64_t seconds = 0, at_ms, in_ms = 0;
    bool digits = value.len > 0;
    for (size_t i = 0; i < value.len; i++) digits = digits && value.p[i] >= '0' && value.p[i] <= '9';
    if (digits && (text_int(&seconds, value) != 0 || seconds > LIMIT_RETRY_AFTER_MS / 1000)) return LIMIT_RETRY_AFTER_MS;
    if (digits) return seconds * 1000;
    if (read_date(value, &at_ms)) in_ms = at_ms - now_wall_ms;
    return in_ms <= 0 ? 0 : in_ms > LIMIT_RETRY_AFTER_MS ? LIMIT_RETRY_AFTER_MS : in_ms;
}
