/* SPDX-License-Identifier: Apache-2.0
 *
 * NDJSON cut into lines, however it arrives.
 */
#include "api/batch_lines.h"
#include "base/limits.h"
#include "test/test.h"

/* All that comes of `text` given in pieces of this size: lines in brackets, "!" for one that is too long. */
static struct str read_all(struct buf *out, struct str text, size_t piece)
{
    struct batch_lines l;
    batch_lines_init(&l);
    buf_init(out, 1 << 20);
    for (;;) {
        struct str line;
        int rc;
        while ((rc = batch_lines_next(&l, &line)) != 0) {
            if (rc == 1) buf_add_format(out, "[%.*s]", (int)(line.len > 20 ? 20 : line.len), line.p);
            else buf_add_text(out, rc == ERR_TOO_BIG ? "!" : "?");
        }
        if (l.over) break;
        if (text.len == 0) {
            batch_lines_end(&l);
            continue;
        }
        struct str next = str_sub(text, 0, piece);
        text = str_sub(text, next.len, text.len);
        CHECK_INT(batch_lines_add(&l, next), 0);
    }
    batch_lines_drop(&l);
    CHECK_INT(batch_lines_size(&l), 0);
    batch_lines_release(&l);
    return out->len ? buf_str(out) : STR("");
}

TEST(lines_are_the_same_in_whatever_pieces_they_come)
{
    static const struct {
        const char *text, *lines;
    } cases[] = {
        {"", ""},
        {"\n\n \n\t\r\n", ""},
        {"a\n", "[a]"},
        {"a", "[a]"},
        {"a\nbc\n\n d \r\n\n", "[a][bc][ d \r]"},
        {"\n\na\nlast", "[a][last]"},
        {"a\n  ", "[a]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t piece = 1; piece < 20; piece++) {
            struct buf out;
            CHECK_STR(read_all(&out, str_of(cases[i].text), piece), cases[i].lines);
            buf_release(&out);
        }
    }
}

static struct str filled(struct buf *b, size_t len)
{
    memset(buf_room(b, len), 'x', len);
    buf_wrote(b, len);
    return buf_str(b);
}

TEST(a_line_over_the_limit_is_told_once_and_its_rest_skipped)
{
    static const size_t pieces[] = {60000, 1000000};
    for (size_t i = 0; i < 2; i++) {
        for (int over = 0; over < 3; over++) { /* just within, just over, far over */
            struct buf text, out;
            buf_init(&text, (size_t)128 << 20);
            buf_add_text(&text, "a\n");
            filled(&text, LIMIT_BATCH_LINE + (over == 2 ? (size_t)40 << 20 : (size_t)over));
            buf_add_text(&text, "\nb\n\nc");
            CHECK_STR(read_all(&out, buf_str(&text), pieces[i]), over ? "[a]![b][c]" : "[a][xxxxxxxxxxxxxxxxxxxx][b][c]");
            buf_release(&out);
            buf_release(&text);
        }
    }
}

TEST(a_line_over_the_limit_may_be_the_last)
{
    struct buf text, out;
    buf_init(&text, (size_t)128 << 20);
    buf_add_text(&text, "a\n");
    filled(&text, LIMIT_BATCH_LINE + 100000);
    CHECK_STR(read_all(&out, buf_str(&text), 70000), "[a]!");
    buf_release(&out);
    buf_release(&text);
}

TEST(a_line_that_goes_on_for_ever_takes_no_more_than_the_limit)
{
    struct batch_lines l;
    struct buf zeros;
    struct str line;
    int told = 0;
    batch_lines_init(&l);
    buf_init(&zeros, 1 << 20);
    struct str piece = filled(&zeros, 100000);
    for (int i = 0; i < 2000; i++) {
        CHECK_INT(batch_lines_add(&l, piece), 0);
        told += batch_lines_next(&l, &line) == ERR_TOO_BIG;
        CHECK(batch_lines_size(&l) <= LIMIT_BATCH_LINE + (1 << 20) + 1);
    }
    CHECK_INT(told, 1);
    batch_lines_drop(&l);
    CHECK_INT(batch_lines_size(&l), 0);
    batch_lines_release(&l);
    buf_release(&zeros);
}

TEST_MAIN
