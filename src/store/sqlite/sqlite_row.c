/* SPDX-License-Identifier: Apache-2.0
 *
 * Columns to structs and back.
 */
#include "store/sqlite/sqlite_row.h"

#include "base/json.h"
#include "base/json_write.h"
#include "base/limits.h"
#include "task/order.h"

#define TRACE "" /* among the tags, none of which has such a name */
#define CANCEL_REPLACED 2 /* live.cancel: 1 asked for, 2 by one that takes its key */

void sqlite_row_read_tags(struct task_body *b, struct str text, struct arena *a)
{
    struct json j;
    struct buf scratch;
    json_init(&j);
    buf_init(&scratch, LIMIT_TAG_VALUE * 8);
    if (json_parse(&j, text, NULL) == 0) {
        const struct json_node *root = json_root(&j);
        struct task_tag *tags = arena_alloc(a, (root->count ? root->count : 1) * sizeof *tags);
        for (const struct json_node *v = json_first(root); v; v = json_next(root, v)) {
            buf_clear(&scratch);
            json_add_key(&j, v, &scratch);
            struct str key = arena_str(a, buf_str(&scratch));
            buf_clear(&scratch);
            struct str value = arena_str(a, json_string(&j, v, &scratch));
            if (str_eq(key, STR(TRACE))) b->trace = value;
            else tags[b->n_tags++] = (struct task_tag){key, value};
        }
        b->tags = tags;
    }
    buf_release(&scratch);
    json_release(&j);
}

struct task_body sqlite_row_body(sqlite3_stmt *s, int at, struct arena *a)
{
    struct task_body b = {.id = sqlite_db_id(s, at)};
    b.tenant = sqlite3_column_int64(s, at + 1);
    b.rules.priority = sqlite3_column_int(s, at + 2);
    b.created_at_ms = sqlite3_column_int64(s, at + 3);
    b.run_at_ms = sqlite3_column_int64(s, at + 4);
    b.rules.start_by_ms = sqlite3_column_int64(s, at + 5);
    b.timeout_ms = sqlite3_column_int64(s, at + 6);
    b.grace_ms = sqlite3_column_int64(s, at + 7);
    b.rules.max_attempts = sqlite3_column_int(s, at + 8);
    b.rules.retry = (struct retry_policy){.backoff = (enum retry_backoff)sqlite3_column_int(s, at + 9),
                                          .jitter = (enum retry_jitter)sqlite3_column_int(s, at + 10),
                                          .base_ms = sqlite3_column_int64(s, at + 11),
                                          .cap_ms = sqlite3_column_int64(s, at + 12)};
    b.subject = sqlite_db_copy(a, s, at + 13);
    struct str tags = sqlite_db_str(s, at + 14);
    if (tags.p) sqlite_row_read_tags(&b, tags, a);
    b.queue = sqlite_db_copy(a, s, at + 15);
    struct str lane = sqlite_db_copy(a, s, at + 16);
    b.type = task_lane_type(lane);
    b.step = task_lane_step(lane);
    b.retain_ms = sqlite3_column_int64(s, at + 17);
    b.limit_key = sqlite_db_copy(a, s, at + 18);
    b.batch_key = sqlite_db_copy(a, s, at + 19);
    b.cost = sqlite3_column_double(s, at + 20);
    b.key = sqlite_db_copy(a, s, at + 21);
    return b;
}

/* Column due_at: of a scheduled one when it is due, of the others since when they could run, where the rank does not say it
 * (0: it does). */
static int64_t time_beside_rank(const struct life *l)
{
    if (l->state == TASK_SCHEDULED) return l->due_at_ms;
    return l->eligible_at_ms == order_eligible_ms(l->rank) ? 0 : l->eligible_at_ms;
}

static void tell_times(struct life *l, int64_t beside_ms)
{
    bool is_due = l->state == TASK_SCHEDULED;
    l->due_at_ms = is_due ? beside_ms : 0;
    l->eligible_at_ms = is_due || !beside_ms ? order_eligible_ms(l->rank) : beside_ms;
}

