/* SPDX-License-Identifier: Apache-2.0
 *
 * What must be the same for one result to answer two: nothing more, nothing less, however it is cut into pieces.
 */
#include "task/cache.h"
#include "test.h"

static bool same(const struct task_body *a, struct str a_version, const struct task_body *b, struct str b_version)
{
    uint8_t x[TASK_PRINT], y[TASK_PRINT];
    cache_print(a, a_version, x);
    cache_print(b, b_version, y);
    return memcmp(x, y, sizeof x) == 0;
}

static const struct task_body plain = {.type = {"ab", sizeof "ab" - 1}, .input = {"{\"n\":1}", sizeof "{\"n\":1}" - 1}};

TEST(type_version_input_and_tenant_count_and_nothing_else_does)
{
    struct task_body other = plain;
    CHECK(same(&plain, STR("1"), &other, STR("1")));
    CHECK(same(&plain, STR_NONE, &other, STR("")));
    CHECK(!same(&plain, STR("1"), &other, STR("2")));
    other.queue = other.subject = other.key = other.limit_key = other.batch_key = STR("else");
    other.id.b[0] = 1;
    other.rules.priority = 7;
    other.cost = 3;
    other.cache = (struct task_cache){.ttl_ms = 5, .bypass = true};
    CHECK(same(&plain, STR("1"), &other, STR("1")));
    other.type = STR("abc");
    CHECK(!same(&plain, STR("1"), &other, STR("1")));
    other = plain;
    other.input = STR("{\"n\": 1}"); /* byte for byte */
    CHECK(!same(&plain, STR("1"), &other, STR("1")));
    other = plain;
    other.tenant = 1;
    CHECK(!same(&plain, STR("1"), &other, STR("1")));
}

TEST(no_two_look_the_same_put_together)
{
    struct task_body other = plain;
    other.type = STR("a");
    CHECK(!same(&plain, STR("c"), &other, STR("bc")));
    other = plain;
    other.input = STR("2{\"n\":1}");
    CHECK(!same(&plain, STR("12"), &other, STR("1")));
    struct task_body empty = {.type = STR("t")}, none = {.type = STR("t"), .input = STR("")};
    CHECK(same(&empty, STR(""), &none, STR_NONE));
}

/* Stores outlive machines and builds: the print of one task is this one for ever. */
TEST(the_print_is_sha_256_of_the_parts_with_their_lengths)
{
    static const char *const wanted = "b2e2a4942f3a172170306d278d957e7a3407ae856b3c768e2107859436125c77";
    uint8_t print[TASK_PRINT];
    char hex[2 * TASK_PRINT + 1];
    cache_print(&plain, STR("v1"), print);
    for (int i = 0; i < TASK_PRINT; i++) snprintf(hex + 2 * i, 3, "%02x", print[i]);
    CHECK_STR(str_of(hex), wanted);
}

TEST_MAIN
