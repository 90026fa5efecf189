/* SPDX-License-Identifier: Apache-2.0
 *
 * bide_client_follow against canned answers: what is told, what is asked after a break, when it gives up. The clock of this
 * program can be moved: silence is not waited for.
 */
#include "canned.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STREAM "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
#define NONE "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
#define REFUSED(status, code) "HTTP/1.1 " status " No\r\nContent-Type: application/problem+json\r\nConnection: close\r\n\r\n{\"code\":\"" code "\",\"detail\":\"no\"}"

static int64_t ahead_s; /* of the real time */

int clock_gettime(clockid_t id, struct timespec *t)
{
    int rc = (int)syscall(SYS_clock_gettime, id, t);
    t->tv_sec += __atomic_load_n(&ahead_s, __ATOMIC_RELAXED);
    return rc;
}

struct told {
    char text[1024];
    int n, enough; /* after so many; 0: never */
    int away, back;
    int64_t jump_s; /* the clock's, when something was told */
    int64_t away_s; /* and each time that it is away */
};

static bool on_event(void *user, const struct bide_event *e)
{
    struct told *t = user;
    size_t len = strlen(t->text);
    snprintf(t->text + len, sizeof t->text - len, "%s/%s/%s;", e->name, e->id, e->data);
    CHECK_INT(e->data_len, strlen(e->data));
    __atomic_add_fetch(&ahead_s, t->jump_s, __ATOMIC_RELAXED);
    t->jump_s = 0;
    return ++t->n != t->enough;
}

static void on_away(void *user, const struct bide_error *why)
{
    struct told *t = user;
    if (why) __atomic_add_fetch(&ahead_s, t->away_s, __ATOMIC_RELAXED);
    if (why) t->away++;
    else t->back++;
}

static int follow(const char *const *answers, struct bide_follow *f, struct told *t, struct bide_error *e)
{
    canned_start(answers, NULL);
    struct bide_client *c = canned_client();
    f->on_event = on_event;
    f->on_away = on_away;
    f->user = t;
    int rc = bide_client_follow(c, f, e);
    bide_client_free(c);
    return rc;
}

TEST(events_are_told_to_the_end_and_a_break_goes_on_behind_the_last_whole_one)
{
    static const char *const answers[] = {
        STREAM ":\n\nretry: 1\nid: 1\nevent: task.started\ndata: {\"a\":\ndata: 1}\n\nid: 2\nevent: lost\ndata: {}\n",
        STREAM "id: 2\r\nevent: task.completed\r\ndata:x\r\n\r\nevent: end\ndata: {}\n\n", NULL};
    struct told t = {0};
    struct bide_error e = {0};
    CHECK_INT(follow(answers, &(struct bide_follow){.id = "a/b"}, &t, &e), 0);
    canned_join();
    CHECK_STR(str_of(t.text), "task.started/1/{\"a\":\n1};task.completed/2/x;end/2/{};");
    CHECK(canned_asked(0, "GET /v1/tasks/a%2Fb/events HTTP") && canned_asked(0, "Accept: text/event-stream"));
    CHECK(!canned_asked(0, "Last-Event-ID") && canned_asked(1, "Last-Event-ID: 1\r\n"));
    CHECK_INT(t.away, 1);
    CHECK_INT(t.back, 1);
}

TEST(what_is_asked_for_stands_in_the_path)
{
    static const char *const answers[] = {NONE, NONE, NONE, NULL};
    const struct bide_tag tags[] = {{"k", "a b"}};
    const struct bide_filter filter = {.type = "t", .queue = "q", .tags = tags, .n_tags = 1};
    struct bide_follow asked[] = {{.id = "i", .what = BIDE_FOLLOW_LOG, .from = 7}, {.id = "i", .what = BIDE_FOLLOW_OUTPUT, .last_id = "1.2.3"},
                                  {.filter = &filter, .kinds = "completed,failed"}};
    struct told t = {0};
    struct bide_error e = {0};
    canned_start(answers, NULL);
    struct bide_client *c = canned_client();
    for (int i = 0; i < 3; i++) {
        asked[i].on_event = on_event;
        asked[i].user = &t;
        CHECK_INT(bide_client_follow(c, &asked[i], &e), 0);
    }
    bide_client_free(c);
    canned_join();
    CHECK_INT(t.n, 0);
    CHECK(canned_asked(0, "GET /v1/tasks/i/log?follow=1&from=7 HTTP"));
    CHECK(canned_asked(1, "GET /v1/tasks/i/output?follow=1 HTTP") && canned_asked(1, "Last-Event-ID: 1.2.3\r\n"));
    CHECK(canned_asked(2, "GET /v1/events?type=t&queue=q&tag=k:a%20b&kind=completed%2Cfailed HTTP"));
}

static void fails(const char *answer, struct bide_follow f, const char *code, int status)
{
    const char *const answers[] = {answer, NULL};
    struct told t = {0};
    struct bide_error e = {0};
    CHECK_INT(follow(answers, &f, &t, &e), -1);
    canned_join();
    CHECK_STR(str_of(e.code), code);
    CHECK_INT(e.http_status, status);
    CHECK_INT(t.n, 0);
}

TEST(a_refusal_and_a_server_without_events_are_errors_at_once)
{
    fails(REFUSED("404", "not_found"), (struct bide_follow){.id = "i"}, "not_found", 404);
    fails(REFUSED("405", "method_not_allowed"), (struct bide_follow){.id = "i"}, "method_not_allowed", 405);
    fails(REFUSED("503", "draining"), (struct bide_follow){.id = "i"}, "draining", 503);
    fails(OK_JSON "{\"id\":1}", (struct bide_follow){.id = "i", .what = BIDE_FOLLOW_LOG}, "unsupported", 0);
}

