/* SPDX-License-Identifier: Apache-2.0
 *
 * See remote_job.h. {"http":{"to":"9f86..","id":"j/1","attempt":1,"fence":"9f86d081884c7d65"}}: `to` is a hash of the address,
 * since after a reload the type may ask another system, which knows nothing of this id, or has its own by that name.
 */
#include "handler/remote_job.h"
#include "base/hash.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "handler/attempt.h"
#include "handler/exec_answer.h"
#include <stdio.h>

#define ID_MAX 1024 /* bytes of a remote id */
#define TO_BYTES 16
#define TO_TEXT (2 * TO_BYTES + 1)

bool remote_job_is_id(struct str id) { return id.len > 0 && id.len <= ID_MAX && str_find(id, '\0') == id.len; }

static void to_text(const struct remote_side *side, char text[TO_TEXT])
{
    struct hash h;
    uint8_t sum[HASH_SHA256];
    hash_init(&h);
    for (const char *const *word = side->address; *word; word++) hash_add(&h, (struct str){*word, strlen(*word) + 1});
    hash_end(&h, sum);
    hash_hex(sum, TO_BYTES, text);
}

void remote_job_save(const struct remote_job *j, const struct remote_side *side, struct attempt *a)
{
    char to[TO_TEXT], fence[FENCE_TEXT];
    struct buf b;
    buf_init(&b, LIMIT_SAVE);
    to_text(side, to);
    id_fence_format(j->fence, fence);
    json_write_open(&b, '{');
    json_write_key(&b, side->kind);
    json_write_open(&b, '{');
    json_write_member_text(&b, "to", to);
    if (j->id.len) json_write_member_str(&b, "id", j->id);
    json_write_member_int(&b, "attempt", j->attempt);
    json_write_member_text(&b, "fence", fence);
    json_write_close(&b, '}');
    json_write_close(&b, '}');
    a->events->on_save(a, buf_str(&b));
    buf_release(&b);
}

/* ---- and back ---- */

struct reading {
    struct exec_answer saved;
    const struct remote_side *side;
    struct arena *arena;
};

static struct str member(const struct reading *r, const char *name)
{
    char pointer[64];
    snprintf(pointer, sizeof pointer, "/%s/%s", r->side->kind, name);
    return exec_answer_text(&r->saved, pointer, r->arena);
}

static int read(struct remote_job *ret, const struct reading *r, struct err *e)
{
    char to[TO_TEXT], pointer[64];
    struct remote_job j = {.attempt = 0};
    snprintf(pointer, sizeof pointer, "/%s/attempt", r->side->kind);
    double attempt = exec_answer_number(&r->saved, pointer);
    if (attempt < 1 || attempt > INT32_MAX || id_fence_parse(&j.fence, member(r, "fence")) != 0)
        return err_set(e, ERR_INVALID, "it is not one of an %s type with `poll`", r->side->kind);
    to_text(r->side, to);
    if (!str_eq(member(r, "to"), str_of(to))) return err_set(e, ERR_INVALID, "the type has another `%s` now", r->side->key);
    if (!r->side->polls) return err_set(e, ERR_INVALID, "the type has no `poll` now");
    j.attempt = (int32_t)attempt;
    j.id = member(r, "id");
    if (j.id.len ? !remote_job_is_id(j.id) : r->side->needs_id) return err_set(e, ERR_INVALID, "the remote id is not in it");
    *ret = j;
    return 0;
}

bool remote_job_take_over(struct remote_job *ret, const struct remote_side *side, struct attempt *a, struct arena *arena)
{
    struct err e = {0};
    struct reading r = {.side = side, .arena = arena};
    if (a->resume.len == 0) return false;
    exec_answer_init(&r.saved, a->resume);
    int err = read(ret, &r, &e);
    exec_answer_release(&r.saved);
    if (err) attempt_note(a, "bide: the checkpoint of an earlier attempt is ignored: %s", e.text);
    else
        attempt_note(a, "bide: not sent again, attempt %d has done so%s%.*s", (int)ret->attempt, ret->id.len ? ": the remote id is " : "",
                     STR_ARG(ret->id));
    return !err;
}

void remote_job_forget(bool saved, struct attempt *a)
{
    if (saved || a->resume.len) a->events->on_save(a, STR_NONE);
}
