/* SPDX-License-Identifier: Apache-2.0
 *
 * Log, streamed output, progress and checkpoints of an attempt on their way to its run.
 */
#include "handler/attempt.h"
#include "base/limits.h"
#include "handler/utf8.h"
#include <stdio.h>

void attempt_note(struct attempt *a, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    size_t end = len < 0 ? 0 : (size_t)len < sizeof line - 1 ? (size_t)len : sizeof line - 2;
    line[end] = '\n';
    struct buf text;
    buf_init(&text, 3 * sizeof line);
    utf8_add(&text, (struct str){line, end + 1}, true); /* the cut, or what a name had in it */
    a->events->on_log(a, buf_str(&text));
    buf_release(&text);
}

void attempt_captured(struct attempt *a, struct capture *c, struct str bytes)
{
    struct str text;
    while (capture_next(c, &bytes, &text))
        a->events->on_log(a, text);
}

void attempt_capture_ended(struct attempt *a, struct capture *c)
{
    struct str text;
    if (capture_end(c, &text)) a->events->on_log(a, text);
}

void attempt_log(struct attempt *a, const struct frame *f)
{
    struct buf line;
    buf_init(&line, f->level.len + f->text.len + 3);
    buf_add_str(&line, f->level);
    if (f->level.len) buf_add_text(&line, ": ");
    buf_add_str(&line, f->text);
    buf_add_char(&line, '\n');
    a->events->on_log(a, buf_str(&line));
    buf_release(&line);
}

void attempt_progress(struct attempt *a, const struct frame *f) { a->events->on_progress(a, &f->progress); }

void attempt_output(struct attempt *a, int64_t n, struct str text)
{
    if (!a->events->on_output(a, n, text))
        attempt_note(a, "bide: of what it streams out the first %d bytes are kept; what comes from here on is not", LIMIT_OUTPUT);
}

void attempt_save(struct attempt *a, const struct frame *f)
{
    if (f->data.len > LIMIT_SAVE)
        attempt_note(a,
                     "bide: a checkpoint of %zu bytes was dropped, the one before stays: at most %d are kept, larger state"
                     " belongs into files",
                     f->data.len, LIMIT_SAVE);
    else if (f->data.len)
        a->events->on_save(a, str_eq(f->data, STR("null")) ? STR_NONE : f->data);
}
