/* SPDX-License-Identifier: Apache-2.0
 *
 * See web_verdict.h.
 */
#include "handler/web_verdict.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "handler/exec_answer.h"
#include "handler/utf8.h"
#include "handler/verdict.h"
#include "http/retry_after.h"

static bool is_retryable(int status) { return status == 408 || status == 425 || status == 429 || status >= 500; }

int64_t web_verdict_retry_after_ms(const struct web_call *c)
{
    return retry_after_ms(str_of(c->fetch.retry_after), turn_wall_ms(c->turn));
}

void web_verdict_failed(struct verdict *v, struct arena *arena, const struct web_call *c)
{
    bool answered = c->fetch.err.code == 0 && !c->stream.failed;
    bool large = c->stream.too_large || (c->too_large && c->fetch.status / 100 == 2);
    struct str why = web_call_why(c, arena);
    verdict_failed(v, arena, large ? FAILURE_OUTPUT_TOO_LARGE : FAILURE_WORKER_ERROR, "%.*s: %.*s", STR_ARG(buf_str(&c->place)),
                   STR_ARG(why));
    if (large) return;
    bool no_way = c->fetch.err.code == ERR_FORBIDDEN;
    v->retryable = answered ? is_retryable(c->fetch.status) : !no_way;
    if (!answered && !no_way) return;
    v->failure.type = arena_format(arena, "http %d", c->fetch.status);
    if (v->retryable) v->retry_after_ms = web_verdict_retry_after_ms(c);
    verdict_detail(v, arena, arena_str(arena, utf8_head(buf_str(&c->answer), LIMIT_DETAIL / 4))); /* made UTF-8, it may be three times as long */
}

static void give_text(struct verdict *v, struct arena *arena, enum web_shape shape, struct str text)
{
    struct buf b;
    buf_init(&b, LIMIT_RESULT);
    if (shape == WEB_OBJECT) {
        json_write_open(&b, '{');
        json_write_member_str(&b, "text", text);
        json_write_close(&b, '}');
    } else {
        json_write_str(&b, text);
    }
    if (buf_err(&b)) verdict_failed(v, arena, FAILURE_OUTPUT_TOO_LARGE, "the answer as JSON is longer than %d bytes", LIMIT_RESULT);
    else *v = (struct verdict){.event = LIFE_DONE, .result = arena_str(arena, buf_str(&b))};
    buf_release(&b);
}

static void give_part(struct verdict *v, struct arena *arena, const char *pointer, struct str body)
{
    struct exec_answer answer;
    exec_answer_init(&answer, body);
    struct str part = exec_answer_json(&answer, pointer);
    if (part.len)
        *v = (struct verdict){.event = LIFE_DONE, .result = part};
    else
        verdict_failed(v, arena, FAILURE_BAD_RESULT, answer.is_json ? "nothing at \"%s\" of the answer" : "the answer is not JSON, so there is no \"%s\" in it", pointer);
    if (!part.len) verdict_detail(v, arena, arena_str(arena, utf8_head(body, LIMIT_DETAIL / 4)));
    exec_answer_release(&answer);
}

void web_verdict_result(struct verdict *v, struct arena *arena, const char *pointer, struct str body)
{
    struct json json;
    struct err e;
    if (pointer && pointer[0]) {
        give_part(v, arena, pointer, body);
        return;
    }
    json_init(&json);
    json.root_only = true;
    if (body.len == 0) *v = (struct verdict){.event = LIFE_DONE, .result = STR("null")};
    else if (json_parse(&json, body, &e) == 0) *v = (struct verdict){.event = LIFE_DONE, .result = json_span(&json, json_root(&json))};
    else give_text(v, arena, WEB_OBJECT, body);
    json_release(&json);
}

void web_verdict_answer(struct verdict *v, struct arena *arena, const struct web_call *c)
{
    if (!web_call_is_good(c)) web_verdict_failed(v, arena, c);
    else if (c->stream.used) give_text(v, arena, c->conf->stream.shape, buf_str(&c->stream.text));
    else web_verdict_result(v, arena, c->conf->result, buf_str(&c->answer));
}
