/* SPDX-License-Identifier: Apache-2.0
 *
 * Types may be declared further down, so this is looked at when all is read, and told where the step was said.
 */
#include "server/config_steps.h"

#include "server/config_row.h"
#include "task/chain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct config_key step_keys[] = {
    {"type", KIND_TYPE, FIELD(config_step, type), .required = true, .help = "which does it: its handler, timeout, attempts and retries count for the step"},
    {"name", KIND_TEXT, FIELD(config_step, name), .help = "in mappings and in the task's `steps`: A-Z a-z 0-9 _ -; the type's name unless said"},
    {"input", KIND_MAPPING, FIELD(config_step, input),
     .help = "its input, from `input`, `task` and the steps before it: fetch.result.title, fetch.files.0 (a path); without it, the task's input for the first step, for others the result of the step before"},
    {"when", KIND_MAPPING, FIELD(config_step, when),
     .help = "it is left out unless this holds: a source (input.summarize), or a map of sources and what they must be ({input.llm: local})"},
    {"message", KIND_TEXT, FIELD(config_step, message), .help = "the task's progress message while the step says nothing"},
};
const struct config_section config_steps_table = {"steps", KEYS(config_step, step_keys)};

struct look {
    struct config *c;
    const struct config_type *type;
    size_t at; /* of the step */
    struct config_errors *errors;
};

__attribute__((format(printf, 3, 4))) static void tell(const struct look *l, const char *key, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    struct arena *a = &l->c->arena;
    struct str path = arena_format(a, "types.%s.%s", l->type->name, key);
    if (l->at < l->type->n_steps) path = arena_format(a, "types.%s.steps.%zu%s%s", l->type->name, l->at, key ? "." : "", key ? key : "");
    config_errors_add(l->errors, config_origin(l->c, path).mark, "%s: %s", key ? key : "step", text);
}

static bool is_step_name(const char *name)
{
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(name) && *name &&
           strcmp(name, "input") != 0 && strcmp(name, "task") != 0 && strcmp(name, "const") != 0 && strcmp(name, "item") != 0;
}

static void check_name(struct look *l, struct config_step *s)
{
    const char *said = s->name ? "name" : "type";
    if (!s->name) s->name = s->type;
    if (!is_step_name(s->name))
        tell(l, said, "\"%.100s\" cannot be the name of a step: give it a `name` of A-Z a-z 0-9 _ -, and not input, task, const or item", s->name);
    if (strlen(s->name) + 1 + strlen(l->type->name) > TASK_LANE)
        tell(l, said, "the names of a type and of its step have at most %d characters together", TASK_LANE - 1);
    for (size_t i = 0; i < l->at; i++)
        if (l->type->steps[i].name && strcmp(l->type->steps[i].name, s->name) == 0) tell(l, said, "there are two steps \"%s\"", s->name);
}

static void check_type(const struct look *l, const struct config_step *s)
{
    const struct config_type *t = config_type_find(l->c, str_of(s->type));
    if (!t) tell(l, "type", "no type \"%s\" is declared", s->type);
    else if (t->n_steps) tell(l, "type", "\"%s\" is a chain itself", s->type);
}

/* Names of the roots that step `at` may use, ends with NULL. */
static const char *const *roots_of(const struct look *l)
{
    const char **roots = arena_alloc(&l->c->arena, (l->at + 3) * sizeof *roots);
    size_t n = 0;
    roots[n++] = "input";
    roots[n++] = "task";
    for (size_t i = 0; i < l->at; i++) roots[n++] = l->type->steps[i].name;
    roots[n] = NULL;
    return roots;
}

static void check_step(struct look *l, struct config_step *s)
{
    struct err e;
    if (!s->type) return; /* said already */
    check_type(l, s);
    check_name(l, s);
    if (s->input && mapping_check(str_of(s->input), roots_of(l), &e)) tell(l, "input", "%s", e.text);
    if (s->when && chain_check(str_of(s->when), roots_of(l), &e)) tell(l, "when", "%s", e.text);
    if (s->when && l->at == 0) tell(l, "when", "the first step is always done");
}

static void check_chain(struct look *l, struct config_type *t)
{
    struct err e;
    bool whole = true;
    if (t->n_steps > LIMIT_STEPS) {
        l->at = LIMIT_STEPS;
        tell(l, NULL, "a chain has at most %d steps", LIMIT_STEPS);
        return;
    }
    for (l->at = 0; l->at < t->n_steps; l->at++) {
        check_step(l, &t->steps[l->at]);
        whole = whole && t->steps[l->at].name;
    }
    if (t->result && whole && mapping_check(str_of(t->result), roots_of(l), &e)) tell(l, "result", "%s", e.text);
}

void config_steps_check(struct config *c, struct config_errors *errors)
{
    for (size_t i = 0; i < c->n_types; i++) {
        struct look l = {.c = c, .type = &c->types[i], .errors = errors};
        if (c->types[i].n_steps) check_chain(&l, &c->types[i]);
    }
}
