/* SPDX-License-Identifier: Apache-2.0
 *
 * A request that lets its owner do something meanwhile: send another one, or give it up.
 */
#include "canned.h"

#include "client/bide_pull_attempt.h"

#include <sys/socket.h>
#include <unistd.h>

static struct {
    int listener;
    char input[1024], beat[1024], again[1024]; /* requests, as they came */
} desk;

static void answer(int fd, const char *text)
{
    CHECK_INT(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

/* The input is answered once there was a beat; NULL: never. */
static void *serve(void *beat_answer)
{
    int input = accept(desk.listener, NULL, NULL);
    canned_read(input, desk.input, sizeof desk.input);
    int beat = accept(desk.listener, NULL, NULL);
    canned_read(beat, desk.beat, sizeof desk.beat);
    answer(beat, beat_answer);
    if (strstr((const char *)beat_answer, "user")) canned_read(input, desk.again, sizeof desk.again); /* until it is given up */
    else answer(input, OK_JSON "{\"large\":1}");
    return NULL;
}

static struct bide_pull_attempt attempt;
static void beat_when_due(void *user)
{
    CHECK(user == &desk);
    if (bide_pull_attempt_due_ms(&attempt) <= bide_pull_clock_ms()) bide_pull_attempt_beat(&attempt);
}

static void with_attempt(const char *beat_answer, void (*check)(void))
{
    struct bide_error e = {0};
    struct json j;
    pthread_t thread;
    memset(&desk, 0, sizeof desk);
    desk.listener = canned_listen();
    CHECK_INT(pthread_create(&thread, NULL, serve, (void *)(uintptr_t)beat_answer), 0);
    json_init(&j);
    CHECK_INT(json_parse(&j, STR("{\"id\":\"t1\",\"fence\":\"f1\",\"beat_ms\":20}"), NULL), 0);
    attempt = (struct bide_pull_attempt){.client = canned_client(), .beats = canned_client(), .meanwhile = beat_when_due, .user = &desk};
    CHECK_INT(bide_pull_attempt_open(&attempt, &j, json_root(&j), &e), 0);
    check();
    bide_pull_attempt_close(&attempt);
    bide_client_free(attempt.client);
    bide_client_free(attempt.beats);
    json_release(&j);
    pthread_join(thread, NULL);
    close(desk.listener);
}

static void is_fetched(void)
{
    struct bide_error e = {0};
    char path[PATH_MAX + 16], text[64] = "";
    CHECK_INT(bide_pull_attempt_prepare(&attempt, "input.json", &e), 0);
    snprintf(path, sizeof path, "%s/input.json", attempt.dir);
    FILE *f = fopen(path, "r");
    CHECK(f != NULL);
    CHECK(fgets(text, sizeof text, f) != NULL);
    fclose(f);
    CHECK_STR(str_of(text), "{\"large\":1}");
    CHECK_STR(str_of(attempt.cancel), "");
    CHECK(strstr(desk.input, "GET /v1/attempts/t1.f1/input ") == desk.input);
    CHECK(strstr(desk.beat, "POST /v1/attempts/t1.f1/beat ") == desk.beat);
}

TEST(while_an_input_is_on_its_way_its_attempt_is_beaten_for)
{
    with_attempt(OK_JSON "{\"beat_ms\":60000,\"cancel\":null}", is_fetched);
}

static void is_given_up(void)
{
    struct bide_error e = {0};
    CHECK_INT(bide_pull_attempt_prepare(&attempt, "input.json", &e), -1);
    CHECK_STR(str_of(e.code), "cancelled");
    CHECK_STR(str_of(attempt.cancel), "user");
    CHECK(!attempt.lost);
}

TEST(an_input_of_an_attempt_that_is_cancelled_meanwhile_is_given_up)
{
    with_attempt(OK_JSON "{\"beat_ms\":60000,\"cancel\":\"user\"}", is_given_up);
}

TEST_MAIN
