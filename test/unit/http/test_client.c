/* SPDX-License-Identifier: Apache-2.0
 *
 * Outgoing HTTP against the project's own server, both on one loop. epoll_ctl is ours here, so that a socket cannot be
 * watched when a test says so.
 */
#include "http/client.h"
#include "rig.h"
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static int refuse_watches; /* so many more calls of epoll_ctl that add something fail */

int epoll_ctl(int at, int what, int fd, struct epoll_event *event)
{
    if (what == EPOLL_CTL_ADD && refuse_watches > 0) {
        refuse_watches--;
        errno = ENOSPC;
        return -1;
    }
    return (int)syscall(SYS_epoll_ctl, at, what, fd, event);
}

struct asking {
    struct fetch fetch;
    struct buf got;
    int n_over;
    struct asking *ends; /* is cancelled by this one: with the first piece, or else at its end */
    bool with_piece;
};

static struct rig rig;
static struct fetcher *client;
static struct asking a, b;

static void on_body(struct fetch *f, struct str bytes)
{
    struct asking *x = CONTAINER_OF(f, struct asking, fetch);
    buf_add_str(&x->got, bytes);
    if (x->ends && x->with_piece) fetch_cancel(&x->ends->fetch);
}

static void on_over(struct fetch *f)
{
    struct asking *x = CONTAINER_OF(f, struct asking, fetch);
    x->n_over++;
    if (x->ends && !x->with_piece) fetch_cancel(&x->ends->fetch);
}

static void ask_with(struct asking *x, const struct fetch_spec *how, const char *target)
{
    char url[256];
    struct err e;
    struct fetch_spec spec = *how;
    snprintf(url, sizeof url, "http://%s%s", rig.bound, target);
    spec.url = url;
    spec.connect_timeout_ms = 5000;
    x->fetch = (struct fetch){.on_body = on_body, .on_over = on_over};
    buf_init(&x->got, 1024 * 1024);
    CHECK_INT(fetch_start(client, &x->fetch, &spec, &e), 0);
}

static void ask(struct asking *x, const char *target) { ask_with(x, &(struct fetch_spec){.method = "GET"}, target); }

static void wait_for(struct asking *x)
{
    int before = x->n_over;
    while (x->n_over == before) rig_step(&rig);
}

static void open_all(bool hold)
{
    a = b = (struct asking){0};
    rig_open(&rig);
    rig.hold = hold;
    client = client_open(rig.loop, "test");
}

static void close_all(void)
{
    client_close(client);
    rig_close(&rig);
    buf_release(&a.got);
    buf_release(&b.got);
}

static void hold_until(int n)
{
    while (rig.n_held < n) rig_step(&rig);
}

TEST(a_request_has_its_method_its_body_and_its_answer)
{
    open_all(false);
    ask_with(&a, &(struct fetch_spec){.method = "PUT", .body = STR("hello")}, "/x?y=1");
    wait_for(&a);
    CHECK_INT(a.fetch.err.code, 0);
    CHECK_INT(a.fetch.status, 200);
    CHECK_STR(buf_str(&a.got), "PUT /x?y=1 hello");
    CHECK(strcmp(a.fetch.type, "text/plain") == 0 && !fetch_is_on(&a.fetch));
    close_all();
}

TEST(headers_that_matter_are_told_and_an_answer_may_have_no_body)
{
    open_all(true);
    ask(&a, "/");
    hold_until(1);
    const struct http_header later = {STR("retry-AFTER"), STR("7")};
    http_reply(rig.held[0], &(struct http_reply){.status = 503, .headers = &later, .n_headers = 1});
    wait_for(&a);
    CHECK_INT(a.fetch.status, 503);
    CHECK(strcmp(a.fetch.retry_after, "7") == 0);
    CHECK_INT(a.got.len, 0);
    close_all();
}

