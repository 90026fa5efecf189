/* SPDX-License-Identifier: Apache-2.0
 *
 * Counting of batches.
 */
#include "store/work.h"
#include "test.h"

TEST(a_batch_is_in_the_first_bucket_that_is_wide_enough)
{
    struct store_work w = {0};
    work_count(&w, 0, 1);
    work_count(&w, 1, 2);
    work_count(&w, 2, 3);
    work_count(&w, 5001, 1025);
    CHECK_INT(w.by_ms[0], 2);
    CHECK_INT(w.by_ms[1], 1);
    CHECK_INT(w.by_ms[WORK_BUCKETS - 1], 1);
    CHECK_INT(w.by_size[0], 1);
    CHECK_INT(w.by_size[1], 1);
    CHECK_INT(w.by_size[2], 1);
    CHECK_INT(w.by_size[WORK_BUCKETS - 1], 1);
    CHECK_INT(w.batches, 4);
    CHECK_INT(w.changes, 1031);
    CHECK_INT(w.total_ms, 5004);
    CHECK_INT(work_bound_ms(0), 1);
    CHECK_INT(work_bound_size(10), 1024);
    CHECK(work_bound_ms(WORK_BUCKETS - 1) == INT64_MAX);
}

TEST_MAIN
