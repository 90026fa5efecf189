/* SPDX-License-Identifier: Apache-2.0
 *
 * WebSocket frames as a client sends them, whole and byte by byte (RFC 6455 section 5).
 */
#include "http/ws_reader.h"
#include "ws_rig.h"

/* What a stream of frames is read as: "text(..)", "ping(..)", "close 1000", "broken 1002", "..." when it is not whole.
 */
static void read_as(struct buf *out, struct str bytes, size_t step)
{
    struct ws_reader r;
    ws_reader_init(&r);
    buf_clear(out);
    bool over = false;
    while (bytes.len && !over) {
        struct str piece = str_sub(bytes, 0, step);
        bytes = str_sub(bytes, piece.len, bytes.len);
        for (enum ws_what what = WS_TEXT; what != WS_MORE && !over;) {
            what = ws_reader_take(&r, &piece);
            struct str text = ws_reader_text(&r), control = ws_reader_control(&r);
            if (what == WS_TEXT && text.len > 100) buf_add_format(out, "text of %zu ", text.len);
            else if (what == WS_TEXT) buf_add_format(out, "text(%.*s) ", (int)text.len, text.len ? text.p : "");
            if (what == WS_TEXT) ws_reader_next(&r);
            if (what == WS_PING) buf_add_format(out, "ping(%.*s) ", STR_ARG(control));
            if (what == WS_PONG) buf_add_format(out, "pong(%.*s) ", STR_ARG(control));
            if (what == WS_CLOSE) buf_add_format(out, "close %d ", r.code);
            if (what == WS_BROKEN) buf_add_format(out, "broken %d ", r.code);
            over = what == WS_BROKEN;
        }
    }
    if (!over && ws_reader_is_within(&r)) buf_add_text(out, "... ");
    ws_reader_release(&r);
}

static void check_stream(struct buf *in, const char *wanted)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    read_as(&out, buf_str(in), in->len);
    CHECK_STR(buf_str(&out), wanted);
    read_as(&out, buf_str(in), 1);
    CHECK_STR(buf_str(&out), wanted);
    read_as(&out, buf_str(in), 3);
    CHECK_STR(buf_str(&out), wanted);
    buf_release(&out);
    buf_clear(in);
}

#define MASK 0x01020304
static struct buf in;
static char many[70000];

static void add(int first, const char *text) { ws_frame(&in, first, str_of(text), MASK); }
static void add_len(int first, size_t len) { ws_frame(&in, first, (struct str){many, len}, MASK); }

static void begin(void)
{
    buf_release(&in);
    buf_init(&in, 1 << 20);
    memset(many, 'x', sizeof many);
}

TEST(the_examples_of_section_5_7_are_read)
{
    begin();
    static const uint8_t masked[] = {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58};
    buf_add(&in, masked, sizeof masked);
    check_stream(&in, "text(Hello) ");
    static const uint8_t pong[] = {0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58};
    buf_add(&in, pong, sizeof pong);
    check_stream(&in, "pong(Hello) ");
    static const uint8_t unmasked[] = {0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f};
    buf_add(&in, unmasked, sizeof unmasked);
    check_stream(&in, "broken 1002 ");
    buf_release(&in);
}

TEST(a_message_may_have_any_length_up_to_the_limit)
{
    begin();
    static const size_t lengths[] = {0, 1, 125, 126, 127, 65535, 65536};
    static const char *const wanted[] = {"text() ",      "text(x) ",       "text of 125 ",  "text of 126 ",
                                         "text of 127 ", "text of 65535 ", "text of 65536 "};
    for (size_t i = 0; i < 7; i++) {
        add_len(0x81, lengths[i]);
        check_stream(&in, wanted[i]);
    }
    add_len(0x81, 65537);
    check_stream(&in, "broken 1009 ");
    add_len(0x01, 60000);
    add_len(0x80, 5537);
    check_stream(&in, "broken 1009 ");
    add_len(0x01, 60000);
    add_len(0x80, 5536);
    add(0x81, "next");
    check_stream(&in, "text of 65536 text(next) ");
    buf_release(&in);
}

TEST(fragments_are_joined_around_control_frames)
{
    begin();
    add(0x01, "Hel");
    add(0x89, "are you there");
    add(0x00, "");
    add(0x00, "l");
    add(0x8a, "");
    add(0x80, "o");
    add(0x01, "and");
    check_stream(&in, "ping(are you there) pong() text(Hello) ... ");
    add(0x01, "half");
    add(0x88, "\x03\xe9");
    check_stream(&in, "close 1001 ... ");
    buf_release(&in);
}

TEST(what_breaks_the_protocol_is_1002_and_a_binary_message_1003)
{
    static const struct {
        int first;
        const char *text, *wanted;
    } wrong[] = {
        {0xc1, "a", "broken 1002 "}, {0xa1, "a", "broken 1002 "}, {0x91, "a", "broken 1002 "}, /* RSV1, 2, 3 */
        {0x80, "a", "broken 1002 "}, {0x00, "a", "broken 1002 "},                              /* continues nothing */
        {0x83, "", "broken 1002 "},  {0x87, "", "broken 1002 "},  {0x8b, "", "broken 1002 "},
        {0x8f, "", "broken 1002 "},  {0x08, "", "broken 1002 "},  {0x09, "", "broken 1002 "},
        {0x0a, "", "broken 1002 "}, /* fragmented control */
        {0x82, "a", "broken 1003 "}, {0x02, "a", "broken 1003 "},
    };
    begin();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        add(wrong[i].first, wrong[i].text);
        check_stream(&in, wrong[i].wanted);
    }
    add(0x01, "a");
    add(0x81, "b");
    check_stream(&in, "broken 1002 ");
    for (int opcode = 8; opcode <= 10; opcode++) {
        add_len(0x80 | opcode, 126);
        check_stream(&in, "broken 1002 ");
    }
    add_len(0x89, 125);
    CHECK_INT(in.len, 125 + 6);
    buf_clear(&in);
    buf_release(&in);
}

