/* SPDX-License-Identifier: Apache-2.0
 *
 * WebSocket frames of a client (RFC 6455 section 5), masked, without extensions, text only, out of bytes that come in
 * pieces cut anywhere. Pure.
 *
 *   head (6 to 14 bytes) ──▶ payload, unmasked ──▶ the whole of a message or control frame is told, one at a time
 *
 * By hand: wslay 1.1.1 was measured and is not fit. It takes 8.6 KB for an idle connection and 6.2 MB for one message
 * of 64 KiB in fragments of a byte; closes with no code after a fragmented or long control frame; takes a close frame
 * of one byte, refuses 1012; and judges the UTF-8 of a reason by where the reads were cut.
 */
#ifndef HTTP_WS_READER_H
#define HTTP_WS_READER_H

#include "base/buf.h"
#include "http/ws_frame.h"

enum ws_what {
    WS_MORE, /* all bytes are used, and nothing is whole */
    WS_TEXT, /* a message: ws_reader_text, then ws_reader_next */
    WS_PING, /* its payload: ws_reader_control */
    WS_PONG,
    WS_CLOSE,  /* `code` is the client's, WS_NO_CODE */
    WS_BROKEN, /* `code` to close with, `why`; nothing can be read any more */
};

struct ws_reader {
    struct buf message; /* of a text message, what has come */
    uint64_t left;      /* of the payload of the frame under way */
    const char *why;    /* WS_BROKEN */
    int code;           /* WS_CLOSE, WS_BROKEN */
    uint8_t head[14];   /* of the frame under way */
    uint8_t have;       /* bytes of it */
    uint8_t need;       /* all of its bytes, as far as is known */
    uint8_t at;         /* which byte of the mask is next */
    bool in_payload;
    bool in_message; /* a fragment has come that is not the last */
    uint8_t control_len;
    char control[WS_CONTROL_MAX];
};

void ws_reader_init(struct ws_reader *r);
void ws_reader_release(struct ws_reader *r);
/* Takes bytes off the front of *in until something is whole. */
enum ws_what ws_reader_take(struct ws_reader *r, struct str *in);
struct str ws_reader_text(const struct ws_reader *r);    /* borrowed until ws_reader_next */
struct str ws_reader_control(const struct ws_reader *r); /* borrowed until the next take */
void ws_reader_next(struct ws_reader *r);                /* the message is done with: its memory is freed */
bool ws_reader_is_within(const struct ws_reader *r);     /* a message or frame has begun and is not whole */

#endif
