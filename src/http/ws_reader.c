/* SPDX-License-Identifier: Apache-2.0
 *
 * A frame is judged by its head, before its payload is kept. Text is judged when its message is whole: a character may
 * be cut by fragments.
 */
#include "http/ws_reader.h"

#include "base/limits.h"
#include "base/text.h"
#include "http/ws.h"

void ws_reader_init(struct ws_reader *r)
{
    *r = (struct ws_reader){.need = 2};
    buf_init(&r->message, LIMIT_WS_MESSAGE);
}

void ws_reader_release(struct ws_reader *r) { buf_release(&r->message); }

struct str ws_reader_text(const struct ws_reader *r)
{
    return r->message.len ? buf_str(&r->message) : STR(""); /* never NULL: who is told of it need not ask */
}

struct str ws_reader_control(const struct ws_reader *r) { return (struct str){r->control, r->control_len}; }

void ws_reader_next(struct ws_reader *r)
{
    buf_release(&r->message);
    buf_init(&r->message, LIMIT_WS_MESSAGE);
}

bool ws_reader_is_within(const struct ws_reader *r) { return r->have > 0 || r->in_message; }

static enum ws_what broken(struct ws_reader *r, int code, const char *why)
{
    r->code = code;
    r->why = why;
    return WS_BROKEN;
}

static bool is_control(const struct ws_reader *r) { return (r->head[0] & 0x08) != 0; }

/* The first two bytes are there. */
static enum ws_what judge_kind(struct ws_reader *r)
{
    unsigned opcode = r->head[0] & 0x0F, len = r->head[1] & 0x7F;
    bool fin = (r->head[0] & WS_FIN) != 0;
    if (r->head[0] & WS_RSV)
        return broken(r, WS_PROTOCOL_ERROR, "a frame has a bit of an extension that was not agreed on");
    if (!(r->head[1] & WS_MASK)) return broken(r, WS_PROTOCOL_ERROR, "a client's frame must be masked");
    switch (opcode) {
    case WS_OP_MORE:
        if (!r->in_message) return broken(r, WS_PROTOCOL_ERROR, "there is nothing that this fragment continues");
        break;
    case WS_OP_TEXT:
    case WS_OP_BINARY:
        if (r->in_message) return broken(r, WS_PROTOCOL_ERROR, "a message begins before the last one has ended");
        if (opcode == WS_OP_BINARY) return broken(r, WS_NOT_TEXT, "messages are text here");
        break;
    case WS_OP_CLOSE:
    case WS_OP_PING:
    case WS_OP_PONG:
        if (!fin) return broken(r, WS_PROTOCOL_ERROR, "a control frame must not be fragmented");
        if (len > WS_CONTROL_MAX) return broken(r, WS_PROTOCOL_ERROR, "a control frame has 125 bytes at most");
        break;
    default: return broken(r, WS_PROTOCOL_ERROR, "a frame of unknown kind"); /* not an enum */
    }
    r->need = (uint8_t)(6 + (len == 127 ? 8 : len == 126 ? 2 : 0));
    return WS_MORE;
}

/* The whole head is. */
static enum ws_what judge_length(struct ws_reader *r)
{
    unsigned extra = r->need - 6u;
    r->left = extra ? 0 : r->head[1] & 0x7F;
    for (unsigned i = 0; i < extra; i++) r->left = r->left << 8 | r->head[2 + i];
    if ((extra == 2 && r->left < 126) || (extra == 8 && (r->left < 65536 || r->left >> 63)))
        return broken(r, WS_PROTOCOL_ERROR, "the length of a frame is not in its shortest form");
    if (!is_control(r) && r->left > LIMIT_WS_MESSAGE - r->message.len)
        return broken(r, WS_TOO_BIG, "a message is larger than the limit");
    r->in_payload = true;
    r->at = 0;
    if (is_control(r)) r->control_len = 0;
    return WS_MORE;
}

static enum ws_what take_head(struct ws_reader *r, struct str *in)
{
    while (in->len && r->have < r->need) {
        r->head[r->have++] = (uint8_t)in->p[0];
        *in = str_sub(*in, 1, in->len);
        if (r->have == 2 && judge_kind(r) == WS_BROKEN) return WS_BROKEN;
    }
    return r->have < r->need ? WS_MORE : judge_length(r);
}

static bool take_payload(struct ws_reader *r, struct str *in)
{
    const uint8_t *mask = r->head + r->need - 4;
    size_t len = r->left < in->len ? (size_t)r->left : in->len;
    if (len == 0) return true;
    char *to = is_control(r) ? r->control + r->control_len : buf_room(&r->message, len);
    if (!to) return false;
    for (size_t i = 0; i < len; i++) to[i] = (char)((uint8_t)in->p[i] ^ mask[(r->at + i) & 3]);
    r->at = (uint8_t)((r->at + len) & 3);
    if (is_control(r)) r->control_len = (uint8_t)(r->control_len + len);
    else buf_wrote(&r->message, len);
    r->left -= len;
    *in = str_sub(*in, len, in->len);
    return true;
}

static enum ws_what judge_close(struct ws_reader *r)
{
    struct str all = ws_reader_control(r);
    if (all.len == 0) {
        r->code = WS_NO_CODE;
        return WS_CLOSE;
    }
    if (all.len == 1) return broken(r, WS_PROTOCOL_ERROR, "a close frame has a code of two bytes, or none");
    int code = (uint8_t)all.p[0] << 8 | (uint8_t)all.p[1];
    if (!ws_frame_may_say(code)) return broken(r, WS_PROTOCOL_ERROR, "a close frame has a code that may not be sent");
    struct str reason = str_sub(all, 2, all.len);
    if (text_utf8_valid(reason) != reason.len)
        return broken(r, WS_NOT_UTF8, "the reason of a close frame is not UTF-8");
    r->code = code;
    return WS_CLOSE;
}

/* The frame is whole. */
static enum ws_what end_frame(struct ws_reader *r)
{
    unsigned opcode = r->head[0] & 0x0F;
    r->have = 0;
    r->need = 2;
    r->in_payload = false;
    if (opcode == WS_OP_CLOSE) return judge_close(r);
    if (opcode == WS_OP_PING) return WS_PING;
    if (opcode == WS_OP_PONG) return WS_PONG;
    r->in_message = !(r->head[0] & WS_FIN);
    if (r->in_message) return WS_MORE;
    struct str text = ws_reader_text(r);
    if (text_utf8_valid(text) != text.len) return broken(r, WS_NOT_UTF8, "a message is not UTF-8");
    return WS_TEXT;
}

enum ws_what ws_reader_take(struct ws_reader *r, struct str *in)
{
    enum ws_what what = WS_MORE;
    while (what == WS_MORE) {
        if (!r->in_payload) what = take_head(r, in);
        if (what != WS_MORE || !r->in_payload) return what;
        if (!take_payload(r, in)) return broken(r, WS_INTERNAL, "out of memory");
        if (r->left) return WS_MORE;
        what = end_frame(r);
    }
    return what;
}
