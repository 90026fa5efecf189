/* SPDX-License-Identifier: Apache-2.0
 *
 * See command.h. Read twice: before a task is accepted, and before it is run.
 */
#include "handler/command.h"

#include "base/json.h"
#include "handler/template.h"

#include <stdio.h>

struct reading {
    const struct json *j;
    struct arena *arena; /* borrowed */
    struct err *e;
};

static int wrong(const struct reading *r, const char *pointer, const char *wanted)
{
    return err_set_at(r->e, ERR_INVALID, pointer, "%s: expected %s", pointer + 1, wanted);
}

/* The text of a string; NULL: it is none, or none that a program can be given. */
static const char *text_of(const struct reading *r, const struct json_node *v)
{
    struct buf b;
    if (v->kind != JSON_STRING) return NULL;
    buf_init(&b, TEMPLATE_ARGUMENT_MAX);
    json_add_string(r->j, v, &b);
    bool good = !buf_err(&b) && (b.len == 0 || !memchr(b.p, 0, b.len));
    const char *text = good ? arena_text(r->arena, buf_str(&b)) : NULL;
    buf_release(&b);
    return text;
}

static int read_argv(const struct reading *r, const struct json_node *v, struct command *ret)
{
    if (!v || v->kind != JSON_ARRAY || v->count == 0) return wrong(r, "/input/argv", "a list, program and arguments");
    const char **argv = arena_alloc(r->arena, (v->count + 1) * sizeof *argv);
    size_t n = 0;
    for (const struct json_node *one = json_first(v); one; one = json_next(v, one)) {
        char pointer[64];
        snprintf(pointer, sizeof pointer, "/input/argv/%zu", n);
        argv[n] = text_of(r, one);
        if (!argv[n]) return wrong(r, pointer, "a text without NUL, of less than 128 KiB");
        if (n == 0 && !*argv[0]) return wrong(r, pointer, "the name of a program");
        n++;
    }
    ret->argv = argv;
    return 0;
}

static int read_cwd(const struct reading *r, const struct json_node *v, struct command *ret)
{
    if (!v || v->kind == JSON_NULL) return 0;
    ret->cwd = text_of(r, v);
    return ret->cwd && ret->cwd[0] == '/' ? 0 : wrong(r, "/input/cwd", "an absolute path");
}

static int read_env(const struct reading *r, const struct json_node *v, struct command *ret)
{
    if (!v || v->kind == JSON_NULL) return 0;
    if (v->kind != JSON_OBJECT) return wrong(r, "/input/env", "an object of texts");
    const char **env = arena_alloc(r->arena, (v->count + 1) * sizeof *env);
    size_t n = 0;
    for (const struct json_node *one = json_first(v); one; one = json_next(v, one)) {
        struct buf name;
        const char *value = text_of(r, one);
        buf_init(&name, TEMPLATE_ARGUMENT_MAX);
        json_add_key(r->j, one, &name);
        bool good =
            value && name.len && !buf_err(&name) && !memchr(name.p, 0, name.len) && !memchr(name.p, '=', name.len);
        if (good) env[n++] = arena_format(r->arena, "%.*s=%s", (int)name.len, name.p, value).p;
        buf_release(&name);
        if (!good) return wrong(r, "/input/env", "names without = and NUL, each with a text");
    }
    ret->env = env;
    return 0;
}

static int read_members(const struct reading *r, const struct json_node *root, struct command *ret)
{
    if (root->kind != JSON_OBJECT)
        return wrong(r, "/input", "an object like {\"argv\":[\"echo\",\"hello\"],\"cwd\":\"/tmp\"}");
    for (const struct json_node *v = json_first(root); v; v = json_next(root, v))
        if (!json_key_is(r->j, v, STR("argv")) && !json_key_is(r->j, v, STR("cwd")) &&
            !json_key_is(r->j, v, STR("env")))
            return wrong(r, "/input", "no other members than argv, cwd and env");
    int err = read_argv(r, json_member(r->j, root, STR("argv")), ret);
    if (!err) err = read_cwd(r, json_member(r->j, root, STR("cwd")), ret);
    return err ? err : read_env(r, json_member(r->j, root, STR("env")), ret);
}

int command_read(struct str input, struct arena *a, struct command *ret, struct err *e)
{
    struct json j;
    json_init(&j);
    *ret = (struct command){0};
    int err = json_parse(&j, input, e);
    if (!err) err = read_members(&(struct reading){&j, a, e}, json_root(&j), ret);
    json_release(&j);
    return err;
}
