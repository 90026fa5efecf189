/* SPDX-License-Identifier: Apache-2.0
 *
 * The vectors of FIPS 180-4's examples.
 */
#include "base/hash.h"
#include "test.h"

static void hex(char *ret, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
}

TEST(sha_1_of_the_examples)
{
    uint8_t sum[HASH_SHA1];
    char text[2 * HASH_SHA1 + 1];
    hash_sha1(STR("abc"), sum);
    hex(text, sum, sizeof sum);
    CHECK_STR(str_of(text), "a9993e364706816aba3e25717850c26c9cd0d89d");
    hash_sha1(STR(""), sum);
    hex(text, sum, sizeof sum);
    CHECK_STR(str_of(text), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

TEST(sha_256_in_pieces_is_that_of_the_whole)
{
    uint8_t sum[HASH_SHA256];
    char text[2 * HASH_SHA256 + 1];
    struct hash h;
    hash_init(&h);
    hash_add(&h, STR("a"));
    hash_add(&h, STR(""));
    hash_add(&h, STR("bc"));
    hash_end(&h, sum);
    hex(text, sum, sizeof sum);
    CHECK_STR(str_of(text), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(bytes_are_two_digits_each)
{
    char text[9] = "xxxxxxxx";
    hash_hex((const uint8_t[]){0x00, 0x9f, 0xa0, 0xff}, 4, text);
    CHECK_STR(str_of(text), "009fa0ff");
    hash_hex((const uint8_t[]){0x01}, 0, text);
    CHECK_STR(str_of(text), "");
}

TEST(bytes_are_the_same_when_all_of_them_are)
{
    CHECK(hash_same("abcd", "abcd", 4) && hash_same("abcd", "abcx", 3) && hash_same("a", "b", 0));
    CHECK(!hash_same("abcd", "abcx", 4) && !hash_same("xbcd", "abcd", 4));
}

TEST_MAIN
