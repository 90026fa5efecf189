/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory yajl works in: pieces apart and aligned, moved with their content, all gone in the end (the sanitizer
 * counts), and a failed allocation that jumps out instead of returning.
 */
#include "test.h"

#include "base/json_pool.h"

static struct json_pool pool;

TEST(pieces_small_and_large_keep_their_content)
{
    enum { N = 64 };
    char *pieces[N];
    json_pool_init(&pool);
    for (int i = 0; i < N; i++) {
        pieces[i] = json_pool_malloc(&pool, (size_t)i * 10);
        CHECK_INT((uintptr_t)pieces[i] % 16, 0);
        memset(pieces[i], i, (size_t)i * 10);
    }
    for (int i = 0; i < N; i += 2) {
        pieces[i] = json_pool_realloc(&pool, pieces[i], (size_t)i * 50);
        CHECK_INT((uintptr_t)pieces[i] % 16, 0);
    }
    for (int i = 0; i < N; i++)
        for (int k = 0; k < i * 10; k++)
            if (pieces[i][k] != i) test_fail();
    for (int i = 0; i < N; i += 3) json_pool_free(&pool, pieces[i]);
    json_pool_free(&pool, NULL);
    json_pool_release(&pool);
    json_pool_release(&pool);
}

TEST(a_piece_grows_far_beyond_the_pool)
{
    json_pool_init(&pool);
    char *p = json_pool_realloc(&pool, NULL, 16);
    memset(p, 'x', 16);
    for (size_t size = 32; size <= 1 << 20; size *= 2) {
        p = json_pool_realloc(&pool, p, size);
        memset(p + size / 2, 'x', size / 2);
    }
    for (int i = 0; i < 1 << 20; i++)
        if (p[i] != 'x') test_fail();
    json_pool_release(&pool);
}

TEST(an_allocation_that_fails_jumps_out_and_leaves_the_rest_to_be_freed)
{
    static volatile int came_back;
    came_back = 0;
    json_pool_init(&pool);
    if (setjmp(pool.out) == 0) {
        json_pool_malloc(&pool, 100000);
        json_pool_malloc(&pool, SIZE_MAX - 8);
        came_back = 1;
    }
    CHECK_INT(came_back, 0);
    json_pool_release(&pool);
}

TEST_MAIN
