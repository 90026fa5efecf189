/* SPDX-License-Identifier: Apache-2.0
 *
 * error.code as a table, made from failure.def.
 */
#include "task/failure.h"

static const struct {
    const char *word, *text;
    bool retryable;
} failures[] = {
#define FAILURE(name, word, retryable, text) {word, text, retryable},
#include "task/failure.def"
#undef FAILURE
};

struct str failure_word(enum failure_code c)
{
    return str_of(failures[c].word);
}

struct str failure_text(enum failure_code c)
{
    return str_of(failures[c].text);
}

bool failure_retryable(enum failure_code c)
{
    return failures[c].retryable;
}

enum failure_code failure_of(struct str word)
{
    for (int c = 0; c < FAILURE_COUNT; c++)
        if (str_eq(word, str_of(failures[c].word))) return (enum failure_code)c;
    return FAILURE_WORKER_ERROR;
}
