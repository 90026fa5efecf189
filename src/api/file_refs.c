/* SPDX-License-Identifier: Apache-2.0
 */
#include "api/file_refs.h"

#include "base/limits.h"
#include "task/refs.h"

#define INPUT "/input"

static bool is_among(const struct id *ids, size_t n, const struct id *id)
{
    for (size_t i = 0; i < n; i++)
        if (id_cmp(&ids[i], id) == 0) return true;
    return false;
}

int file_refs_read(struct task_body *body, struct arena *a, struct err *e)
{
    struct ref ref;
    struct id ids[LIMIT_FILE_REFS];
    size_t n = 0, all = 0;
    for (size_t at = 0; refs_next(body->input, &at, &ref); all++) {
        if (all == LIMIT_FILE_REFS) {
            char pointer[REFS_POINTER];
            refs_pointer(body->input, ref.at, INPUT, pointer);
            return err_set_at(e, ERR_TOO_BIG, pointer, "an input may name uploaded files (\"file:ID\") %d times at most", LIMIT_FILE_REFS);
        }
        if (!is_among(ids, n, &ref.file)) ids[n++] = ref.file;
    }
    if (n == 0) return 0;
    struct id *kept = arena_alloc(a, n * sizeof *kept);
    memcpy(kept, ids, n * sizeof *kept);
    body->files = kept;
    body->n_files = n;
    return 0;
}

const struct err *file_refs_missing(const struct store_add_item *item, struct err *e)
{
    struct ref ref;
    char pointer[REFS_POINTER] = INPUT, id[ID_TEXT];
    const struct id *missing = &item->body->files[item->missing];
    for (size_t at = 0; refs_next(item->body->input, &at, &ref);) {
        if (id_cmp(&ref.file, missing) != 0) continue;
        refs_pointer(item->body->input, ref.at, INPUT, pointer);
        break;
    }
    id_format(missing, id);
    (void)err_set_at(e, ERR_UNKNOWN_FILE, pointer, "there is no file %s; upload it with POST /v1/files", id);
    return e;
}
