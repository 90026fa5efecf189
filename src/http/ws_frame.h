/* SPDX-License-Identifier: Apache-2.0
 *
 * WebSocket frames as bytes (RFC 6455 section 5): a server's, neither masked nor fragmented. Those of a client are read
 * by ws_reader.h.
 */
#ifndef HTTP_WS_FRAME_H
#define HTTP_WS_FRAME_H

#include "base/buf.h"

#define WS_CONTROL_MAX 125 /* payload of a control frame (section 5.5) */

enum ws_opcode { WS_OP_MORE = 0, WS_OP_TEXT = 1, WS_OP_BINARY = 2, WS_OP_CLOSE = 8, WS_OP_PING = 9, WS_OP_PONG = 10 };
#define WS_FIN 0x80
#define WS_RSV 0x70
#define WS_MASK 0x80

/* The head alone, for a payload of `len` that follows; or a control frame with all of it. */
void ws_frame_head(struct buf *b, enum ws_opcode opcode, size_t len);
void ws_frame_control(struct buf *b, enum ws_opcode opcode, struct str payload);
void ws_frame_close(struct buf *b, int code, struct str reason); /* WS_NO_CODE: an empty one */
struct str ws_frame_reason(struct str reason); /* cut to what fits beside a code, between characters */
bool ws_frame_may_say(int code);               /* in a close frame: section 7.4 and IANA's registry */

#endif
