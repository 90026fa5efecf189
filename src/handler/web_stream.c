/* SPDX-License-Identifier: Apache-2.0
 *
 * See web_stream.h.
 */
#include "handler/web_stream.h"
#include "base/arena.h"
#include "base/limits.h"
#include "handler/attempt.h"
#include "handler/exec_answer.h"
#include "handler/utf8.h"
#include <stdio.h>

static void fail(struct web_stream *s, const char *what, struct str why)
{
    s->failed = true;
    snprintf(s->why, sizeof s->why, "%s%.*s", what, STR_ARG(utf8_head(why, sizeof s->why / 2)));
}

static bool on_event(struct sse *sse)
{
    struct web_stream *s = sse->user;
    struct str data = buf_str(&sse->data);
    struct exec_answer event;
    struct arena words = {0};
    if (s->conf->end[0] && str_eq(str_trim(data), str_of(s->conf->end))) {
        s->ended = true;
        return false;
    }
    exec_answer_init(&event, data);
    struct str error = exec_answer_text(&event, s->conf->error, &words);
    if (!event.is_json) {
        fail(s, "an event of the stream is not JSON: ", str_of(event.err.text));
    } else if (error.len) {
        fail(s, "the stream says: ", error);
    } else {
        struct str piece = exec_answer_text(&event, s->conf->piece, &words);
        buf_add_str(&s->text, piece);
        s->too_large = buf_err(&s->text) != 0;
        if (piece.len && !s->too_large) attempt_output(s->attempt, -1, piece);
    }
    exec_answer_release(&event);
    arena_release(&words);
    return !web_stream_is_over(s);
}

void web_stream_init(struct web_stream *s, const struct web_stream_conf *conf, struct attempt *a)
{
    *s = (struct web_stream){.conf = conf, .attempt = a};
    sse_init(&s->sse, LIMIT_SSE_EVENT, on_event, s);
    buf_init(&s->text, LIMIT_RESULT);
}

void web_stream_release(struct web_stream *s)
{
    sse_release(&s->sse);
    buf_release(&s->text);
}

void web_stream_add(struct web_stream *s, struct str bytes)
{
    s->used = true;
    if (!web_stream_is_over(s) && sse_add(&s->sse, bytes) != 0) fail(s, "an event of the stream is too long", STR_NONE);
}

void web_stream_close(struct web_stream *s)
{
    if (!s->used || web_stream_is_over(s)) return;
    if (s->conf->end[0]) fail(s, "the stream broke off: it ended without ", str_of(s->conf->end));
    else s->ended = true;
}
