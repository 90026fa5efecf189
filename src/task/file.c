/* SPDX-License-Identifier: Apache-2.0
 */
#include "task/file.h"

#include "base/limits.h"
#include "base/text.h"

static const char *const words[] = {[FILE_KEEP_RECORD] = "record", [FILE_KEEP_TASK] = "task", [FILE_KEEP_FOREVER] = "forever"};

int64_t file_due_ms(enum file_keep keep, int64_t created_at_ms, bool referred, int64_t retain_ms)
{
    if (keep == FILE_KEEP_FOREVER || referred || retain_ms == FILE_FOREVER) return INT64_MAX;
    return created_at_ms + retain_ms;
}

bool file_is_due(enum file_keep keep, int64_t created_at_ms, bool referred, bool live, int64_t retain_ms, int64_t now_ms)
{
    if (keep == FILE_KEEP_TASK && referred) return !live;
    return file_due_ms(keep, created_at_ms, referred, retain_ms) <= now_ms;
}

const char *file_keep_word(enum file_keep keep) { return words[keep]; }

bool file_keep_of(struct str word, enum file_keep *ret)
{
    for (int i = 0; i < 3; i++) {
        if (!str_eq(word, str_of(words[i]))) continue;
        *ret = (enum file_keep)i;
        return true;
    }
    return false;
}

bool file_name_is_good(struct str name)
{
    if (name.len == 0 || name.len > LIMIT_FILE_NAME || text_utf8_valid(name) != name.len) return false;
    if (str_eq(name, STR(".")) || str_eq(name, STR(".."))) return false;
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.p[i] < 0x20 || name.p[i] == 0x7F || name.p[i] == '/') return false;
    return true;
}
