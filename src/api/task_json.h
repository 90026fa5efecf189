/* SPDX-License-Identifier: Apache-2.0
 *
 * The one object: the task, as every route shows it.
 */
#ifndef API_TASK_JSON_H
#define API_TASK_JSON_H

#include "api/api.h"
#include "api/etag.h"
#include "base/json_write.h"
#include "base/limits.h"

/* No task's object is larger: every text at its limit and six bytes for each of its bytes when escaped, file names of 255
 * bytes, input and result shown inline, and what has a fixed size. */
#define TASK_JSON_MAX                                                                                             \
    (6 * (LIMIT_DETAIL + 2 * LIMIT_MESSAGE + LIMIT_SUBJECT + LIMIT_TAGS * (LIMIT_TAG_KEY + LIMIT_TAG_VALUE + 1) + \
          5 * LIMIT_NAME + LIMIT_FILES * 256) +                                                                   \
     LIMIT_PROGRESS_DATA + 2 * LIMIT_INLINE + 16 * 1024)

enum task_show {
    TASK_SHOW_NEITHER = 0,
    TASK_SHOW_INPUT = 1,
    TASK_SHOW_RESULT = 2,
    TASK_SHOW_WHOLE = 3,
    TASK_SHOW_SHARE = 4,  /* the address under which it may be shared, too */
    TASK_SHOW_SHARED = 8, /* its addresses are below that one, and none but those that may be read there */
};

/* Which of the last two, by what was asked. */
static inline unsigned task_json_of(const struct call *c)
{
    return c->shared ? TASK_SHOW_SHARED : c->shares ? TASK_SHOW_SHARE : TASK_SHOW_NEITHER;
}

/* `show`: of enum task_show. With input and result, or without (those the store left out for their size are null). What a live
 * attempt knows better (progress) is taken from its run. */
void task_json_write(struct buf *b, struct server *s, const struct task *t, unsigned show);
/* As text in the arena, with all of it, unless that is more than an input may be. */
struct str task_json_whole(struct arena *a, struct server *s, const struct task *t);
/* Where it stands in line, and what became of its webhook; zeroed: not known. */
struct task_place {
    int64_t position;  /* 0: in no line */
    int64_t eta_at_ms; /* wall, 0: not known */
    const struct task *delivery; /* NULL: there is none */
};
/* The same with its place, and its tag. */
void task_json_write_placed(struct buf *b, struct server *s, const struct task *t, unsigned show, const struct task_place *place,
                            char etag[ETAG_TEXT]);
/* {"id":"..."} */
void task_json_write_id(struct buf *b, const struct id *id);
#define TASK_JSON_PATH (10 + ID_TEXT) /* "/v1/tasks/...", NUL included */
struct str task_json_path(const struct id *id, char path[TASK_JSON_PATH]);
void task_json_write_error(struct buf *b, const struct failure *f); /* null when there is none */

#endif
