/* SPDX-License-Identifier: Apache-2.0
 *
 * See web_job.h. {"http":{"to":"9f86..","id":"j/1","attempt":1,"fence":"9f86d081884c7d65"}}: `to` is a hash of the
 * type's `url`, since after a reload the type may call another server, which knows nothing of this id, or has its own
 * by that name.
 */
#include "handler/web_job.h"
#include "base/hash.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "handler/attempt.h"
#include "handler/exec_answer.h"
#include "handler/web_fill.h"
#include <stdio.h>

#define ID_MAX 1024 /* bytes of a remote id */
#define TO_BYTES 16
#define TO_TEXT (2 * TO_BYTES + 1)

bool web_job_is_id(struct str id) { return id.len > 0 && id.len <= ID_MAX && str_find(id, '\0') == id.len; }

bool web_job_needs_id(const struct web_conf *conf)
{
    return web_fill_names(conf->poll.status, "remote.id") || web_fill_names(conf->poll.result, "remote.id");
}

static void to_text(const char *url, char text[TO_TEXT])
{
    struct hash h;
    uint8_t sum[HASH_SHA256];
    hash_init(&h);
    hash_add(&h, str_of(url));
    hash_end(&h, sum);
    for (int i = 0; i < TO_BYTES; i++) snprintf(text + (ptrdiff_t)2 * i, 3, "%02x", sum[i]);
}

static void add(const struct web_job *j, const struct web_conf *conf, struct buf *b)
{
    char to[TO_TEXT], fence[FENCE_TEXT];
    to_text(conf->url, to);
    id_fence_format(j->fence, fence);
    json_write_open(b, '{');
    json_write_key(b, "http");
    json_write_open(b, '{');
    json_write_member_text(b, "to", to);
    if (j->id.len) json_write_member_str(b, "id", j->id);
    json_write_member_int(b, "attempt", j->attempt);
    json_write_member_text(b, "fence", fence);
    json_write_close(b, '}');
    json_write_close(b, '}');
}

static int read_parts(struct web_job *j, const struct exec_answer *saved, const struct web_conf *conf,
                      struct arena *arena, struct err *e)
{
    char to[TO_TEXT];
    double attempt = exec_answer_number(saved, "/http/attempt");
    to_text(conf->url, to);
    if (attempt < 1 || attempt > INT32_MAX ||
        id_fence_parse(&j->fence, exec_answer_text(saved, "/http/fence", arena)) != 0)
        return err_set(e, ERR_INVALID, "it is not one of an http type");
    if (!str_eq(exec_answer_text(saved, "/http/to", arena), str_of(to)))
        return err_set(e, ERR_INVALID, "the type has another `url` now");
    if (!conf->poll.status) return err_set(e, ERR_INVALID, "the type has no `poll` now");
    j->attempt = (int32_t)attempt;
    j->id = exec_answer_text(saved, "/http/id", arena);
    if (j->id.len ? !web_job_is_id(j->id) : web_job_needs_id(conf))
        return err_set(e, ERR_INVALID, "the remote id is not in it");
    return 0;
}

static int read(struct web_job *ret, const struct web_conf *conf, struct str json, struct arena *arena, struct err *e)
{
    struct exec_answer saved;
    struct web_job j = {.attempt = 0};
    exec_answer_init(&saved, json);
    int rc = read_parts(&j, &saved, conf, arena, e);
    exec_answer_release(&saved);
    if (rc == 0) *ret = j;
    return rc;
}

void web_job_save(const struct web_job *j, const struct web_conf *conf, struct attempt *a)
{
    struct buf text;
    buf_init(&text, LIMIT_SAVE);
    add(j, conf, &text);
    a->events->on_save(a, buf_str(&text));
    buf_release(&text);
}

bool web_job_take_over(struct web_job *ret, const struct web_conf *conf, struct attempt *a, struct arena *arena)
{
    struct err e = {0};
    if (a->resume.len == 0) return false;
    if (read(ret, conf, a->resume, arena, &e) == 0) {
        attempt_note(a, "bide: not sent again, attempt %d has done so%s%.*s", (int)ret->attempt,
                     ret->id.len ? ": the remote id is " : "", STR_ARG(ret->id));
        return true;
    }
    attempt_note(a, "bide: the checkpoint of an earlier attempt is ignored: %s", e.text);
    return false;
}
