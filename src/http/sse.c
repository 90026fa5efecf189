/* SPDX-License-Identifier: Apache-2.0
 *
 * See sse.h. An event that was not ended by a blank line is no event, as the standard has it.
 */
#include "http/sse.h"
#include "base/limits.h"

void sse_init(struct sse *s, bool (*on_data)(struct sse *s, struct str data))
{
    *s = (struct sse){.on_data = on_data};
    buf_init(&s->line, LIMIT_SSE_EVENT);
    buf_init(&s->data, LIMIT_SSE_EVENT);
}

void sse_release(struct sse *s)
{
    buf_release(&s->line);
    buf_release(&s->data);
}

static void end_event(struct sse *s)
{
    if (s->has_data && !s->on_data(s, buf_str(&s->data))) s->stopped = true;
    s->has_data = false;
    buf_clear(&s->data);
}

static void take_line(struct sse *s)
{
    struct str value = buf_str(&s->line);
    if (!s->begun && str_starts(value, STR("\xEF\xBB\xBF"))) value = str_sub(value, 3, value.len);
    s->begun = true;
    if (value.len == 0) {
        end_event(s);
        return;
    }
    struct str field = str_cut(&value, ':'); /* of a comment: empty */
    if (!str_eq(field, STR("data"))) return;
    if (value.len && value.p[0] == ' ') value = str_sub(value, 1, value.len);
    if (s->has_data) buf_add_char(&s->data, '\n');
    buf_add_str(&s->data, value);
    s->has_data = true;
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
        if (buf_err(&s->line) || buf_err(&s->data)) {
            s->stopped = true;
            return ERR_TOO_BIG;
        }
        bytes = str_sub(bytes, end, bytes.len);
    }
    return 0;
}
