/* SPDX-License-Identifier: Apache-2.0
 *
 * Names as OpenTelemetry has them for environments.
 */
#include "handler/traced.h"

#include "base/json_write.h"

bool traced_parent(const struct attempt *a, char to[TRACE_PARENT])
{
    if (!a->task->trace.p) return false;
    trace_parent(a->task->trace, a->fence, to);
    return true;
}

struct str traced_state(const struct attempt *a)
{
    return a->task->trace.p ? trace_state(a->task->trace) : STR("");
}

void traced_write(struct buf *b, const struct attempt *a)
{
    char parent[TRACE_PARENT];
    if (!traced_parent(a, parent)) return;
    json_write_member_text(b, "traceparent", parent);
    if (traced_state(a).len) json_write_member_str(b, "tracestate", traced_state(a));
}

const char *const *traced_env_with(const char *const *env, const char *const *more, struct arena *arena)
{
    size_t n = 0, n_more = 0;
    while (env && env[n]) n++;
    while (more[n_more]) n_more++;
    const char **all = arena_alloc(arena, (n + n_more + 1) * sizeof *all);
    for (size_t i = 0; i < n; i++) all[i] = env[i];
    for (size_t i = 0; i < n_more; i++) all[n + i] = more[i];
    return all;
}

static bool has(const char *const *env, const char *name)
{
    for (; env && *env; env++)
        if (strncmp(*env, name, strlen(name)) == 0) return true;
    return false;
}

const char *const *traced_env(const char *const *env, const struct attempt *a, struct arena *arena)
{
    char parent[TRACE_PARENT];
    const char *more[3] = {0};
    int n = 0;
    if (!traced_parent(a, parent)) return env;
    struct str state = traced_state(a);
    if (!has(env, "TRACEPARENT=")) more[n++] = arena_format(arena, "TRACEPARENT=%s", parent).p;
    if (state.len && !has(env, "TRACESTATE=")) more[n++] = arena_format(arena, "TRACESTATE=%.*s", STR_ARG(state)).p;
    return n ? traced_env_with(env, more, arena) : env;
}
