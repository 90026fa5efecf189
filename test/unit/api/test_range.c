/* SPDX-License-Identifier: Apache-2.0
 *
 * Range headers as the bytes they ask for, and names as browsers are told them.
 */
#include "api/media.h"
#include "api/range.h"
#include "test/test.h"

TEST(a_range_is_cut_to_what_is_there)
{
    static const struct {
        const char *header;
        int64_t size;
        enum range_kind kind;
        int64_t from, len;
    } cases[] = {
        {"bytes=0-0", 10, RANGE_PART, 0, 1},
        {"bytes=0-9", 10, RANGE_PART, 0, 10},
        {"bytes=0-10", 10, RANGE_PART, 0, 10},
        {"bytes=3-", 10, RANGE_PART, 3, 7},
        {"bytes=9-", 10, RANGE_PART, 9, 1},
        {"bytes=-1", 10, RANGE_PART, 9, 1},
        {"bytes=-10", 10, RANGE_PART, 0, 10},
        {"bytes=-9223372036854775808", 10, RANGE_PART, 0, 10},
        {"bytes=0-9223372036854775807", INT64_MAX, RANGE_PART, 0, INT64_MAX},
        {"bytes=1-99999999999999999999", 10, RANGE_PART, 1, 9},
        {"BYTES = 1 - 2", 10, RANGE_PART, 1, 2},
        {"bytes=10-", 10, RANGE_BEYOND, 0, 0},
        {"bytes=10-9", 10, RANGE_WHOLE, 0, 0},
        {"bytes=99999999999999999999-", 10, RANGE_BEYOND, 0, 0},
        {"bytes=-0", 10, RANGE_BEYOND, 0, 0},
        {"bytes=-0", 0, RANGE_BEYOND, 0, 0},
        {"bytes=0-", 0, RANGE_BEYOND, 0, 0},
        {"bytes=-1", 0, RANGE_WHOLE, 0, 0},
        {"bytes=5-4", 10, RANGE_WHOLE, 0, 0},
        {"bytes=0-1,3-4", 10, RANGE_WHOLE, 0, 0},
        {"bytes=-", 10, RANGE_WHOLE, 0, 0},
        {"bytes=--1", 10, RANGE_WHOLE, 0, 0},
        {"bytes=+1-2", 10, RANGE_WHOLE, 0, 0},
        {"bytes=0x1-2", 10, RANGE_WHOLE, 0, 0},
        {"bytes=1", 10, RANGE_WHOLE, 0, 0},
        {"bytes", 10, RANGE_WHOLE, 0, 0},
        {"lines=0-1", 10, RANGE_WHOLE, 0, 0},
        {"", 10, RANGE_WHOLE, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t from = 0, len = 0;
        enum range_kind kind = range_read(str_of(cases[i].header), cases[i].size, &from, &len);
        if (kind != cases[i].kind) fprintf(stderr, "%s\n", cases[i].header);
        CHECK_INT(kind, cases[i].kind);
        CHECK_INT(from, cases[i].from);
        CHECK_INT(len, cases[i].len);
    }
    CHECK_INT(range_read(STR_NONE, 10, &(int64_t){0}, &(int64_t){0}), RANGE_WHOLE);
}

TEST(a_type_is_known_by_the_extension_alone)
{
    CHECK_STR(str_of(media_type(STR("a.wav"))), "audio/wav");
    CHECK_STR(str_of(media_type(STR("a.b.MP4"))), "video/mp4");
    CHECK_STR(str_of(media_type(STR("mp4"))), "application/octet-stream");
    CHECK_STR(str_of(media_type(STR("a.html"))), "application/octet-stream");
    CHECK_STR(str_of(media_type(STR("a."))), "application/octet-stream");
    CHECK_STR(str_of(media_type(STR(""))), "application/octet-stream");
}

TEST(a_name_with_anything_in_it_is_a_header_value)
{
    struct arena a = {0};
    CHECK_STR(media_disposition(&a, STR("out-1.srt")), "attachment; filename*=UTF-8''out-1.srt");
    CHECK_STR(media_disposition(&a, STR("a\r\nb\"';%/\xc3\xa9\x7f")),
              "attachment; filename*=UTF-8''a%0D%0Ab%22%27%3B%25%2F%C3%A9%7F");
    arena_release(&a);
}

TEST_MAIN
