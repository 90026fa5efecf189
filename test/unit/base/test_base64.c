/* SPDX-License-Identifier: Apache-2.0
 *
 * The vectors of RFC 4648 section 10, every length, and what is none.
 */
#include "base/base64.h"
#include "test/test.h"

#include <string.h>

TEST(the_vectors_of_the_standard)
{
    static const char *const pairs[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char text[16];
        uint8_t bytes[16];
        size_t n;
        base64_encode((const uint8_t *)pairs[i][0], strlen(pairs[i][0]), text);
        CHECK_STR(str_of(text), pairs[i][1]);
        CHECK_INT(base64_decode(str_of(pairs[i][1]), bytes, &n), 0);
        CHECK_STR(((struct str){(char *)bytes, n}), pairs[i][0]);
    }
}

TEST(all_bytes_of_every_length_there_and_back_with_and_without_padding)
{
    uint8_t from[256], to[512];
    char text[BASE64_TEXT(256)];
    for (size_t i = 0; i < 256; i++) from[i] = (uint8_t)(i * 37);
    for (size_t n = 0; n <= 256; n++) {
        size_t got;
        base64_encode(from, n, text);
        CHECK_INT(strlen(text) + 1, BASE64_TEXT(n));
        CHECK_INT(base64_decode(str_of(text), to, &got), 0);
        CHECK(got == n && memcmp(from, to, n) == 0);
        struct str bare = str_of(text);
        while (str_ends(bare, STR("="))) bare.len--;
        CHECK_INT(base64_decode(bare, to, &got), 0);
        CHECK(got == n && memcmp(from, to, n) == 0);
    }
}

TEST(what_is_none_is_refused)
{
    static const char *const none[] = {"Z", "Zg=", "Zm9vY", "Zm 9v", "Zm9v\n", "Zg===", "=", "Zm9-", "Zm=v"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        uint8_t bytes[16];
        size_t n;
        CHECK_INT(base64_decode(str_of(none[i]), bytes, &n), ERR_INVALID);
    }
}

TEST_MAIN
