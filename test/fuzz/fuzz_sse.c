/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target: any bytes as the streamed answer of somebody else's server. Whole and in pieces: the same events. As a stream
 * of an http type: text that is UTF-8, one ending at most, whatever the events say.
 */
#include "base/sse.h"
#include "handler/web_stream.h"
#include "test/fuzz/fuzz.h"

struct reading {
    struct sse sse;
    uint64_t hash;
    int n;
};

static bool on_event(struct sse *s)
{
    struct reading *r = s->user;
    struct str data = buf_str(&s->data);
    must(data.len <= LIMIT_SSE_EVENT);
    r->hash = r->hash * 31 + str_hash(data) + data.len + str_hash(str_of(s->name)) + str_hash(str_of(s->id));
    r->n++;
    return true;
}

static void read_events(struct reading *r, struct str bytes, uint64_t chance)
{
    int rc = 0;
    *r = (struct reading){0};
    sse_init(&r->sse, LIMIT_SSE_EVENT, on_event, r);
    while (bytes.len && rc == 0) rc = sse_add(&r->sse, fuzz_cut(&bytes, &chance));
    must(rc == 0 || rc == ERR_TOO_BIG);
    sse_release(&r->sse);
}

/* ---- the stream of an attempt ---- */

static bool on_output(struct attempt *a, int64_t n, struct str text)
{
    (void)a;
    must(n < 0 && text.len > 0 && fuzz_is_utf8(text));
    return true;
}

static void on_log(struct attempt *a, struct str bytes)
{
    (void)a;
    must(fuzz_is_utf8(bytes));
}

static void read_stream(struct str bytes, uint64_t chance)
{
    static const struct web_stream_conf conf = {.piece = "/choices/0/delta/content", .error = "/error", .end = "[DONE]"};
    static const struct attempt_events events = {.on_output = on_output, .on_log = on_log};
    struct attempt a = {.events = &events};
    struct web_stream s;
    web_stream_init(&s, &conf, &a);
    while (bytes.len) web_stream_add(&s, fuzz_cut(&bytes, &chance));
    web_stream_close(&s);
    must(!s.used || s.ended + s.failed + s.too_large == 1);
    must(!s.failed || s.why[0]);
    must(fuzz_is_utf8(buf_str(&s.text)));
    web_stream_release(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {(const char *)data, size};
    struct reading whole, pieces;
    read_events(&whole, bytes, 0);
    read_events(&pieces, bytes, fuzz_chance(bytes));
    must(whole.n == pieces.n && whole.hash == pieces.hash);
    read_stream(bytes, 0);
    read_stream(bytes, fuzz_chance(bytes));
    return 0;
}
