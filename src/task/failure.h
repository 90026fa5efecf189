/* SPDX-License-Identifier: Apache-2.0
 *
 * The fixed table of error codes that a task can carry, and the error itself. A worker may name a code of its own
 * (`fail` with code "quota"): it is kept as text and treated as worker_error.
 */
#ifndef TASK_FAILURE_H
#define TASK_FAILURE_H

#include "base/str.h"

enum failure_code {
#define FAILURE(name, word, retryable, text) FAILURE_##name,
#include "task/failure.def"
#undef FAILURE
    FAILURE_COUNT
};

struct failure {
    struct str code;    /* word; len 0: no error. At most LIMIT_NAME bytes */
    struct str message; /* at most LIMIT_MESSAGE bytes */
    struct str detail;  /* traceback, stderr tail; at most LIMIT_DETAIL bytes */
    struct str type;    /* exception class; at most LIMIT_NAME bytes */
    int attempt;        /* the attempt it comes from, 0: none (cancelled, expired) */
    int64_t at_ms;      /* wall */
};

struct str failure_word(enum failure_code c);
struct str failure_text(enum failure_code c);
bool failure_retryable(enum failure_code c);
enum failure_code failure_of(struct str word); /* FAILURE_WORKER_ERROR for words that are not in the table */

#endif
