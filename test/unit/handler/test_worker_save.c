/* SPDX-License-Identifier: Apache-2.0
 *
 * Checkpoints of a worker: what it is given, what it saves.
 */
#include "pool_rig.h"

TEST(a_checkpoint_that_does_not_fit_beside_the_input_travels_as_a_file)
{
    char path[128];
    char *text = malloc(LIMIT_SAVE), *back = malloc(LIMIT_SAVE);
    memset(text, ' ', LIMIT_SAVE);
    text[LIMIT_SAVE - 1] = '7';
    pool_conf();
    pool_open_ready();
    heard_init(&h, pool, 1, "\"in\"");
    h.attempt.resume = (struct str){text, LIMIT_SAVE};
    pool_give(&h);
    CHECK(fake_was_sent(&fake, 0, "\"input\":\"in\",\"resume_file\":\"resume.json\"}]}\n"));
    snprintf(path, sizeof path, "%s/resume.json", h.dir);
    FILE *file = fopen(path, "r");
    CHECK(file && fread(back, 1, LIMIT_SAVE, file) == LIMIT_SAVE);
    fclose(file);
    CHECK(memcmp(back, text, LIMIT_SAVE) == 0);
    free(back);
    free(text);
    pool_close_busy();
}

TEST(what_a_worker_saves_is_passed_on_as_it_is)
{
    pool_open_busy();
    fake_about(&fake, 0, &h, "save", ",\"data\":{\"at\": 3}");
    CHECK_INT(h.n_saves, 1);
    CHECK_STR(str_of(h.saved), "{\"at\": 3}");
    fake_about(&fake, 0, &h, "save", ""); /* not said */
    CHECK_INT(h.n_saves, 1);
    fake_about(&fake, 0, &h, "save", ",\"data\":null"); /* none is to be kept */
    CHECK_INT(h.n_saves, 2);
    CHECK_STR(str_of(h.saved), "");
    fake_about(&fake, 0, &h, "done", "");
    fake_about(&fake, 0, &h, "save", ",\"data\":4");
    CHECK_INT(h.n_saves, 2);
    CHECK_INT(pool_view(0)->dropped, 1);
    pool_close_busy();
}

TEST(a_checkpoint_over_the_limit_is_dropped_and_the_log_says_so)
{
    for (int over = 0; over <= 1; over++) {
        char *more = malloc(LIMIT_SAVE + 32);
        size_t head = (size_t)snprintf(more, 16, ",\"data\":\"");
        memset(more + head, 'x', (size_t)LIMIT_SAVE - 2 + (size_t)over);
        memcpy(more + head + LIMIT_SAVE - 2 + over, "\"", 2);
        pool_open_busy();
        fake_about(&fake, 0, &h, "save", more);
        CHECK_INT(h.n_saves, !over);
        CHECK_INT(h.log.len > 0, over);
        if (over) CHECK(strstr(h.log.p, "a checkpoint of 1048577 bytes was dropped, the one before stays: at most 1048576 are kept"));
        CHECK_STATE("busy");
        free(more);
        pool_close_busy();
    }
}

TEST_MAIN
