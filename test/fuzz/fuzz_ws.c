/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target: any bytes as the frames of a WebSocket client. Whole and in pieces: the same messages, control frames
 * and ending; text is UTF-8 and within its limit, and a code is one that may be sent. Then the same bytes as the lines
 * of a handshake.
 */
#include "http/ws_handshake.h"
#include "http/ws_reader.h"
#include "test/fuzz/fuzz.h"

struct reading {
    uint64_t hash;
    int n, code;
    bool within;
};

static void note(struct reading *x, enum ws_what what, struct str bytes)
{
    x->hash = (x->hash * 31 + str_hash(bytes)) * 31 + bytes.len * 16 + (unsigned)what;
    x->n++;
}

/* False: nothing more can be read. */
static bool take(struct reading *x, struct ws_reader *r, struct str piece)
{
    for (;;) {
        size_t before = piece.len;
        enum ws_what what = ws_reader_take(r, &piece);
        must(r->message.len <= LIMIT_WS_MESSAGE && r->control_len <= WS_CONTROL_MAX && r->have <= r->need);
        must(what == WS_MORE || piece.len < before);
        switch (what) {
        case WS_MORE: must(piece.len == 0); return true;
        case WS_TEXT:
            must(fuzz_is_utf8(ws_reader_text(r)));
            note(x, what, ws_reader_text(r));
            ws_reader_next(r);
            break;
        case WS_PING:
        case WS_PONG: note(x, what, ws_reader_control(r)); break;
        case WS_CLOSE:
            must(r->code == WS_NO_CODE || ws_frame_may_say(r->code));
            note(x, what, ws_reader_control(r));
            x->code = r->code;
            return false;
        case WS_BROKEN:
            must(ws_frame_may_say(r->code) && r->why && *r->why);
            must(ws_frame_reason(str_of(r->why)).len == strlen(r->why));
            x->code = r->code;
            return false;
        }
    }
}

static struct reading read_frames(struct str bytes, uint64_t chance)
{
    struct reading x = {0};
    struct ws_reader r;
    ws_reader_init(&r);
    bool open = true;
    while (bytes.len && open) open = take(&x, &r, fuzz_cut(&bytes, &chance));
    x.within = open && ws_reader_is_within(&r);
    ws_reader_release(&r);
    return x;
}

#define HEADERS 16

static void read_handshake(struct str bytes)
{
    static const char *const protocols[] = {"bide.v1", NULL};
    struct http_header headers[HEADERS];
    struct http_request r = {.method = STR("GET"), .headers = headers};
    while (bytes.len && r.n_headers < HEADERS) {
        struct str line = str_cut(&bytes, '\n'), name = str_cut(&line, ':');
        headers[r.n_headers++] = (struct http_header){name, str_trim(line)};
    }
    struct ws_handshake shake;
    struct ws_conf conf = {.protocols = protocols};
    struct err e;
    int rc = ws_handshake_read(&shake, &r, false, &conf, &e);
    must(rc == 0 || rc == ERR_UPGRADE || rc == ERR_INVALID);
    must(rc < 0 || (strlen(shake.accept) == WS_ACCEPT_TEXT - 1 && (!shake.protocol || shake.protocol == protocols[0])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {(const char *)data, size};
    struct reading whole = read_frames(bytes, 0), pieces = read_frames(bytes, fuzz_chance(bytes));
    must(whole.hash == pieces.hash && whole.n == pieces.n);
    must(whole.code == pieces.code && whole.within == pieces.within);
    read_handshake(bytes);
    return 0;
}
