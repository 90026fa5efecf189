/* SPDX-License-Identifier: Apache-2.0
 *
 * {instance} in the environment of a pool.
 */
#include "handler/worker_env.h"
#include "test.h"

TEST(each_instance_has_its_own_number_in_values_and_only_there)
{
    static const char *const pool[] = {"CUDA_VISIBLE_DEVICES={instance}", "TWICE=/cache/{instance}/{instance}x", "PLAIN=1", "EMPTY=",
                                       "{instance}=NAME", "OTHER={instances}{instance", NULL};
    struct arena arena = {0};
    const char *const *env = worker_env_of(pool, 12, &arena);
    static const char *const wanted[] = {"CUDA_VISIBLE_DEVICES=12", "TWICE=/cache/12/12x", "PLAIN=1", "EMPTY=", "{instance}=NAME",
                                         "OTHER={instances}{instance"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) CHECK_STR(str_of(env[i]), wanted[i]);
    CHECK(env[sizeof wanted / sizeof *wanted] == NULL);
    CHECK(worker_env_of(NULL, 0, &arena) == NULL);
    arena_release(&arena);
}

TEST_MAIN