TEST(a_length_that_is_not_in_its_shortest_form_is_refused)
{
    static const uint8_t two[] = {0x81, 0xfe, 0, 125, 0, 0, 0, 0};
    static const uint8_t eight[] = {0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
    static const uint8_t negative[] = {0x81, 0xff, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    static const uint8_t huge[] = {0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0};
    begin();
    buf_add(&in, two, sizeof two);
    check_stream(&in, "broken 1002 ");
    buf_add(&in, eight, sizeof eight);
    check_stream(&in, "broken 1002 ");
    buf_add(&in, negative, sizeof negative);
    check_stream(&in, "broken 1002 ");
    buf_add(&in, huge, sizeof huge);
    check_stream(&in, "broken 1009 ");
    buf_release(&in);
}

TEST(text_is_utf8_wherever_it_was_cut)
{
    begin();
    add(0x01, "\xe2");
    add(0x00, "\x82");
    add(0x80, "\xac");
    check_stream(&in, "text(\xe2\x82\xac) ");
    add(0x01, "ok \xe2");
    add(0x80, "\x28\xa1");
    check_stream(&in, "broken 1007 ");
    static const char *const bad[] = {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "a\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        add(0x81, bad[i]);
        check_stream(&in, "broken 1007 ");
    }
    buf_release(&in);
}

/* Section 7.4, and 1012 to 1014 of IANA's registry. */
static bool is_allowed(int code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

TEST(a_close_frame_has_a_code_that_may_be_sent_or_none)
{
    struct buf wanted;
    buf_init(&wanted, 100);
    begin();
    for (int code = 0; code < 65536; code += code < 5100 ? 1 : 997) {
        char bytes[4] = {(char)(code >> 8), (char)(code & 0xFF), 'b', 'y'};
        ws_frame(&in, 0x88, (struct str){bytes, code & 1 ? 2 : 4}, MASK);
        buf_clear(&wanted);
        if (is_allowed(code)) buf_add_format(&wanted, "close %d ", code);
        else buf_add_text(&wanted, "broken 1002 ");
        check_stream(&in, wanted.p);
    }
    add(0x88, "");
    check_stream(&in, "close 1005 ");
    add(0x88, "\x03");
    check_stream(&in, "broken 1002 ");
    add(0x89, "\x03\xe8");
    add(0x88, "\x03");
    check_stream(&in, "ping(\x03\xe8) broken 1002 "); /* not with the byte of the ping */
    add(0x88, "\x03\xe8 \xe2\x82\xac");
    check_stream(&in, "close 1000 ");
    add(0x88, "\x03\xe8 \xe2\x82");
    check_stream(&in, "broken 1007 ");
    buf_release(&wanted);
    buf_release(&in);
}

TEST(a_message_leaves_no_memory)
{
    struct ws_reader r;
    begin();
    add_len(0x81, 65536);
    struct str bytes = buf_str(&in);
    ws_reader_init(&r);
    CHECK_INT(ws_reader_take(&r, &bytes), WS_TEXT);
    CHECK(r.message.cap >= 65536 && r.message.cap < 140000);
    ws_reader_next(&r);
    CHECK_INT(r.message.cap, 0);
    CHECK(!ws_reader_is_within(&r));
    buf_release(&in);
}

TEST(a_server_says_lengths_in_their_shortest_form)
{
    static const struct {
        size_t len;
        size_t head_len;
        uint8_t head[10];
    } heads[] = {{0, 2, {0x81, 0}},
                 {125, 2, {0x81, 125}},
                 {126, 4, {0x81, 126, 0, 126}},
                 {65535, 4, {0x81, 126, 0xff, 0xff}},
                 {65536, 10, {0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0}}};
    begin();
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        buf_clear(&in);
        ws_frame_head(&in, WS_OP_TEXT, heads[i].len);
        CHECK_INT(in.len, heads[i].head_len);
        CHECK(memcmp(in.p, heads[i].head, in.len) == 0);
    }
    buf_release(&in);
}

TEST(a_reason_is_cut_to_123_bytes_between_characters)
{
    begin();
    memset(many, 'r', 200);
    memcpy(many + 121, "\xe2\x82\xac", 3);
    ws_frame_close(&in, 1001, (struct str){many, 200});
    CHECK_INT(in.len, 2 + 2 + 121);
    CHECK(memcmp(in.p, "\x88\x7b\x03\xe9r", 5) == 0);
    CHECK_INT(ws_frame_reason((struct str){many + 50, 123}).len, 123);
    buf_clear(&in);
    ws_frame_close(&in, WS_NO_CODE, STR_NONE);
    CHECK(in.len == 2 && memcmp(in.p, "\x88\x00", 2) == 0);
    buf_release(&in);
}

TEST_MAIN
