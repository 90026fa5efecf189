/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading options by table. No abbreviations: an option that means one thing today must not mean another when a new one
 * is added; a slip is answered with the nearest name instead.
 */
#include "cli/cli_args.h"

#include "base/mem.h"
#include "base/text.h"
#include "cli/cli_help.h"

#include <stdarg.h>
#include <stdlib.h>

#define OPTIONS_MAX 64

int cli_args_wrong(const struct cli_args *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "bide %s: ", a->verb->name);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    cli_help_usage(stderr, a->verb);
    fprintf(stderr, "`bide help %s` says more\n", a->verb->name);
    return CLI_USAGE;
}

static const struct cli_option *find_in(const struct cli_option *o, struct str name)
{
    for (; o->name; o++)
        if (str_eq(str_of(o->name), name)) return o;
    return NULL;
}

static const struct cli_option *find_option(const struct cli_verb *v, struct str name)
{
    const struct cli_option *o = find_in(v->options, name);
    return o || v->local ? o : find_in(cli_common_options, name);
}

static int unknown_option(const struct cli_args *a, struct str name)
{
    const char *names[OPTIONS_MAX];
    size_t n = 0;
    for (const struct cli_option *o = a->verb->options; o->name && n < OPTIONS_MAX - 1; o++) names[n++] = o->name;
    for (const struct cli_option *o = cli_common_options; !a->verb->local && o->name && n < OPTIONS_MAX - 1; o++)
        names[n++] = o->name;
    names[n] = NULL;
    const char *near = text_nearest(name, names);
    if (near) return cli_args_wrong(a, "there is no option %.*s; did you mean %s?", STR_ARG(name), near);
    return cli_args_wrong(a, "there is no option %.*s", STR_ARG(name));
}

/* One option at argv[*i]; moves *i over a separate value. 0 or the exit code. */
static int read_option(struct cli_args *a, int argc, char **argv, int *i)
{
    struct str value = str_of(argv[*i]);
    bool joined = str_find(value, '=') < value.len;
    struct str name = str_cut(&value, '=');
    const struct cli_option *o = find_option(a->verb, name);
    if (!o) return unknown_option(a, name);
    struct cli_given *given = &a->given[a->n_given++];
    given->option = o;
    if (!o->value) return joined ? cli_args_wrong(a, "%s takes no value", o->name) : 0;
    if (!joined && *i + 1 >= argc) return cli_args_wrong(a, "%s needs a value: %s %s", o->name, o->name, o->value);
    given->value = joined ? value.p : argv[++*i];
    return 0;
}

static int check_words(const struct cli_args *a, int least, int most)
{
    struct str wanted = {a->verb->usage, str_find(str_of(a->verb->usage), '[')};
    const char *hint = "";
    if (str_starts(wanted, STR("TYPE"))) hint = ": one of the names under `types` in the server's bide.yaml";
    if (str_starts(wanted, STR("ID"))) hint = ": `bide list` shows the ids of tasks";
    if (a->n_words < least) return cli_args_wrong(a, "%.*s is missing%s", STR_ARG(str_trim(wanted)), hint);
    if (most >= 0 && a->n_words > most) return cli_args_wrong(a, "one word too many: `%s`", a->words[most]);
    for (int i = 0; i < a->n_plain; i++)
        if (!*a->words[i]) return cli_args_wrong(a, "word %d is empty", i + 1);
    return CLI_OK;
}

bool cli_args_read(struct cli_args *a, int argc, char **argv, int least, int most, int *ret_code)
{
    bool options = true;
    int code = CLI_OK;
    *a = (struct cli_args){.verb = cli_verb_find(argv[0])};
    a->words = mem_new(sizeof *a->words * (size_t)argc);
    a->given = mem_new(sizeof *a->given * (size_t)argc);
    for (int i = 1; i < argc && !code; i++) {
        if (options && strcmp(argv[i], "--") == 0) options = false;
        else if (options && argv[i][0] == '-' && argv[i][1]) code = read_option(a, argc, argv, &i);
        else a->words[a->n_words++] = argv[i];
        if (options) a->n_plain = a->n_words;
    }
    if (!code) code = check_words(a, least, most);
    if (code) cli_args_release(a);
    *ret_code = code;
    return code == CLI_OK;
}

void cli_args_release(struct cli_args *a)
{
    free((void *)a->words);
    free(a->given);
    *a = (struct cli_args){0};
}

const char *cli_args_next(const struct cli_args *a, const char *name, int *at)
{
    while (*at < a->n_given) {
        const struct cli_given *g = &a->given[(*at)++];
        if (strcmp(g->option->name, name) == 0) return g->value ? g->value : "";
    }
    return NULL;
}

const char *cli_args_text(const struct cli_args *a, const char *name)
{
    const char *last = NULL, *value;
    for (int at = 0; (value = cli_args_next(a, name, &at));) last = value;
    return last;
}

bool cli_args_flag(const struct cli_args *a, const char *name) { return cli_args_text(a, name) != NULL; }

bool cli_args_int(const struct cli_args *a, const char *name, int64_t least, int64_t most, int *value)
{
    const char *text = cli_args_text(a, name);
    int64_t n;
    if (!text) return true;
    if (text_int(&n, str_of(text)) || n < least || n > most) {
        cli_args_wrong(a, "%s is `%s`: a number from %lld to %lld is expected", name, text, (long long)least,
                       (long long)most);
        return false;
    }
    *value = (int)n;
    return true;
}

bool cli_args_duration(const struct cli_args *a, const char *name, int64_t *ms)
{
    const char *text = cli_args_text(a, name);
    struct err e = {0};
    if (!text) return true;
    if (text_duration(ms, str_of(text), &e) == 0) return true;
    cli_args_wrong(a, "%s is `%s`: a duration like 250ms, 90s, 1h30m or 7d is expected (%s)", name, text, e.text);
    return false;
}

bool cli_args_tags(const struct cli_args *a, struct bide_tag **ret_tags, size_t *ret_n)
{
    struct bide_tag *tags = mem_new(sizeof *tags * (size_t)(a->n_given + 1));
    size_t n = 0;
    const char *text;
    for (int at = 0; (text = cli_args_next(a, "--tag", &at));) {
        struct str value = str_of(text);
        bool has_value = str_find(value, '=') < value.len;
        struct str key = str_cut(&value, '=');
        if (!has_value || key.len == 0) {
            cli_args_free_tags(tags, n);
            cli_args_wrong(a, "--tag is `%s`: KEY=VALUE is expected", text);
            return false;
        }
        tags[n++] = (struct bide_tag){mem_text(key), value.p};
    }
    *ret_tags = tags;
    *ret_n = n;
    return true;
}

void cli_args_free_tags(struct bide_tag *tags, size_t n)
{
    for (size_t i = 0; i < n; i++) free((char *)tags[i].key);
    free(tags);
}
