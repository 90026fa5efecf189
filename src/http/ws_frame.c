/* SPDX-License-Identifier: Apache-2.0
 *
 * Lengths in their shortest form (section 5.2).
 */
#include "http/ws_frame.h"

#include "http/ws.h"

bool ws_frame_may_say(int code)
{
    if (code >= 3000) return code <= 4999;
    return code >= 1000 && code <= 1014 && code != 1004 && code != WS_NO_CODE && code != WS_ABNORMAL;
}

struct str ws_frame_reason(struct str reason)
{
    if (reason.len <= WS_CONTROL_MAX - 2) return reason;
    size_t len = WS_CONTROL_MAX - 2;
    while (len && ((uint8_t)reason.p[len] & 0xC0) == 0x80) len--;
    return str_sub(reason, 0, len);
}

void ws_frame_head(struct buf *b, enum ws_opcode opcode, size_t len)
{
    unsigned extra = len < 126 ? 0 : len < 65536 ? 2 : 8;
    buf_add_char(b, (char)(WS_FIN | opcode));
    buf_add_char(b, (char)(extra == 0 ? len : extra == 2 ? 126 : 127));
    while (extra) buf_add_char(b, (char)((uint64_t)len >> (8 * --extra) & 0xFF));
}

void ws_frame_control(struct buf *b, enum ws_opcode opcode, struct str payload)
{
    ws_frame_head(b, opcode, payload.len);
    buf_add_str(b, payload);
}

void ws_frame_close(struct buf *b, int code, struct str reason)
{
    if (code == WS_NO_CODE) {
        ws_frame_head(b, WS_OP_CLOSE, 0);
        return;
    }
    reason = ws_frame_reason(reason);
    ws_frame_head(b, WS_OP_CLOSE, 2 + reason.len);
    buf_add_char(b, (char)(code >> 8));
    buf_add_char(b, (char)(code & 0xFF));
    buf_add_str(b, reason);
}
