/* SPDX-License-Identifier: Apache-2.0
 *
 * The vector of the Standard Webhooks specification, rotation, secrets that are none; how long until the next try.
 */
#include "handler/webhook.h"
#include "test/test.h"

#include <string.h>

#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

TEST(the_vector_of_the_specification)
{
    uint8_t key[WEBHOOK_KEY_MOST];
    size_t n;
    struct err e;
    struct buf b;
    CHECK_INT(webhook_sign_key(STR(SECRET), key, &n, &e), 0);
    CHECK_INT(n, 24);
    struct webhook_key keys[] = {{STR("default"), {(char *)key, n}}};
    buf_init(&b, 1024);
    CHECK(webhook_sign(&b, keys, 1, STR("default"), STR("msg_p5jXN8AQM9LWM0D4loKWxJek"), 1614265330, STR("{\"test\": 2432232314}")));
    CHECK_STR(buf_str(&b), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    buf_release(&b);
}

TEST(all_keys_of_the_name_sign_and_no_other)
{
    struct webhook_key keys[] = {{STR("a"), STR("111111111111111111111111")}, {STR("b"), STR("222222222222222222222222")}, {STR("a"), STR("333333333333333333333333")}};
    struct buf b;
    buf_init(&b, 1024);
    CHECK(webhook_sign(&b, keys, 3, STR("a"), STR("m"), 1, STR("{}")));
    CHECK_INT(b.len, 2 * 47 + 1);
    CHECK_INT(str_find(buf_str(&b), ' '), 47);
    buf_clear(&b);
    CHECK(webhook_sign(&b, keys, 3, STR("b"), STR("m"), 1, STR("{}")));
    CHECK_INT(b.len, 47);
    buf_clear(&b);
    CHECK(!webhook_sign(&b, keys, 3, STR("c"), STR("m"), 1, STR("{}")));
    CHECK_INT(b.len, 0);
    buf_release(&b);
}

TEST(secrets_that_are_none_are_refused_and_not_shown)
{
    static const char *const none[] = {"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjU", "whsec_!fKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                                       "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        uint8_t key[WEBHOOK_KEY_MOST];
        size_t n;
        struct err e;
        CHECK_INT(webhook_sign_key(str_of(none[i]), key, &n, &e), ERR_INVALID);
        CHECK(!strstr(e.text, "MfKQ"));
    }
}

TEST(a_message_is_read_as_it_was_written_its_body_byte_for_byte)
{
    struct webhook_message m = {.url = STR("http://x/\"a\""), .id = STR("msg_1_2"), .event = STR("task.failed"), .secret_id = STR("s"), .trusted = true,
                                .timeout_ms = 15000, .body = STR("{\"a\" : [1 , 2],\"\\u00e4\":null}")},
                           seen;
    struct arena a = {0};
    struct buf b;
    buf_init(&b, 4096);
    webhook_write(&b, &m);
    CHECK_INT(webhook_read(&seen, buf_str(&b), &a), 0);
    CHECK(str_eq(seen.url, m.url) && str_eq(seen.id, m.id) && str_eq(seen.event, m.event) && str_eq(seen.secret_id, m.secret_id));
    CHECK(str_eq(seen.body, m.body) && seen.trusted && seen.timeout_ms == 15000);
    buf_clear(&b);
    m.secret_id = STR_NONE, m.trusted = false;
    webhook_write(&b, &m);
    CHECK_INT(webhook_read(&seen, buf_str(&b), &a), 0);
    CHECK(!seen.secret_id.p && !seen.trusted);
    CHECK_INT(webhook_read(&seen, STR("{}"), &a), ERR_INVALID);
    buf_release(&b);
    arena_release(&a);
}

TEST(the_schedule_is_that_of_the_specification_and_at_most_a_tenth_more)
{
    static const int64_t wanted_s[] = {5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400};
    for (int tries = 1; tries < WEBHOOK_TRIES; tries++) {
        int64_t ms = wanted_s[tries - 1] * 1000;
        CHECK_INT(webhook_delay_ms(tries, 0), ms);
        uint64_t chance = 1;
        for (int i = 0; i < 100; i++, chance = chance * 7 + 3) {
            int64_t delay = webhook_delay_ms(tries, chance);
            CHECK(delay >= ms && delay <= ms + ms / 10);
        }
    }
    CHECK_INT(webhook_delay_ms(WEBHOOK_TRIES, 0), 0);
    CHECK_INT(webhook_delay_ms(0, 0), 0);
}

TEST_MAIN
