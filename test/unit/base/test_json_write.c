/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON out: commas by themselves, escapes, and always valid UTF-8. What is written is read back with base/json.
 */
#include "test.h"

#include "base/json.h"
#include "base/json_write.h"
#include "base/rng.h"
#include <math.h>

static struct buf out;

static void start(void)
{
    buf_release(&out);
    buf_init(&out, 1 << 20);
}

TEST(commas_come_where_they_belong)
{
    start();
    json_write_open(&out, '{');
    json_write_member_text(&out, "a", "x");
    json_write_key(&out, "b");
    json_write_open(&out, '[');
    json_write_int(&out, 1);
    json_write_bool(&out, false);
    json_write_null(&out);
    json_write_open(&out, '[');
    json_write_close(&out, ']');
    json_write_open(&out, '{');
    json_write_close(&out, '}');
    json_write_str(&out, STR(","));
    json_write_str(&out, STR("["));
    json_write_close(&out, ']');
    json_write_member_raw(&out, "c", STR("[1, 2]"));
    json_write_member_raw(&out, "d", STR_NONE);
    json_write_member_time(&out, "e", 0);
    json_write_member_time(&out, "f", 1);
    json_write_member_bool(&out, "g", true);
    json_write_member_int(&out, "h", -5);
    json_write_member_null(&out, "i");
    json_write_member_text(&out, "j", NULL);
    json_write_member_str(&out, "k", STR_NONE);
    json_write_close(&out, '}');
    CHECK_STR(buf_str(&out),
              "{\"a\":\"x\",\"b\":[1,false,null,[],{},\",\",\"[\"],\"c\":[1, 2],\"d\":null,\"e\":null,"
              "\"f\":\"1970-01-01T00:00:00.001Z\",\"g\":true,\"h\":-5,\"i\":null,\"j\":null,\"k\":\"\"}");
}

TEST(lines_of_ndjson_have_no_commas_between_them)
{
    start();
    for (int i = 0; i < 2; i++) {
        json_write_open(&out, '{');
        json_write_close(&out, '}');
        buf_add_char(&out, '\n');
    }
    CHECK_STR(buf_str(&out), "{}\n{}\n");
}

TEST(strings_are_escaped)
{
    start();
    json_write_str(&out, STR("\"\\/\b\f\n\r\t\x01\x1f\x7f\0z\xC3\xA9"));
    CHECK_STR(buf_str(&out), "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\u0000z\xC3\xA9\"");
    start();
    json_write_open(&out, '{');
    json_write_key_str(&out, STR("a\"b"));
    json_write_int(&out, 1);
    json_write_key_str(&out, STR("c"));
    json_write_int(&out, 2);
    json_write_close(&out, '}');
    CHECK_STR(buf_str(&out), "{\"a\\\"b\":1,\"c\":2}");
}

/* Eight bytes are looked at together: each one at each place, whatever the length. */
TEST(a_byte_that_cannot_stand_as_it_is_is_seen_at_every_place)
{
    for (size_t len = 1; len <= 20; len++)
        for (size_t at = 0; at < len; at++)
            for (int c = 0; c < 256; c++) {
                char text[20];
                bool stands = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
                memset(text, 'x', len);
                text[at] = (char)c;
                start();
                json_write_str(&out, (struct str){text, len});
                CHECK(stands == (out.len == len + 2 && memcmp(out.p + 1, text, len) == 0));
            }
}

TEST(each_byte_that_is_not_utf8_becomes_a_replacement)
{
    start();
    json_write_str(&out, STR("a\xFF\xC3\xA9\xED\xA0\x80"
                             "b\xE2\x82"));
    CHECK_STR(buf_str(&out), "\"a\xEF\xBF\xBD\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
                             "b\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(numbers_keep_their_value)
{
    start();
    json_write_open(&out, '[');
    json_write_int(&out, INT64_MIN);
    json_write_int(&out, INT64_MAX);
    json_write_int(&out, 0);
    json_write_double(&out, 0.1);
    json_write_double(&out, -1e300);
    json_write_double(&out, NAN);
    json_write_double(&out, INFINITY);
    json_write_close(&out, ']');
    CHECK_STR(buf_str(&out), "[-9223372036854775808,9223372036854775807,0,0.1,-1e+300,null,null]");
}

TEST(ids_are_strings)
{
    struct id id = {{0x01, 0x7F, 0x22, 0xE2, 0x79, 0xB0, 0x7C, 0xC3, 0x98, 0xC4, 0xDC, 0x0C, 0x0C, 0x07, 0x39, 0x8F}};
    start();
    json_write_id(&out, &id);
    CHECK_STR(buf_str(&out), "\"017f22e2-79b0-7cc3-98c4-dc0c0c07398f\"");
}

TEST(an_overfull_buf_tells_in_the_end)
{
    struct buf small;
    buf_init(&small, 20);
    json_write_open(&small, '[');
    for (int i = 0; i < 100; i++) json_write_text(&small, "\xFF\xFF\xFF\n");
    json_write_close(&small, ']');
    CHECK_INT(buf_err(&small), ERR_TOO_BIG);
    CHECK(small.len <= 20);
    buf_release(&small);
}

TEST(any_bytes_written_as_a_string_can_be_parsed_and_valid_ones_come_back)
{
    struct rng_seeded chance;
    struct json j;
    struct err e;
    char bytes[40];
    rng_seeded_init(&chance, 11);
    json_init(&j);
    for (int i = 0; i < 20000; i++) {
        size_t len = rng_below(&chance.rng, sizeof bytes);
        uint64_t range = i % 2 ? 128 : 256;
        for (size_t k = 0; k < len; k++) bytes[k] = (char)rng_below(&chance.rng, range);
        start();
        json_write_str(&out, (struct str){bytes, len});
        CHECK_INT(json_parse(&j, buf_str(&out), &e), 0);
        if (range == 256) continue;
        struct buf back;
        buf_init(&back, 1000);
        bool same = str_eq(json_string(&j, json_root(&j), &back), (struct str){bytes, len});
        buf_release(&back);
        CHECK(same);
    }
    json_release(&j);
    buf_release(&out);
}

TEST_MAIN
