/* SPDX-License-Identifier: Apache-2.0
 *
 * Ids: the layout of RFC 9562, order under every behaviour of the clock, and texts that are not ids. Fences.
 */
#include "test.h"

#include "base/id.h"

static int64_t now_ms;
static int64_t fake_ms(const struct clock *c)
{
    (void)c;
    return now_ms;
}
static const struct clock fake_clock = {fake_ms, fake_ms};
static struct rng_seeded chance;

static struct id_maker maker(int64_t ms)
{
    struct id_maker m;
    now_ms = ms;
    rng_seeded_init(&chance, 3);
    id_maker_init(&m, &fake_clock, &chance.rng);
    return m;
}

TEST(an_id_has_its_time_version_and_variant)
{
    struct id_maker m = maker(0x017F22E279B0);
    struct id id = id_make(&m);
    char text[ID_TEXT];
    id_format(&id, text);
    CHECK_STR(str_sub(str_of(text), 0, 19), "017f22e2-79b0-7000-");
    CHECK(strchr("89ab", text[19]) != NULL);
    CHECK_INT(strlen(text), 36);
    CHECK_INT(id_ms(&id), 0x017F22E279B0);
}

TEST(ten_thousand_ids_in_one_millisecond_increase)
{
    struct id_maker m = maker(1700000000000);
    struct id last = id_make(&m);
    for (int i = 0; i < 10000; i++) {
        struct id id = id_make(&m);
        CHECK(id_cmp(&last, &id) < 0);
        CHECK_INT(id.b[6] >> 4, 7);
        CHECK_INT(id.b[8] >> 6, 2);
        last = id;
    }
    CHECK_INT(id_ms(&last), 1700000000002); /* 4096 a millisecond */
    now_ms += 1;                            /* the clock comes after: still no going back */
    struct id id = id_make(&m);
    CHECK(id_cmp(&last, &id) < 0);
}

TEST(ids_increase_when_the_clock_goes_back)
{
    struct id_maker m = maker(1700000000000);
    struct id last = id_make(&m);
    for (int i = 0; i < 20000; i++) {
        now_ms -= 1000;
        struct id id = id_make(&m);
        CHECK(id_cmp(&last, &id) < 0);
        last = id;
    }
    CHECK(id_ms(&last) < 1700000000010);
    now_ms = 1700000009999;
    last = id_make(&m);
    CHECK_INT(id_ms(&last), 1700000009999);
}

TEST(a_clock_before_1970_or_beyond_48_bits_still_gives_ids)
{
    struct id_maker m = maker(-5);
    struct id first = id_make(&m), second;
    CHECK_INT(id_ms(&first), 0);
    now_ms = INT64_MAX;
    second = id_make(&m);
    CHECK_INT(id_ms(&second), (INT64_C(1) << 48) - 1);
    CHECK_INT(second.b[6] >> 4, 7);
}

TEST(the_text_reads_back_in_either_case)
{
    struct id_maker m = maker(1700000000000);
    for (int i = 0; i < 100; i++) {
        struct id id = id_make(&m), back;
        char text[ID_TEXT];
        id_format(&id, text);
        CHECK_INT(id_parse(&back, str_of(text)), 0);
        CHECK_INT(id_cmp(&id, &back), 0);
        for (char *c = text; *c; c++)
            if (*c >= 'a' && *c <= 'f') *c = (char)(*c - 'a' + 'A');
        CHECK_INT(id_parse(&back, str_of(text)), 0);
        CHECK_INT(id_cmp(&id, &back), 0);
    }
}

TEST(any_uuid_is_an_id_and_anything_else_is_not)
{
    static const char *const bad[] = {
        "",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
        "017f22e279b0-7cc3-98c4-dc0c0c07398f00",
        "017f22e2 79b0-7cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398-",
        "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}",
        "-17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
    };
    struct id id, before;
    CHECK_INT(id_parse(&id, STR("00000000-0000-0000-0000-000000000000")), 0);
    CHECK_INT(id_parse(&id, STR("C232AB00-9414-11EC-B3C8-9F6BDECED846")), 0);
    before = id;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) CHECK_INT(id_parse(&id, str_of(bad[i])), ERR_INVALID);
    CHECK_INT(id_parse(&id, STR_NONE), ERR_INVALID);
    CHECK_INT(id_cmp(&id, &before), 0); /* untouched */
}

static int draws;
static uint64_t zero_first(struct rng *r)
{
    (void)r;
    return draws++ < 2 ? 0 : 77;
}

TEST(a_number_is_of_one_id_and_in_their_order)
{
    struct id_maker m = maker(1795392000000); /* 2026-11-23 */
    int64_t before = 0;
    for (int i = 0; i < 10000; i++) {
        struct id id = id_make(&m), least, next;
        int64_t serial = id_serial(&id);
        CHECK(serial > before && serial < INT64_C(1) << 53);
        CHECK_INT(id_of_serial(&least, serial), 0);
        CHECK_INT(id_of_serial(&next, serial + 1), 0);
        CHECK(id_cmp(&least, &id) < 0 && id_cmp(&id, &next) < 0);
        CHECK_INT(id_serial(&least), serial);
        before = serial;
    }
}

TEST(a_number_of_no_time_is_of_no_id)
{
    struct id_maker m = maker(0);
    struct id first = id_make(&m), last, id;
    m = maker((INT64_C(1) << 48) - 1);
    m.last_ms = now_ms;
    m.counter = 0xFFE;
    last = id_make(&m);
    CHECK_INT(id_of_serial(&id, id_serial(&first)), 0);
    CHECK_INT(id_of_serial(&id, id_serial(&last)), 0);
    CHECK_INT(id_of_serial(&id, id_serial(&first) - 1), ERR_INVALID);
    CHECK_INT(id_of_serial(&id, id_serial(&last) + 1), ERR_INVALID);
    CHECK_INT(id_of_serial(&id, INT64_MAX), ERR_INVALID);
    CHECK_INT(id_of_serial(&id, INT64_MIN), ERR_INVALID);
}

TEST(a_fence_is_never_zero)
{
    struct rng r = {zero_first};
    CHECK_INT(id_fence(&r), 77);
}

TEST(fences_read_back_and_nothing_else_does)
{
    char text[FENCE_TEXT];
    uint64_t back = 5;
    id_fence_format(0x00123456789abcdeu, text);
    CHECK_STR(str_of(text), "00123456789abcde");
    CHECK_INT(id_fence_parse(&back, str_of(text)), 0);
    CHECK(back == 0x00123456789abcdeu);
    CHECK_INT(id_fence_parse(&back, STR("FFFFFFFFFFFFFFFF")), 0);
    CHECK(back == UINT64_MAX);
    CHECK_INT(id_fence_parse(&back, STR("fffffffffffffff")), ERR_INVALID);
    CHECK_INT(id_fence_parse(&back, STR("0x123456789abcde")), ERR_INVALID);
    CHECK_INT(id_fence_parse(&back, STR("00123456789abcde0")), ERR_INVALID);
    CHECK_INT(id_fence_parse(&back, STR(" 0123456789abcde")), ERR_INVALID);
    CHECK(back == UINT64_MAX);
}

TEST_MAIN
