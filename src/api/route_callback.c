/* SPDX-License-Identifier: Apache-2.0
 *
 * See route_callback.h.
 */
#include "api/route_callback.h"

#include "api/route_answer.h"
#include "api/route_call.h"
#include "api/task_json.h"
#include "api/webhook.h"

/* ---- as it comes ---- */

static void write_words(struct buf *b, const struct route_call *t)
{
    json_write_key(b, "words");
    json_write_open(b, '{');
    for (size_t i = 0; i < DEPTH_WORDS; i++) json_write_member_str(b, depth_word(i), t->words[i]);
    json_write_close(b, '}');
}

static void write_said(struct buf *b, const struct route_call *t, const struct webhook_wish *wish)
{
    const struct config_callback *k = &t->conf.callback;
    json_write_open(b, '{');
    json_write_member_str(b, "url", wish->url);
    if (wish->secret_id.p) json_write_member_str(b, "secret_id", wish->secret_id);
    json_write_member_bool(b, "trusted", wish->trusted);
    json_write_member_int(b, "timeout_ms", k->timeout_ms);
    json_write_member_bool(b, "serial", t->conf.serial);
    json_write_member_raw(b, "reply", k->reply ? str_of(k->reply) : STR("\"task\""));
    write_words(b, t);
    json_write_close(b, '}');
}

int route_callback_add(struct call *c, struct str *sequel)
{
    const struct route_call *t = c->through;
    struct webhook_wish wish = {0};
    struct err e = {0};
    struct buf b;
    if (!t || !t->conf.callback.url) return 0;
    int err = route_call_text(c, "callback", t->conf.callback.url, &wish.url);
    if (err || !wish.url.len) return err;
    wish.trusted = str_starts(str_of(t->conf.callback.url), STR("\"const."));
    err = webhook_check_wish(&wish, c->api->server, &e);
    if (err) {
        struct err why = e;
        (void)err_set_at(&e, err, "/callback", "%s", why.text);
        call_problem(c, &e);
        return err;
    }
    buf_init(&b, LIMIT_BODY + 4 * LIMIT_CONFIG);
    if (sequel->len) buf_add_str(&b, str_sub(*sequel, 0, sequel->len - 1)); /* its brace */
    else json_write_open(&b, '{');
    json_write_key(&b, "callback");
    write_said(&b, t, &wish);
    json_write_close(&b, '}');
    *sequel = arena_str(&c->req->arena, buf_str(&b));
    buf_release(&b);
    return 0;
}

/* ---- when the time is there ---- */

static void read_words(const struct json *j, const struct json_node *object, struct str words[DEPTH_WORDS], struct arena *a)
{
    for (size_t i = 0; i < DEPTH_WORDS; i++) {
        const struct json_node *v = json_member(j, object, str_of(depth_word(i)));
        struct buf scratch;
        buf_init(&scratch, LIMIT_CONFIG);
        words[i] = v && v->kind == JSON_STRING ? arena_str(a, json_string(j, v, &scratch)) : str_of(depth_word(i));
        buf_release(&scratch);
    }
}

int route_callback_make(struct api *api, const struct task *t, const struct json *j, const struct json_node *said, struct arena *a,
                        struct task_body *ret, struct err *e)
{
    struct str words[DEPTH_WORDS];
    struct buf shown, made;
    const char *state;
    const struct json_node *reply = json_member(j, said, STR("reply")), *serial = json_member(j, said, STR("serial"));
    read_words(j, json_member(j, said, STR("words")), words, a);
    buf_init(&shown, 2 * LIMIT_BODY);
    buf_init(&made, LIMIT_INPUT - 64 * 1024);
    int err = route_answer_show(words, serial && serial->kind == JSON_TRUE, &shown, task_json_whole(a, api->server, t), &state);
    struct mapping_root root = {.name = STR("task"), .json = buf_str(&shown)};
    if (!err && reply) err = mapping_make_any(json_span(j, reply), &root, 1, &made, e);
    if (!err) webhook_fill(api, t, j, said, arena_str(a, buf_str(&made)), WEBHOOK_OF_ROUTE, a, ret);
    buf_release(&shown);
    buf_release(&made);
    return err;
}
