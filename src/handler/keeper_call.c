/* SPDX-License-Identifier: Apache-2.0
 *
 * How a keeper is called. What a program gets besides our environment is marked and not merged: the keeper does that
 * for the program alone, because it is this binary and must load with the libraries this binary has.
 */
#include "handler/keeper_call.h"
#include "handler/keeper.h"
#include "handler/sandbox.h"
#include <unistd.h>

static size_t count(const char *const *list)
{
    size_t n = 0;
    while (list && list[n]) n++;
    return n;
}

const char *const *keeper_call_env(struct arena *a, const struct child_spec *spec)
{
    size_t own = count((const char *const *)environ), added = count(spec->env),
           secret = count(spec->secret_env), n = 0;
    const struct sandbox_user *user = spec->sandbox && spec->sandbox->user.text[0] ? &spec->sandbox->user : NULL;
    const char **env = arena_alloc(a, (own + added + secret + 6) * sizeof *env);
    for (size_t i = 0; i < own; i++) env[n++] = environ[i];
    if (spec->frames) {
        env[n++] = arena_format(a, KEEPER_ENV "BIDE_IN=%d", KEEPER_IN).p;
        env[n++] = arena_format(a, KEEPER_ENV "BIDE_OUT=%d", KEEPER_OUT).p;
    }
    if (user) {
        const char *name = user->name[0] ? user->name : user->text;
        env[n++] = arena_format(a, KEEPER_ENV "HOME=%s", user->home).p;
        env[n++] = arena_format(a, KEEPER_ENV "USER=%s", name).p;
        env[n++] = arena_format(a, KEEPER_ENV "LOGNAME=%s", name).p;
    }
    for (size_t i = 0; i < added; i++) env[n++] = arena_format(a, KEEPER_ENV "%s", spec->env[i]).p;
    for (size_t i = 0; i < secret; i++) env[n++] = arena_format(a, KEEPER_ENV "%s", spec->secret_env[i]).p;
    return env;
}

const char *const *keeper_call_argv(struct arena *a, const struct child_spec *spec, const char *lock_path,
                                    int64_t open_files)
{
    const char *const *orders = spec->sandbox ? sandbox_orders(spec->sandbox, spec->dir, a) : NULL;
    size_t n_orders = count(orders);
    const char *head[] = {"bide",
                          KEEPER_OPTION,
                          lock_path,
                          arena_format(a, "%d", spec->nice).p,
                          spec->frames ? "1" : "0",
                          spec->cwd ? spec->cwd : "",
                          arena_format(a, "%lld", (long long)open_files).p,
                          arena_format(a, "%zu", n_orders).p};
    size_t n = sizeof head / sizeof *head, own = count(spec->argv);
    const char **argv = arena_alloc(a, (n + n_orders + own + 1) * sizeof *argv);
    memcpy(argv, head, sizeof head);
    for (size_t i = 0; i < n_orders; i++) argv[n++] = orders[i];
    for (size_t i = 0; i < own; i++) argv[n + i] = spec->argv[i];
    return argv;
}