struct life sqlite_row_live(sqlite3_stmt *s, int at)
{
    struct life l = {.state = (enum task_state)sqlite3_column_int(s, at),
                     .run = sqlite3_column_int(s, at + 1),
                     .attempt = sqlite3_column_int(s, at + 2),
                     .failures = sqlite3_column_int(s, at + 3),
                     .deaths = sqlite3_column_int(s, at + 4),
                     .cancel_requested = sqlite3_column_int(s, at + 5) != 0,
                     .replaced = sqlite3_column_int(s, at + 5) == CANCEL_REPLACED,
                     .fence = (uint64_t)sqlite3_column_int64(s, at + 6),
                     .rank = sqlite3_column_int64(s, at + 7),
                     .start_by_ms = sqlite3_column_int64(s, at + 9),
                     .started_at_ms = sqlite3_column_int64(s, at + 10),
                     .alone = sqlite3_column_int(s, at + 11) != 0,
                     .leased = sqlite3_column_int(s, at + 12) != 0};
    tell_times(&l, sqlite3_column_int64(s, at + 8));
    return l;
}

struct task_ending sqlite_row_done(sqlite3_stmt *s, int at, struct arena *a)
{
    struct task_ending d = {0};
    d.life = (struct life){.state = (enum task_state)sqlite3_column_int(s, at),
                           .run = sqlite3_column_int(s, at + 1),
                           .attempt = sqlite3_column_int(s, at + 2),
                           .failures = sqlite3_column_int(s, at + 3),
                           .deaths = sqlite3_column_int(s, at + 4),
                           .cancel_requested = sqlite3_column_int(s, at + 5) != 0,
                           .rank = sqlite3_column_int64(s, at + 6),
                           .started_at_ms = sqlite3_column_int64(s, at + 7)};
    d.life.eligible_at_ms = order_eligible_ms(d.life.rank);
    d.finished_at_ms = sqlite3_column_int64(s, at + 8);
    d.failure = (struct failure){.code = sqlite_db_copy(a, s, at + 9),
                                 .message = sqlite_db_copy(a, s, at + 10),
                                 .detail = sqlite_db_copy(a, s, at + 11),
                                 .type = sqlite_db_copy(a, s, at + 12),
                                 .attempt = sqlite3_column_int(s, at + 13),
                                 .at_ms = sqlite3_column_int64(s, at + 14)};
    d.progress = sqlite_db_copy(a, s, at + 15);
    d.files = sqlite_db_copy(a, s, at + 16);
    d.purged = (unsigned)sqlite3_column_int(s, at + 17);
    d.batch_size = sqlite3_column_int(s, at + 18);
    d.cached = sqlite3_column_type(s, at + 19) != SQLITE_NULL;
    if (d.cached) d.cached_from = sqlite_db_id(s, at + 19);
    return d;
}

void sqlite_row_tags(struct buf *b, const struct task_body *body)
{
    if (body->n_tags == 0 && !body->trace.p) return;
    json_write_open(b, '{');
    if (body->trace.p) json_write_member_str(b, TRACE, body->trace);
    for (size_t i = 0; i < body->n_tags; i++) {
        json_write_key_str(b, body->tags[i].key);
        json_write_str(b, body->tags[i].value);
    }
    json_write_close(b, '}');
}

void sqlite_row_bind_body(sqlite3_stmt *s, const struct task_body *b, int64_t lane, struct str tags)
{
    const int64_t numbers[] = {b->tenant,     lane,        b->rules.priority,     b->created_at_ms,
                               b->run_at_ms,  b->rules.start_by_ms, b->timeout_ms, b->grace_ms,
                               b->rules.max_attempts, b->rules.retry.backoff, b->rules.retry.jitter,
                               b->rules.retry.base_ms, b->rules.retry.cap_ms};
    sqlite_db_bind_id(s, 1, &b->id);
    for (int i = 0; i < (int)(sizeof numbers / sizeof *numbers); i++) sqlite3_bind_int64(s, 2 + i, numbers[i]);
    sqlite_db_bind_text(s, 15, b->subject);
    sqlite_db_bind_text(s, 16, tags);
    sqlite_db_bind_blob(s, 17, b->input);
    sqlite3_bind_int64(s, 18, b->retain_ms);
    sqlite_db_bind_text(s, 19, b->limit_key);
    sqlite_db_bind_text(s, 20, b->batch_key);
    sqlite3_bind_double(s, 21, b->cost);
    sqlite_db_bind_text(s, 22, b->key);
}

