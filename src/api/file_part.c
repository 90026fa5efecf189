/* SPDX-License-Identifier: Apache-2.0
 */
#include "api/file_part.h"

#include "api/media.h"
#include "base/limits.h"
#include "base/text.h"
#include "task/file.h"

struct str file_part_last(struct str name)
{
    size_t at = name.len;
    while (at > 0 && name.p[at - 1] != '/' && name.p[at - 1] != '\\') at--;
    return str_sub(name, at, name.len);
}

int file_part_name(struct str name, struct err *e)
{
    if (file_name_is_good(name)) return 0;
    return err_set(e, ERR_INVALID, "a file's name has 1 to %d bytes of UTF-8, no '/', no control characters, and is not . or ..", LIMIT_FILE_NAME);
}

/* curl --data-binary says urlencoded where nobody said anything. */
int file_part_type(struct arena *a, struct str type, struct str name, struct str *ret, struct err *e)
{
    struct str media = str_trim(str_sub(type, 0, str_find(type, ';')));
    if (type.len == 0 || str_eq_nocase(media, STR("application/x-www-form-urlencoded"))) {
        *ret = str_of(media_type(name));
        return 0;
    }
    size_t slash = str_find(media, '/');
    if (slash == 0 || slash + 1 >= media.len || type.len > LIMIT_FILE_TYPE || text_utf8_valid(type) != type.len)
        return err_set(e, ERR_INVALID, "a Content-Type is like audio/wav and has at most %d bytes", LIMIT_FILE_TYPE);
    *ret = arena_str(a, type);
    return 0;
}
