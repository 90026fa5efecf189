/* SPDX-License-Identifier: Apache-2.0
 *
 * Head and tail are exact at every size around the bounds and however the bytes arrive; what was left out is counted;
 * no character is torn.
 */
#include "base/mem.h"
#include "base/rng.h"
#include "server/logbook.h"
#include "test/test.h"

#define H ((size_t)LOGBOOK_HALF)
#define LEFT_OUT "\n[... %llu bytes left out ...]\n"

static char *flood; /* 1 MiB of ASCII that differs everywhere: "0000000,0000008,.." */
#define FLOOD ((size_t)1 << 20)

static void make_flood(void)
{
    if (flood) return;
    flood = mem_new(FLOOD + 16);
    for (size_t at = 0; at < FLOOD; at += 8) snprintf(flood + at, 9, "%07zu,", at);
}

static struct str add_pieces(struct logbook *l, size_t total, size_t piece, struct arena *a)
{
    logbook_init(l);
    for (size_t at = 0; at < total; at += piece) logbook_add(l, (struct str){flood + at, total - at < piece ? total - at : piece});
    struct str text = logbook_text(l, a);
    logbook_release(l);
    return text;
}

/* What the first half, the line and the last half of the first `total` bytes of the flood are. */
static void check_is_cut(struct str text, size_t total)
{
    char line[64];
    int n = snprintf(line, sizeof line, LEFT_OUT, (unsigned long long)(total - 2 * H));
    CHECK_INT(text.len, 2 * H + (size_t)n);
    CHECK(memcmp(text.p, flood, H) == 0);
    CHECK(memcmp(text.p + H, line, (size_t)n) == 0);
    CHECK(memcmp(text.p + H + n, flood + total - H, H) == 0);
}

TEST(nothing_printed_is_an_empty_log)
{
    struct logbook l;
    struct arena a = {0};
    logbook_init(&l);
    CHECK(logbook_is_empty(&l));
    CHECK_INT(logbook_text(&l, &a).len, 0);
    logbook_add(&l, STR_NONE);
    CHECK(logbook_is_empty(&l));
    logbook_add(&l, STR("a"));
    CHECK(!logbook_is_empty(&l));
    CHECK_STR(logbook_text(&l, &a), "a");
    logbook_release(&l);
    arena_release(&a);
}

TEST(everything_up_to_both_halves_is_kept_whole)
{
    size_t sizes[] = {1, 7, H - 1, H, H + 1, 2 * H - 1, 2 * H}, pieces[] = {1, 7, 4096, 65536, H, FLOOD};
    make_flood();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (size_t j = 0; j < sizeof pieces / sizeof *pieces; j++) {
            struct logbook l;
            struct arena a = {0};
            struct str text = add_pieces(&l, sizes[i], pieces[j], &a);
            CHECK_INT(text.len, sizes[i]);
            CHECK(memcmp(text.p, flood, text.len) == 0);
            arena_release(&a);
        }
    }
}

TEST(more_than_that_is_the_first_and_the_last_half_at_every_size)
{
    size_t sizes[] = {2 * H + 1, 3 * H - 1, 3 * H, 3 * H + 1, 4 * H - 1, 4 * H, 4 * H + 1, 5 * H + 3, FLOOD};
    size_t pieces[] = {1, 7, 4096, H - 1, H, H + 1, 2 * H, 2 * H + 1, FLOOD};
    make_flood();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (size_t j = 0; j < sizeof pieces / sizeof *pieces; j++) {
            struct logbook l;
            struct arena a = {0};
            struct str text = add_pieces(&l, sizes[i], pieces[j], &a);
            check_is_cut(text, sizes[i]);
            CHECK(text.len <= LIMIT_LOG);
            arena_release(&a);
        }
    }
}

TEST(pieces_of_random_sizes_change_nothing)
{
    struct rng_seeded r;
    rng_seeded_init(&r, 5);
    make_flood();
    for (int i = 0; i < 50; i++) {
        struct logbook l;
        struct arena a = {0};
        size_t total = 2 * H + 1 + rng_below(&r.rng, FLOOD - 2 * H - 1);
        logbook_init(&l);
        for (size_t at = 0, n; at < total; at += n) {
            n = 1 + rng_below(&r.rng, rng_below(&r.rng, 4) ? 5000 : 2 * H);
            if (n > total - at) n = total - at;
            logbook_add(&l, (struct str){flood + at, n});
        }
        check_is_cut(logbook_text(&l, &a), total);
        CHECK(l.tail.len <= 2 * H);
        logbook_release(&l);
        arena_release(&a);
    }
}

TEST(it_may_be_read_while_more_comes)
{
    struct logbook l;
    struct arena a = {0};
    make_flood();
    logbook_init(&l);
    logbook_add(&l, (struct str){flood, 100});
    CHECK_INT(logbook_text(&l, &a).len, 100);
    logbook_add(&l, (struct str){flood + 100, 3 * H - 100});
    check_is_cut(logbook_text(&l, &a), 3 * H);
    logbook_add(&l, (struct str){flood + 3 * H, 5});
    check_is_cut(logbook_text(&l, &a), 3 * H + 5);
    logbook_release(&l);
    arena_release(&a);
}