void sqlite_row_bind_live(sqlite3_stmt *s, const struct id *id, int64_t lane, const struct life *l)
{
    const int64_t numbers[] = {lane,     l->state, l->run,       l->attempt,     l->failures,     l->deaths, l->replaced ? CANCEL_REPLACED : l->cancel_requested,
                               (int64_t)l->fence, l->rank, time_beside_rank(l), l->start_by_ms, l->started_at_ms, l->alone, l->leased};
    sqlite_db_bind_id(s, 1, id);
    for (int i = 0; i < (int)(sizeof numbers / sizeof *numbers); i++) sqlite3_bind_int64(s, 2 + i, numbers[i]);
}

void sqlite_row_bind_done(sqlite3_stmt *s, const struct id *id, int64_t lane, const struct task_ending *e)
{
    const struct life *l = &e->life;
    const int64_t numbers[] = {l->state,  l->run,  l->attempt,       l->failures,      l->deaths,
                               l->cancel_requested, l->rank, l->started_at_ms, e->finished_at_ms};
    bool failed = e->failure.code.len > 0;
    sqlite_db_bind_id(s, 1, id);
    for (int i = 0; i < (int)(sizeof numbers / sizeof *numbers); i++) sqlite3_bind_int64(s, 2 + i, numbers[i]);
    sqlite_db_bind_text(s, 11, failed ? e->failure.code : STR_NONE);
    sqlite_db_bind_text(s, 12, failed ? e->failure.message : STR_NONE);
    sqlite_db_bind_text(s, 13, failed && e->failure.detail.len ? e->failure.detail : STR_NONE);
    sqlite_db_bind_text(s, 14, failed && e->failure.type.len ? e->failure.type : STR_NONE);
    sqlite3_bind_int64(s, 15, e->failure.attempt);
    sqlite3_bind_int64(s, 16, e->failure.at_ms);
    sqlite_db_bind_text(s, 17, e->progress.len ? e->progress : STR_NONE);
    sqlite_db_bind_text(s, 18, e->files.len ? e->files : STR_NONE);
    sqlite_db_bind_blob(s, 19, e->result.len ? e->result : STR_NONE);
    sqlite3_bind_int64(s, 20, lane);
    sqlite3_bind_int64(s, 21, e->batch_size);
    if (e->cached) sqlite_db_bind_id(s, 22, &e->cached_from);
    else sqlite3_bind_null(s, 22);
}

void sqlite_row_bind_attempt(sqlite3_stmt *s, const struct task_attempt *a)
{
    bool failed = a->failure.code.len > 0;
    sqlite_db_bind_id(s, 1, &a->id);
    sqlite3_bind_int(s, 2, a->run);
    sqlite3_bind_int(s, 3, a->number);
    sqlite3_bind_int64(s, 4, (int64_t)a->fence);
    sqlite3_bind_int64(s, 5, a->started_at_ms);
    sqlite3_bind_int64(s, 6, a->finished_at_ms);
    sqlite3_bind_int(s, 7, (int)a->verdict);
    sqlite_db_bind_text(s, 8, failed ? a->failure.code : STR_NONE);
    sqlite_db_bind_text(s, 9, failed ? a->failure.message : STR_NONE);
    sqlite_db_bind_text(s, 10, failed && a->failure.detail.len ? a->failure.detail : STR_NONE);
    sqlite_db_bind_text(s, 11, failed && a->failure.type.len ? a->failure.type : STR_NONE);
    sqlite_db_bind_blob(s, 12, a->log.len ? a->log : STR_NONE);
    sqlite3_bind_int(s, 13, a->resumed_from);
    sqlite3_bind_int64(s, 14, a->saved_at_ms);
    sqlite3_bind_int64(s, 15, (int64_t)a->saved_bytes);
    sqlite_db_bind_blob(s, 16, a->output.len ? a->output : STR_NONE);
}
