/* SPDX-License-Identifier: Apache-2.0
 *
 * An uploaded file as plain data, and how long it is kept, pure. Its bytes are with blob/, under its id.
 */
#ifndef TASK_FILE_H
#define TASK_FILE_H

#include "base/hash.h"
#include "base/id.h"

enum file_keep { /* stored */
    FILE_KEEP_RECORD,  /* while a task that refers to it is kept; without one for a time */
    FILE_KEEP_TASK,    /* until the last task that refers to it has ended; without one for a time */
    FILE_KEEP_FOREVER, /* until somebody removes it */
};

struct file {
    struct id id;
    int64_t tenant;   /* as in struct task_body */
    struct str name;  /* file_name_is_good, or empty: none was said */
    struct str type;  /* media type, not empty */
    int64_t bytes;
    uint8_t sha256[HASH_SHA256];
    int64_t created_at_ms; /* wall */
    enum file_keep keep;
};

#define FILE_FOREVER -1 /* as a time to be kept */

/* Is its time over? `referred`: by a task that is there; `live`: by one that has not ended, or that something is still to follow; `retain_ms`: without any. */
bool file_is_due(enum file_keep keep, int64_t created_at_ms, bool referred, bool live, int64_t retain_ms, int64_t now_ms);
/* When time alone will make it due: wall; INT64_MAX: it will not. */
int64_t file_due_ms(enum file_keep keep, int64_t created_at_ms, bool referred, int64_t retain_ms);

const char *file_keep_word(enum file_keep keep);
bool file_keep_of(struct str word, enum file_keep *ret);
/* One component of a path that hurts nobody: 1 to LIMIT_FILE_NAME bytes of UTF-8, no '/', no control characters, not . or .. */
bool file_name_is_good(struct str name);

#endif
