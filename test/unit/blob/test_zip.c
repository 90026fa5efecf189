/* SPDX-License-Identifier: Apache-2.0
 *
 * What comes out while what goes in, and that every byte of it fits together is test/api's, which reads archives.
 */
#include "blob/zip.h"
#include "test/test.h"

static size_t count(const struct buf *b, const char *what, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i + len <= b->len; i++) n += memcmp(b->p + i, what, len) == 0;
    return n;
}

TEST(an_archive_has_its_files_and_then_their_list)
{
    struct zip *z;
    struct buf out;
    buf_init(&out, 1 << 20);
    CHECK_INT(zip_open(&z, &out), 0);
    CHECK_INT(zip_begin(z, STR("\xE6\x97\xA5 \xC3\xA9.txt"), 5, 1000000), 0);
    CHECK_INT(zip_add(z, STR("hello")), 0);
    CHECK_INT(zip_begin(z, STR("empty"), 0, 0), 0);
    CHECK_INT(count(&out, "PK\1\2", 4), 0);
    CHECK_INT(zip_end(z), 0);
    CHECK_INT(count(&out, "PK\3\4", 4), 2);
    CHECK_INT(count(&out, "PK\1\2", 4), 2);
    CHECK_INT(count(&out, "PK\5\6", 4), 1);
    CHECK_INT(count(&out, "\xE6\x97\xA5 \xC3\xA9.txt", 10), 2); /* the name as it was, in both places */
    zip_free(z);
    buf_release(&out);
}

TEST(bytes_come_out_before_the_file_is_whole)
{
    static char noise[256 * 1024];
    struct zip *z;
    struct buf out;
    buf_init(&out, 1 << 20);
    uint32_t x = 1;
    for (size_t i = 0; i < sizeof noise; i++) noise[i] = (char)((x = x * 1664525 + 1013904223) >> 24);
    CHECK_INT(zip_open(&z, &out), 0);
    CHECK_INT(zip_begin(z, STR("noise"), sizeof noise, 0), 0);
    CHECK_INT(zip_add(z, (struct str){noise, sizeof noise}), 0);
    CHECK(out.len > sizeof noise / 2);
    CHECK_INT(zip_add(z, STR("x")), ERR_IO); /* it has grown */
    size_t before = out.len;
    zip_free(z); /* broken off: no list of names */
    CHECK_INT(out.len, before);
    CHECK_INT(count(&out, "PK\1\2", 4), 0);
    buf_release(&out);
}

TEST(what_does_not_fit_into_the_buf_is_an_error)
{
    static char noise[64 * 1024];
    struct zip *z;
    struct buf out;
    buf_init(&out, 4096);
    for (size_t i = 0; i < sizeof noise; i++) noise[i] = (char)(i * i >> 3);
    CHECK_INT(zip_open(&z, &out), 0);
    CHECK_INT(zip_begin(z, STR("x"), 100 * sizeof noise, 0), 0);
    int rc = 0;
    for (int i = 0; i < 100 && !rc; i++) rc = zip_add(z, (struct str){noise, sizeof noise});
    if (!rc) rc = zip_end(z);
    CHECK_INT(rc, ERR_TOO_BIG);
    zip_free(z);
    buf_release(&out);
}

TEST_MAIN
