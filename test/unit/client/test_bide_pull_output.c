/* SPDX-License-Identifier: Apache-2.0
 *
 * Streamed output of a puller: a piece is the same until it is heard, and what has no room leaves a gap in the numbers.
 */
#include "base/json_write.h"
#include "client/bide_pull_output.h"
#include "test.h"

static struct bide_pull_output o;

static void check_piece(const char *wanted)
{
    struct buf b;
    buf_init(&b, 4 * BIDE_PULL_OUTPUT_HELD);
    json_write_open(&b, '{');
    bide_pull_output_write(&o, &b);
    json_write_close(&b, '}');
    CHECK_STR(buf_str(&b), wanted);
    buf_release(&b);
}

TEST(a_piece_that_is_not_heard_is_told_again_as_it_was)
{
    bide_pull_output_init(&o);
    check_piece("{}");
    CHECK(bide_pull_output_add(&o, STR("one ")));
    CHECK(bide_pull_output_add(&o, STR("two ")));
    check_piece("{\"n\":0,\"data\":\"one two \"}");
    CHECK(bide_pull_output_add(&o, STR("three")));
    check_piece("{\"n\":0,\"data\":\"one two \"}");
    bide_pull_output_heard(&o, 0);
    check_piece("{\"n\":1,\"data\":\"three\"}");
    bide_pull_output_heard(&o, 0); /* told twice, heard twice */
    check_piece("{\"n\":1,\"data\":\"three\"}");
    bide_pull_output_heard(&o, 1);
    check_piece("{}");
    bide_pull_output_heard(&o, 2); /* none was told */
    CHECK(bide_pull_output_add(&o, STR("!")));
    check_piece("{\"n\":2,\"data\":\"!\"}");
    bide_pull_output_release(&o);
}

TEST(what_has_no_room_is_said_once_and_leaves_a_gap_where_it_is_missing)
{
    static char large[BIDE_PULL_OUTPUT_HELD + 1];
    memset(large, 'x', sizeof large);
    bide_pull_output_init(&o);
    CHECK(!bide_pull_output_add(&o, (struct str){large, sizeof large})); /* never would have: its number is left out */
    CHECK(bide_pull_output_add(&o, STR("a")));
    check_piece("{\"n\":1,\"data\":\"a\"}");
    CHECK(bide_pull_output_add(&o, (struct str){large, BIDE_PULL_OUTPUT_HELD - 1}));
    CHECK(!bide_pull_output_add(&o, STR("b")));
    CHECK(bide_pull_output_add(&o, STR("c"))); /* is missing, too, and nobody is told again */
    CHECK_INT(o.held.len, BIDE_PULL_OUTPUT_HELD);
    bide_pull_output_heard(&o, 1);
    CHECK(bide_pull_output_add(&o, STR("d"))); /* the gap is behind what is still held */
    CHECK_INT(o.held.len, BIDE_PULL_OUTPUT_HELD - 1);
    struct buf b;
    buf_init(&b, 4 * BIDE_PULL_OUTPUT_HELD);
    bide_pull_output_write(&o, &b);
    buf_release(&b);
    bide_pull_output_heard(&o, 2);
    CHECK(bide_pull_output_add(&o, STR("e")));
    check_piece("{\"n\":4,\"data\":\"e\"}");
    bide_pull_output_release(&o);
}

TEST_MAIN
