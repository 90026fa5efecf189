/* SPDX-License-Identifier: Apache-2.0
 *
 * The log of an attempt while the server of its puller is away: so much is kept as it takes at a time, the rest counted.
 */
#include "canned.h"

#include "base/json.h"
#include "client/bide_pull_attempt.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE 40000 /* characters of a line; with "info: " and the end of the line 24 of them have room */
#define ROOM (2 * 1024 * 1024)

static struct {
    int listener;
    char *request; /* the last one; ROOM bytes */
} desk;

/* Away for the first beat, there for the second. */
static void *serve(void *arg)
{
    static const char *const answers[] = {
        "HTTP/1.1 503 Away\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 17\r\nConnection: close\r\n\r\n{\"beat_ms\":10000}"};
    (void)arg;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        int fd = accept(desk.listener, NULL, NULL);
        if (fd < 0) break;
        canned_read(fd, desk.request, ROOM);
        ssize_t n = write(fd, answers[i], strlen(answers[i]));
        close(fd);
        if (n < 0) break;
    }
    return NULL;
}

static void log_lines(struct bide_pull_attempt *a, int n)
{
    static char frame[LINE + 128], line[LINE + 1];
    struct json j;
    memset(line, 'x', LINE);
    snprintf(frame, sizeof frame, "{\"op\":\"log\",\"level\":\"info\",\"text\":\"%s\"}", line);
    json_init(&j);
    CHECK_INT(json_parse(&j, str_of(frame), NULL), 0);
    while (n-- > 0) bide_pull_attempt_log(a, &j);
    json_release(&j);
}

/* What the last beat said as log. */
static void told_log(struct buf *ret)
{
    struct json j;
    const char *body = strstr(desk.request, "\r\n\r\n");
    CHECK(body != NULL);
    json_init(&j);
    j.any_size = true;
    CHECK_INT(json_parse(&j, str_of(body + 4), NULL), 0);
    const struct json_node *log = json_member(&j, json_root(&j), STR("log"));
    CHECK(log != NULL);
    json_add_string(&j, log, ret);
    buf_add_char(ret, '\0');
    json_release(&j);
}

TEST(of_a_log_without_end_so_much_is_kept_as_the_server_takes_and_the_rest_is_counted)
{
    struct bide_pull_attempt a = {0};
    struct bide_error e = {0};
    struct buf log;
    struct json j;
    pthread_t thread;
    desk.request = calloc(1, ROOM);
    desk.listener = canned_listen();
    CHECK_INT(pthread_create(&thread, NULL, serve, NULL), 0);
    json_init(&j);
    CHECK_INT(json_parse(&j, STR("{\"id\":\"t1\",\"fence\":\"f1\",\"beat_ms\":10000}"), NULL), 0);
    a.client = canned_client();
    CHECK_INT(bide_pull_attempt_open(&a, &j, json_root(&j), &e), 0);

    log_lines(&a, 30);
    CHECK(bide_pull_attempt_due_ms(&a) < a.beat_at_ms); /* there is much to tell */
    bide_pull_attempt_beat(&a);
    CHECK_INT(bide_pull_attempt_due_ms(&a), a.beat_at_ms); /* but nobody is there: after a rest, not at once */
    log_lines(&a, 10);
    bide_pull_attempt_beat(&a);
    pthread_join(thread, NULL);

    buf_init(&log, ROOM);
    told_log(&log);
    CHECK(log.len <= 1024 * 1024);
    CHECK_INT((int64_t)log.len, 24 * (LINE + 7) + (int64_t)strlen("warning: bide: 16 lines were left out while the server was away") + 1);
    CHECK(strstr(log.p, "x\nwarning: bide: 16 lines were left out while the server was away") != NULL);
    CHECK_INT((int64_t)a.log.len, 0);
    log_lines(&a, 1);
    CHECK_INT((int64_t)a.log.len, LINE + 6);
    CHECK_INT(a.log_dropped, 0);

    buf_release(&log);
    bide_pull_attempt_close(&a);
    bide_client_free(a.client);
    json_release(&j);
    close(desk.listener);
    free(desk.request);
}

TEST_MAIN