static size_t width(unsigned char c) { return c < 0x80 ? 1 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 0; }

/* Whole characters only; how many bytes. */
static size_t whole(struct str s)
{
    size_t at = 0;
    for (size_t n; at < s.len; at += n) {
        n = width((unsigned char)s.p[at]);
        CHECK(n > 0 && at + n <= s.len);
        for (size_t i = 1; i < n; i++) CHECK(((unsigned char)s.p[at + i] & 0xc0) == 0x80);
    }
    return at;
}

/* A log of one repeated character, shifted by `shift` bytes of ASCII so that both cuts fall on each of its bytes. */
static void check_characters(const char *character, size_t shift)
{
    struct logbook l;
    struct arena a = {0};
    size_t n = strlen(character), total = shift;
    logbook_init(&l);
    for (size_t i = 0; i < shift; i++) logbook_add(&l, STR("x"));
    for (; total < 3 * H; total += n) logbook_add(&l, (struct str){character, n});
    struct str text = logbook_text(&l, &a);
    whole(text);
    const char *mark = strstr(text.p, "\n[... ");
    CHECK(mark != NULL);
    size_t head = (size_t)(mark - text.p), lost = strtoull(mark + 6, NULL, 10);
    const char *after = strchr(mark + 1, '\n') + 1;
    size_t tail = text.len - (size_t)(after - text.p);
    CHECK_INT(head + lost + tail, total);
    CHECK_INT(head, shift + (H - shift) / n * n); /* as much as fits, and no more is dropped than the torn one */
    CHECK(H - tail < n);
    logbook_release(&l);
    arena_release(&a);
}

TEST(the_cuts_do_not_tear_a_character_and_drop_no_whole_one)
{
    const char *characters[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8e\xa4", "z"};
    for (size_t i = 0; i < sizeof characters / sizeof *characters; i++)
        for (size_t shift = 0; shift < 5; shift++) check_characters(characters[i], shift);
}

TEST(a_character_across_both_halves_is_whole_when_nothing_was_left_out)
{
    struct logbook l;
    struct arena a = {0};
    make_flood();
    logbook_init(&l);
    logbook_add(&l, (struct str){flood, H - 1});
    logbook_add(&l, STR("\xe2\x82\xac!"));
    struct str text = logbook_text(&l, &a);
    CHECK_INT(text.len, H + 3);
    CHECK(memcmp(text.p + H - 1, "\xe2\x82\xac!", 4) == 0);
    logbook_release(&l);
    arena_release(&a);
}

/* What is read from a place on, while it grows and when it is over, is the same. */
static void check_since(const struct logbook *l, struct str text, uint64_t place, struct arena *a)
{
    struct str live = logbook_since(l, place, a), over = logbook_text_since(text, place, a);
    CHECK_INT(live.len, over.len);
    CHECK(memcmp(live.p, over.p, live.len) == 0);
}

TEST(from_any_place_on_it_is_the_same_while_it_grows_and_after)
{
    static const size_t totals[] = {0, 5, H - 1, H, H + 1, 2 * H - 1, 2 * H, 2 * H + 1, 3 * H, 3 * H + 77, 7 * H};
    struct arena a = {0};
    make_flood();
    for (size_t t = 0; t < sizeof totals / sizeof *totals; t++) {
        struct logbook l;
        size_t total = totals[t];
        logbook_init(&l);
        for (size_t at = 0; at < total; at += 4096) logbook_add(&l, (struct str){flood + at, total - at < 4096 ? total - at : 4096});
        CHECK_INT(logbook_end(&l), total);
        struct str text = logbook_text(&l, &a);
        for (uint64_t place = 0; place <= total; place += 997) check_since(&l, text, place, &a);
        check_since(&l, text, total, &a);
        CHECK_INT(logbook_since(&l, total, &a).len, 0);
        if (total > H) {
            struct str last = logbook_since(&l, total - 9, &a);
            CHECK_INT(last.len, 9);
            CHECK(memcmp(last.p, flood + total - 9, 9) == 0);
        }
        logbook_release(&l);
    }
    arena_release(&a);
}

TEST(who_reads_as_it_grows_reads_all_of_it)
{
    struct arena a = {0};
    struct logbook l;
    uint64_t place = 0;
    make_flood();
    logbook_init(&l);
    for (size_t at = 0; at < 6 * H; at += 1000) {
        logbook_add(&l, (struct str){flood + at, 1000});
        struct str now = logbook_since(&l, place, &a);
        CHECK_INT(now.len, 1000);
        CHECK(memcmp(now.p, flood + at, 1000) == 0);
        place = logbook_end(&l);
    }
    logbook_release(&l);
    arena_release(&a);
}

TEST_MAIN
