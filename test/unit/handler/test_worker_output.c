/* SPDX-License-Identifier: Apache-2.0
 *
 * What a worker streams out: passed on in its order, kept up to a bound, a sign of life.
 */
#include "pool_rig.h"

static void check_output(const char *wanted, int64_t next)
{
    struct arena a = {0};
    int64_t seen;
    CHECK_STR(pieces_text(buf_str(&h.output.packed), 0, &a, &seen), wanted);
    CHECK_INT(seen, next);
    arena_release(&a);
}

TEST(what_a_worker_streams_out_is_passed_on_with_or_without_numbers)
{
    pool_open_busy();
    fake_about(&fake, 0, &h, "output", ",\"n\":0,\"data\":\"hel\"");
    fake_about(&fake, 0, &h, "output", ",\"n\":1,\"data\":\"l\\u00f6 \"");
    fake_about(&fake, 0, &h, "output", ",\"n\":1,\"data\":\"again\"");
    fake_about(&fake, 0, &h, "output", ",\"data\":\"you\"");
    fake_about(&fake, 0, &h, "output", ",\"n\":-3,\"data\":\"!\"");
    fake_about(&fake, 0, &h, "output", ",\"n\":\"7\",\"data\":\"?\"");
    fake_about(&fake, 0, &h, "output", ",\"n\":9007199254740992,\"data\":\".\"");
    fake_about(&fake, 0, &h, "output", ",\"data\":5");
    check_output("hell\xc3\xb6 you!?.", 7);
    CHECK_INT(h.log.len, 0);
    fake_about(&fake, 0, &h, "done", "");
    fake_about(&fake, 0, &h, "output", ",\"data\":\"late\"");
    check_output("hell\xc3\xb6 you!?.", 7);
    CHECK_INT(pool_view(0)->dropped, 1);
    pool_close_busy();
}

TEST(of_too_much_the_beginning_is_kept_and_the_log_says_so_once)
{
    char *more = malloc(LIMIT_OUTPUT / 2 + 32);
    size_t head = (size_t)snprintf(more, 16, ",\"data\":\"");
    memset(more + head, 'x', LIMIT_OUTPUT / 2);
    memcpy(more + head + LIMIT_OUTPUT / 2, "\"", 2);
    pool_open_busy();
    for (int i = 0; i < 4; i++) fake_about(&fake, 0, &h, "output", more);
    fake_about(&fake, 0, &h, "output", ",\"data\":\"a little\"");
    CHECK_INT(h.output.next, 1);
    CHECK_STR(buf_str(&h.log), "bide: of what it streams out the first 1048576 bytes are kept; what comes from here on is not\n");
    CHECK_STATE("busy");
    free(more);
    pool_close_busy();
}

TEST_MAIN
