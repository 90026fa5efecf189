/* SPDX-License-Identifier: Apache-2.0
 *
 * One pass over each value.
 */
#include "handler/worker_env.h"

#include "base/buf.h"

static const char *filled(const char *pair, int instance, struct arena *arena)
{
    const char *rest = pair, *at = strchr(pair, '=');
    struct buf b;
    if (!at || !strstr(at, WORKER_ENV_INSTANCE)) return arena_text(arena, str_of(pair));
    buf_init(&b, 2 * strlen(pair) + 16);
    while ((at = strstr(at, WORKER_ENV_INSTANCE))) {
        buf_add_str(&b, (struct str){rest, (size_t)(at - rest)});
        buf_add_format(&b, "%d", instance);
        rest = at += sizeof WORKER_ENV_INSTANCE - 1;
    }
    buf_add_text(&b, rest);
    const char *text = arena_text(arena, buf_str(&b));
    buf_release(&b);
    return text;
}

const char *const *worker_env_of(const char *const *pool, int instance, struct arena *arena)
{
    size_t n = 0;
    if (!pool) return NULL;
    while (pool[n]) n++;
    const char **env = arena_alloc(arena, (n + 1) * sizeof *env);
    for (size_t i = 0; i < n; i++) env[i] = filled(pool[i], instance, arena);
    env[n] = NULL;
    return env;
}
