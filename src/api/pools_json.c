/* SPDX-License-Identifier: Apache-2.0
 *
 * See pools_json.h.
 */
#include "api/pools_json.h"

#include "api/sandbox_json.h"
#include "server/duty.h"

static void write_texts(struct buf *b, const char *key, const char *const *texts)
{
    json_write_key(b, key);
    json_write_open(b, '[');
    for (; texts && *texts; texts++) json_write_text(b, *texts);
    json_write_close(b, ']');
}

static void write_names(struct buf *b, const char *key, const char *const *env)
{
    json_write_key(b, key);
    json_write_open(b, '[');
    for (; env && *env; env++) {
        struct str rest = str_of(*env);
        json_write_str(b, str_cut(&rest, '='));
    }
    json_write_close(b, ']');
}

static void write_maybe_text(struct buf *b, const char *key, const char *text)
{
    json_write_key(b, key);
    if (text) json_write_text(b, text);
    else json_write_null(b);
}

static void write_batch(struct buf *b, const struct worker_batch_conf *batch)
{
    json_write_key(b, "batch");
    json_write_open(b, '{');
    json_write_member_int(b, "max", batch->max);
    json_write_member_int(b, "delay_ms", batch->delay_ms);
    json_write_member_int(b, "cost", batch->cost);
    json_write_close(b, '}');
}

static void write_needs(struct buf *b, const struct ration_amount *needs)
{
    json_write_key(b, "needs");
    json_write_open(b, '{');
    for (; needs && needs->name; needs++) json_write_member_int(b, needs->name, needs->amount);
    json_write_close(b, '}');
}

/* What makes a process end, or be replaced. */
static void write_ends(struct buf *b, const struct worker_pool_conf *c)
{
    json_write_key(b, "keep_alive_ms");
    if (c->keep_alive_ms >= 0) json_write_int(b, c->keep_alive_ms);
    else json_write_null(b);
    json_write_member_int(b, "ready_timeout_ms", c->ready_timeout_ms);
    json_write_member_int(b, "ping_timeout_ms", c->ping_timeout_ms);
    json_write_member_int(b, "stall_timeout_ms", c->stall_timeout_ms);
    json_write_member_int(b, "max_tasks", c->max_tasks);
    json_write_member_int(b, "max_age_ms", c->max_age_ms);
    json_write_member_int(b, "max_rss_bytes", c->max_rss);
}

static void write_conf(struct buf *b, const struct worker_pool_conf *c)
{
    write_texts(b, "command", c->command);
    json_write_member_int(b, "instances", c->instances);
    json_write_member_int(b, "concurrency", c->concurrency);
    write_batch(b, &c->batch);
    write_needs(b, c->needs);
    json_write_member_int(b, "prefer_warm", c->prefer_warm);
    json_write_member_text(b, "load", c->load_at_boot ? "boot" : "lazy");
    write_maybe_text(b, "warmup", c->warmup.type);
    write_ends(b, c);
    write_names(b, "env", c->env);
    write_names(b, "secret_env", c->secret_env);
    write_maybe_text(b, "cwd", c->cwd);
    json_write_key(b, "sandbox");
    sandbox_json_write(b, &c->sandbox);
}

void pools_json_write(struct buf *b, const struct roster *r)
{
    json_write_key(b, "pools");
    json_write_open(b, '[');
    for (size_t i = 0; i < r->n; i++) {
        const struct post *p = &r->posts[i];
        if (!p->duty->is_pool) continue;
        json_write_open(b, '{');
        json_write_member_str(b, "name", p->name);
        json_write_member_int(b, "waiting", (int64_t)p->wanted);
        json_write_member_bool(b, "replacing", p->heir != NULL);
        write_conf(b, &p->duty->pool);
        json_write_close(b, '}');
    }
    json_write_close(b, ']');
}
