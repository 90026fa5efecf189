/* SPDX-License-Identifier: Apache-2.0
 *
 * See sse.h. An event that was not ended by a blank line is no event, as the standard has it, and its id is not where to go on from.
 */
#include "base/sse.h"

#include "base/text.h"

void sse_init(struct sse *s, size_t max, bool (*on_event)(struct sse *s), void *user)
{
    *s = (struct sse){.on_event = on_event, .user = user};
    buf_init(&s->line, max);
    buf_init(&s->data, max);
}

void sse_release(struct sse *s)
{
    buf_release(&s->line);
    buf_release(&s->data);
}

static void begin_event(struct sse *s)
{
    buf_clear(&s->data);
    s->has_data = false;
    s->name[0] = '\0';
}

void sse_again(struct sse *s)
{
    buf_clear(&s->line);
    begin_event(s);
    memcpy(s->coming, s->id, sizeof s->id);
    s->begun = s->after_cr = s->stopped = false;
}

static void end_event(struct sse *s)
{
    memcpy(s->id, s->coming, sizeof s->id);
    if (s->has_data && !s->on_event(s)) s->stopped = true;
    begin_event(s);
}

static void take_word(char to[SSE_WORD], struct str value)
{
    if (memchr(value.p ? value.p : "", '\0', value.len)) return;
    if (!str_copy(to, SSE_WORD, value)) to[0] = '\0';
}

static void take_line(struct sse *s)
{
    struct str value = buf_str(&s->line);
    int64_t ms;
    if (!s->begun && str_starts(value, STR("\xEF\xBB\xBF"))) value = str_sub(value, 3, value.len);
    s->begun = true;
    if (value.len == 0) {
        end_event(s);
        return;
    }
    struct str field = str_cut(&value, ':'); /* of a comment: empty */
    if (value.len && value.p[0] == ' ') value = str_sub(value, 1, value.len);
    if (str_eq(field, STR("event"))) take_word(s->name, value);
    else if (str_eq(field, STR("id"))) take_word(s->coming, value);
    else if (str_eq(field, STR("retry")) && text_int(&ms, value) == 0 && ms > 0) s->retry_ms = ms;
    else if (str_eq(field, STR("data"))) {
        if (s->has_data) buf_add_char(&s->data, '\n');
        buf_add_str(&s->data, value);
        s->has_data = true;
    }
}

int sse_add(struct sse *s, struct str bytes)
{
    while (bytes.len && !s->stopped) {
        if (s->after_cr && bytes.p[0] == '\n') bytes = str_sub(bytes, 1, bytes.len);
        s->after_cr = false;
        size_t end = 0;
        while (end < bytes.len && bytes.p[end] != '\n' && bytes.p[end] != '\r') end++;
        buf_add(&s->line, bytes.p, end);
        if (end < bytes.len) {
            s->after_cr = bytes.p[end] == '\r';
            if (!buf_err(&s->line)) take_line(s);
            if (!buf_err(&s->line)) buf_clear(&s->line);
            end++;
        }
        int err = buf_err(&s->line) ? buf_err(&s->line) : buf_err(&s->data);
        if (err) {
            s->stopped = true;
            return err;
        }
        bytes = str_sub(bytes, end, bytes.len);
    }
    return 0;
}