TEST(a_compressed_answer_comes_as_it_was_before)
{
    static const char packed[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\x2b\xcf\xc8\xcf\x2f\x1f\xc5\x83\x06\x03\x00\xb5\x50\x25\x21\x90\x01\x00\x00";
    const struct http_header encoding = {STR("Content-Encoding"), STR("gzip")};
    open_all(true);
    ask(&a, "/");
    hold_until(1);
    http_reply(rig.held[0], &(struct http_reply){.status = 200, .content_type = "text/plain", .body = {packed, sizeof packed - 1}, .headers = &encoding, .n_headers = 1});
    wait_for(&a);
    CHECK_INT(a.fetch.err.code, 0);
    CHECK_INT(a.got.len, 400);
    CHECK(str_starts(buf_str(&a.got), STR("whoowhoo")));
    close_all();
}

TEST(a_proxy_that_refuses_us_is_told_from_a_server_that_says_407)
{
    char proxy[256];
    open_all(true);
    snprintf(proxy, sizeof proxy, "http://%s", rig.bound);
    ask_with(&a, &(struct fetch_spec){.method = "GET", .proxy = proxy, .proxy_login = "bide=hush"}, "/");
    hold_until(1);
    CHECK_STR(http_header(rig.held[0], "Proxy-Authorization"), "Basic YmlkZTpodXNo");
    http_reply(rig.held[0], &(struct http_reply){.status = 407});
    wait_for(&a);
    CHECK_INT(a.fetch.err.code, ERR_FORBIDDEN);
    CHECK_INT(a.fetch.status, 407);
    ask(&b, "/");
    hold_until(2);
    http_reply(rig.held[1], &(struct http_reply){.status = 407});
    wait_for(&b);
    CHECK_INT(b.fetch.err.code, 0);
    CHECK_INT(b.fetch.status, 407);
    close_all();
}

TEST(a_connection_is_used_again)
{
    open_all(false);
    for (int i = 0; i < 3; i++) {
        buf_release(&a.got);
        ask(&a, "/");
        wait_for(&a);
    }
    CHECK_INT(http_stats(rig.http)->connections_total, 1);
    CHECK_INT(http_stats(rig.http)->requests_total, 3);
    close_all();
}

TEST(after_a_cancel_nothing_is_told_and_the_connection_is_closed)
{
    open_all(true);
    ask(&a, "/");
    hold_until(1);
    http_set_on_gone(rig.held[0], rig_on_gone);
    fetch_cancel(&a.fetch);
    fetch_cancel(&a.fetch);
    while (rig.n_gone == 0) rig_step(&rig);
    CHECK_INT(a.n_over, 0);
    close_all();
}

TEST(one_may_be_cancelled_by_its_own_first_piece)
{
    open_all(false);
    a.ends = &a;
    a.with_piece = true;
    ask(&a, "/");
    while (a.got.len == 0) rig_step(&rig);
    ask(&b, "/");
    wait_for(&b);
    CHECK_INT(a.n_over, 0);
    close_all();
}

TEST(one_may_be_cancelled_by_the_piece_or_the_end_of_another)
{
    for (int with_piece = 0; with_piece < 2; with_piece++) {
        open_all(true);
        a.ends = &b;
        a.with_piece = with_piece;
        ask(&a, "/a");
        hold_until(1);
        ask(&b, "/b");
        hold_until(2);
        http_set_on_gone(rig.held[1], rig_on_gone);
        rig_echo(rig.held[0]);
        wait_for(&a);
        while (rig.n_gone == 0) rig_step(&rig);
        CHECK_INT(a.fetch.err.code, 0);
        CHECK_INT(b.n_over, 0);
        close_all();
    }
}

TEST(nobody_there_is_told_as_that)
{
    open_all(false);
    str_copy(rig.bound, sizeof rig.bound, STR("127.0.0.1:1"));
    ask(&a, "/");
    wait_for(&a);
    CHECK_INT(a.fetch.err.code, ERR_AWAY);
    CHECK_INT(a.fetch.status, 0);
    CHECK(a.fetch.err.text[0] != '\0');
    close_all();
}

TEST(one_that_takes_too_long_is_told_as_that)
{
    open_all(true);
    ask_with(&a, &(struct fetch_spec){.method = "GET", .timeout_ms = 30}, "/");
    hold_until(1);
    int64_t until_ms = rig_real_ms() + 40; /* libcurl has a clock of its own */
    while (a.n_over == 0) rig_pass(&rig, rig_real_ms() < until_ms ? 0 : 40);
    CHECK_INT(a.fetch.err.code, ERR_TIMEOUT);
    rig_echo(rig.held[0]);
    close_all();
}

TEST(without_a_socket_nothing_is_sent_and_that_is_told)
{
    struct rlimit before, none;
    open_all(false);
    ask(&a, "/"); /* so that libcurl has begun */
    wait_for(&a);
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 3;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
    struct err e;
    b.fetch = (struct fetch){.on_body = on_body, .on_over = on_over};
    int rc = fetch_start(client, &b.fetch, &(struct fetch_spec){.method = "GET", .url = "http://127.0.0.2:9/", .connect_timeout_ms = 5000}, &e);
    while (rc == 0 && b.n_over == 0) rig_step(&rig);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
    CHECK_INT(rc, 0);
    CHECK_INT(b.fetch.err.code, ERR_AGAIN);
    CHECK(strstr(b.fetch.err.text, "Too many open files") != NULL);
    close_all();
}

TEST(what_cannot_be_sent_is_refused_at_once)
{
    struct err e = {0};
    open_all(false);
    a.fetch = (struct fetch){.on_body = on_body, .on_over = on_over};
    const struct fetch_spec spec = {.method = "GET", .url = "ftp://127.0.0.1/x"};
    if (fetch_start(client, &a.fetch, &spec, &e) == 0) { /* or libcurl looks at it later */
        wait_for(&a);
        CHECK(a.fetch.err.code != 0);
    }
    close_all();
}

TEST(sockets_that_cannot_be_watched_end_what_is_under_way_and_nothing_else)
{
    open_all(true);
    ask(&a, "/a");
    hold_until(1);
    http_set_on_gone(rig.held[0], rig_on_gone);
    refuse_watches = 1000;
    ask(&b, "/b");
    wait_for(&b);
    CHECK_INT(a.n_over, 1);
    CHECK_INT(a.fetch.err.code, ERR_IO);
    CHECK_INT(b.fetch.err.code, ERR_IO);
    refuse_watches = 0;
    while (rig.n_gone == 0) rig_step(&rig);
    rig.hold = false;
    buf_release(&b.got);
    ask(&b, "/b");
    wait_for(&b);
    CHECK_INT(b.fetch.err.code, 0);
    CHECK_INT(b.fetch.status, 200);
    close_all();
}

TEST_MAIN
