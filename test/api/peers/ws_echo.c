/* SPDX-License-Identifier: Apache-2.0
 *
 * A WebSocket server for test/api/test_ws_transport.py: says each message back, in order. Its address is
 * its first line. "close CODE REASON" closes, "many N" brings N messages, as fast as they are taken, and "protocol"
 * tells what was chosen; /refused is not upgraded. It drains at SIGTERM and ends when all have gone.
 */
#include "base/mem.h"
#include "base/text.h"
#include "http/problem.h"
#include "http/ws.h"
#include "loop/signal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct client {
    int64_t left; /* messages still to be said */
    int64_t said;
};

struct echo {
    struct turn turn;
    struct loop *loop;
    struct http *http;
    struct signal_watch *watch;
    struct timer look;
};

/* ERR_AWAY needs no answer: on_closed follows. */
static void say(struct ws *w, struct str text)
{
    int rc = ws_send(w, text);
    if (rc < 0 && rc != ERR_AGAIN && rc != ERR_AWAY) abort();
}

static void go_on(struct ws *w)
{
    struct client *c = ws_user(w);
    while (c->left && ws_has_room(w)) {
        char text[40];
        snprintf(text, sizeof text, "%lld", (long long)c->said++);
        c->left--;
        say(w, str_of(text));
    }
}

static void on_message(struct ws *w, struct str text)
{
    struct client *c = ws_user(w);
    struct str rest = text, word = str_cut(&rest, ' ');
    int64_t n = 0;
    if (str_eq(word, STR("close"))) {
        struct str code = str_cut(&rest, ' ');
        if (text_int(&n, code) < 0) abort();
        ws_close(w, (int)n, rest);
    } else if (str_eq(word, STR("many"))) {
        if (text_int(&c->left, rest) < 0) abort();
        c->said = 0;
        go_on(w);
    } else if (str_eq(text, STR("protocol"))) {
        say(w, str_of(ws_protocol(w) ? ws_protocol(w) : "none"));
    } else {
        say(w, text);
    }
}

static void on_closed(struct ws *w, int code)
{
    printf("closed %d\n", code);
    free(ws_user(w));
}

static void on_request(void *user, struct http_request *r)
{
    static const struct ws_events events = {on_message, go_on, on_closed};
    static const char *const protocols[] = {"bide.v1", NULL};
    (void)user;
    if (str_eq(r->path, STR("/refused"))) {
        struct err e;
        err_set(&e, ERR_FORBIDDEN, "nobody may come here");
        problem_reply(r, &e, 0);
        return;
    }
    struct client *c = mem_new(sizeof *c);
    struct ws_conf conf = {
        .events = &events, .user = c, .protocols = protocols, .needs_protocol = str_eq(r->path, STR("/strict"))};
    int status;
    if (!ws_accept(r, &conf, &status)) free(c);
}

static void on_http_closed(void *user)
{
    struct echo *s = user;
    signal_close(s->watch);
    loop_stop(s->loop);
}

static void on_look(struct timer *t)
{
    struct echo *s = CONTAINER_OF(t, struct echo, look);
    if (http_is_idle(s->http)) http_close(s->http, on_http_closed, s);
    else turn_timer(&s->turn, &s->look, 5, on_look);
}

static void on_signal(void *owner, int signum)
{
    struct echo *s = owner;
    (void)signum;
    http_drain(s->http);
    turn_timer(&s->turn, &s->look, 0, on_look);
}

int main(void)
{
    static struct echo s;
    struct err e = {0};
    char bound[128];
    struct http_conf conf = {.turn = &s.turn, .user = &s, .on_request = on_request, .server_name = "echo"};
    setvbuf(stdout, NULL, _IOLBF, 0);
    turn_init(&s.turn, &clock_system, rng_system());
    if (loop_open(&s.loop, &s.turn, &e) < 0 || http_open(&s.http, s.loop, &conf, &e) < 0 ||
        http_listen(s.http, "127.0.0.1:0", bound, &e) < 0 ||
        signal_open(&s.watch, s.loop, SIGTERM, on_signal, &s, &e) < 0) {
        fprintf(stderr, "%s\n", e.text);
        return 1;
    }
    puts(bound);
    loop_run(s.loop);
    loop_close(s.loop);
    turn_release(&s.turn);
    return 0;
}
