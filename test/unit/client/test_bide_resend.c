/* SPDX-License-Identifier: Apache-2.0
 *
 * A kept connection that ends between a request and its answer: what changes something is not sent twice.
 */
#include "canned.h"

#include <sys/socket.h>
#include <unistd.h>

/* Serves connections that stay open, and hangs up instead of answering its second request. */
static struct {
    int listener, n;
} hanging_up;

static void *hang_up_once(void *arg)
{
    char request[4096];
    (void)arg;
    for (int fd; (fd = accept(hanging_up.listener, NULL, NULL)) >= 0; close(fd)) {
        for (;;) {
            canned_read(fd, request, sizeof request);
            if (!request[0] || ++hanging_up.n == 2) break;
            static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n" TASK("pending");
            if (write(fd, answer, sizeof answer - 1) < 0) break;
        }
    }
    return NULL;
}

/* How many requests came, and what the second call returned. */
static int requests_of(int (*call)(struct bide_client *c, struct bide_error *e), int *ret_second, struct bide_error *e)
{
    pthread_t thread;
    hanging_up.n = 0;
    hanging_up.listener = canned_listen();
    CHECK_INT(pthread_create(&thread, NULL, hang_up_once, NULL), 0);
    struct bide_client *c = canned_client();
    CHECK_INT(call(c, e), 0);
    *ret_second = call(c, e);
    bide_client_free(c);
    shutdown(hanging_up.listener, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(hanging_up.listener);
    return hanging_up.n;
}

static int submit_one(struct bide_client *c, struct bide_error *e)
{
    struct bide_text task = {0};
    int rc = bide_client_submit(c, &(struct bide_submit){.type = "t"}, &task, e);
    bide_text_free(&task);
    return rc;
}

static int get_one(struct bide_client *c, struct bide_error *e)
{
    struct bide_text task = {0};
    int rc = bide_client_get(c, "t1", &task, e);
    bide_text_free(&task);
    return rc;
}

TEST(a_submit_whose_answer_is_lost_is_not_sent_again_and_a_get_is)
{
    struct bide_error e = {0};
    int second = 0;
    CHECK_INT(requests_of(submit_one, &second, &e), 2);
    CHECK_INT(second, -1);
    CHECK_STR(str_of(e.code), "away");
    CHECK(strstr(e.text, "may have been") != NULL);
    CHECK_INT(requests_of(get_one, &second, &e), 3);
    CHECK_INT(second, 0);
}

TEST_MAIN