TEST(nobody_there_is_an_error_at_once)
{
    struct bide_error e = {0};
    struct bide_client *c = bide_client_new(&(struct bide_client_options){.server = "127.0.0.1:1"}, &e);
    CHECK_INT(bide_client_follow(c, &(struct bide_follow){.on_event = on_event}, &e), -1);
    CHECK_STR(str_of(e.code), "away");
    CHECK_INT(bide_client_follow(c, &(struct bide_follow){.on_event = on_event, .what = BIDE_FOLLOW_LOG}, &e), -1);
    CHECK_STR(str_of(e.code), "invalid");
    bide_client_free(c);
}

TEST(who_has_enough_is_told_no_more)
{
    static const char *const answers[] = {STREAM "data: 1\n\ndata: 2\n\ndata: 3\n\n", NULL};
    struct told t = {.enough = 2};
    struct bide_error e = {0};
    CHECK_INT(follow(answers, &(struct bide_follow){.id = "i"}, &t, &e), 0);
    canned_join();
    CHECK_STR(str_of(t.text), "//1;//2;");
}

TEST(a_server_that_stays_away_is_given_up_in_the_end)
{
    static const char *const answers[] = {STREAM "id: 1\ndata: 1\n\n", NULL};
    struct told t = {0};
    struct bide_error e = {0};
    CHECK_INT(follow(answers, &(struct bide_follow){.id = "i", .away_ms = 300}, &t, &e), -1);
    canned_join();
    CHECK_STR(str_of(e.code), "away");
    CHECK_INT(t.away, 1);
    CHECK_INT(t.back, 0);
}

TEST(answers_that_end_before_anything_was_told_are_no_server)
{
    static const char *const answers[] = {STREAM "retry: 1\n\n", STREAM ":\n\n", STREAM "", STREAM ":\n\n", NULL};
    struct told t = {.away_s = 11}; /* the third of them is 33 s after the first */
    struct bide_error e = {0};
    CHECK_INT(follow(answers, &(struct bide_follow){.id = "a"}, &t, &e), -1);
    canned_join();
    CHECK_STR(str_of(e.code), "away");
    CHECK_INT(t.n, 0);
}

TEST(a_place_to_go_on_from_is_one_line)
{
    struct told t = {0};
    struct bide_error e = {0};
    struct bide_client *c = canned_client();
    struct bide_follow f = {.id = "a", .last_id = "1\r\nAuthorization: x", .on_event = on_event, .user = &t};
    CHECK_INT(bide_client_follow(c, &f, &e), -1);
    CHECK_STR(str_of(e.code), "invalid");
    bide_client_free(c);
}

TEST(a_proxys_page_for_a_server_that_is_away_is_waited_out)
{
#define PAGE(status) "HTTP/1.1 " status " No\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html>"
    static const char *const answers[] = {STREAM "retry: 1\nid: 1\ndata: 1\n\n", PAGE("502"), PAGE("503"), PAGE("504"), REFUSED("504", "timeout"), NULL};
    struct told t = {0};
    struct bide_error e = {0};
    CHECK_INT(follow(answers, &(struct bide_follow){.id = "i"}, &t, &e), -1);
    canned_join();
    CHECK_STR(str_of(t.text), "/1/1;");
    CHECK_STR(str_of(e.code), "timeout");
    CHECK_INT(canned.n, 5);
}

static bool give_up(void *user)
{
    struct told *t = user;
    return t->away == 0;
}

TEST(meanwhile_gives_up_also_in_a_rest)
{
    static const char *const answers[] = {STREAM "id: 1\ndata: 1\n\n", NULL};
    struct told t = {0};
    struct bide_error e = {0};
    CHECK_INT(follow(answers, &(struct bide_follow){.id = "i", .meanwhile = give_up, .away_ms = -1}, &t, &e), -1);
    canned_join();
    CHECK_STR(str_of(e.code), "cancelled");
}

/* Takes two connections; the first one is left as it is after one event. */
static void *serve_still(void *arg)
{
    static const char first[] = STREAM "id: 1\nevent: a\ndata: 1\n\n", then[] = STREAM "event: end\ndata: 2\n\n";
    int listener = *(int *)arg, still = accept(listener, NULL, NULL);
    canned_read(still, canned.request[0], sizeof canned.request[0]);
    CHECK_INT(write(still, first, sizeof first - 1), sizeof first - 1);
    int fd = accept(listener, NULL, NULL);
    canned_read(fd, canned.request[1], sizeof canned.request[1]);
    CHECK_INT(write(fd, then, sizeof then - 1), sizeof then - 1);
    close(fd);
    close(still);
    return NULL;
}

TEST(silence_of_45_seconds_is_a_broken_connection)
{
    struct told t = {.jump_s = 46};
    struct bide_error e = {0};
    pthread_t thread;
    memset(&canned, 0, sizeof canned);
    int listener = canned_listen();
    CHECK_INT(pthread_create(&thread, NULL, serve_still, &listener), 0);
    struct bide_client *c = canned_client();
    CHECK_INT(bide_client_follow(c, &(struct bide_follow){.id = "i", .on_event = on_event, .on_away = on_away, .user = &t}, &e), 0);
    bide_client_free(c);
    pthread_join(thread, NULL);
    close(listener);
    CHECK_STR(str_of(t.text), "a/1/1;end/1/2;");
    CHECK(canned_asked(1, "Last-Event-ID: 1\r\n"));
    CHECK_INT(t.away, 1);
}

TEST_MAIN
