/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide completion bash|zsh|fish`: a script for the shell, written from the table of verbs, so that it completes what
 * is there. The second word is always the verb. Nothing in the scripts asks a server: Tab must answer at once.
 */
#include "cli/cli_action.h"

#include "base/text.h"

#include <stdio.h>

static const struct cli_option help_option[] = {{"--help", NULL, "explain the verb"}, {0}};

/* The options of a verb, its own, the common ones, --help; `at` runs from 0. NULL at the end. */
static const struct cli_option *option_at(const struct cli_verb *v, size_t at)
{
    const struct cli_option *tables[] = {v->options, v->local ? help_option : cli_common_options,
                                         v->local ? help_option + 1 : help_option};
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
        for (const struct cli_option *o = tables[t]; o->name; o++)
            if (at-- == 0) return o;
    return NULL;
}

/* What the words after the verb are. */
enum words { WORDS_FREE, WORDS_FILES, WORDS_VERBS, WORDS_CHOICES };

static enum words words_of(const struct cli_verb *v)
{
    if (strstr(v->usage, "FILE]") && v->usage[0] == '[' && v->usage[1] == 'F') return WORDS_FILES;
    if (strcmp(v->usage, "[VERB]") == 0) return WORDS_VERBS;
    bool choices = cli_action_of(v) || (strchr(v->usage, '|') && !strpbrk(v->usage, " ["));
    return choices ? WORDS_CHOICES : WORDS_FREE;
}

static bool is_file(const struct cli_option *o) { return o->value && strstr(o->value, "FILE"); }

/* The names that may follow the verb, a blank before each. */
static void add_choices(struct buf *b, const struct cli_verb *v)
{
    const struct cli_action *c = cli_action_of(v);
    for (; c && c->name; c++) buf_add_format(b, " %s", c->name);
    struct str usage = str_of(words_of(v) == WORDS_CHOICES ? v->usage : "");
    while (usage.len > 0) {
        struct str one = str_cut(&usage, '|');
        buf_add_format(b, " %.*s", STR_ARG(one));
    }
    for (const struct cli_verb *o = cli_verbs; words_of(v) == WORDS_VERBS && o->name; o++)
        buf_add_format(b, " %s", o->name);
}

/* Text inside single quotes; characters of `special` get a backslash. */
static void add_quoted(struct buf *b, const char *text, const char *special)
{
    for (; *text; text++) {
        if (*text == '\'') buf_add_text(b, "'\\''");
        else if (strchr(special, *text)) buf_add_format(b, "\\%c", *text);
        else buf_add_char(b, *text);
    }
}

static void bash_verb(struct buf *b, const struct cli_verb *v)
{
    const struct cli_option *o;
    buf_add_format(b, "    %s)\n        options='", v->name);
    for (size_t i = 0; (o = option_at(v, i)); i++) buf_add_format(b, "%s%s", i ? " " : "", o->name);
    buf_add_text(b, "'\n        files='");
    for (size_t i = 0; (o = option_at(v, i)); i++)
        if (is_file(o)) buf_add_format(b, " %s ", o->name);
    buf_add_text(b, "'\n        values='");
    for (size_t i = 0; (o = option_at(v, i)); i++)
        if (o->value && !is_file(o)) buf_add_format(b, " %s ", o->name);
    buf_add_text(b, "'\n        words='");
    add_choices(b, v);
    buf_add_format(b, "' ;;\n");
}

static void bash(struct buf *b)
{
    buf_add_text(b, "# bide's completion for bash, written by `bide completion bash`\n"
                    "_bide() {\n"
                    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                    "    local options= files= values= words= i\n"
                    "    COMPREPLY=()\n"
                    "    case ${COMP_CWORD}:${COMP_WORDS[1]} in 1:*) words='");
    for (const struct cli_verb *v = cli_verbs; v->name; v++) buf_add_format(b, "%s ", v->name);
    buf_add_text(b, "--help --version'\n"
                    "        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                    "        return ;;\n"
                    "    esac\n"
                    "    case ${COMP_WORDS[1]} in\n");
    for (const struct cli_verb *v = cli_verbs; v->name; v++) bash_verb(b, v);
    buf_add_text(b, "    *) return ;;\n"
                    "    esac\n"
                    "    if [[ $files == *\" $prev \"* ]]; then\n"
                    "        case $cur in\n"
                    "        @*) COMPREPLY=($(compgen -P @ -f -- \"${cur#@}\")) ;;\n"
                    "        *) COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
                    "        esac\n"
                    "    elif [[ $values == *\" $prev \"* ]]; then\n"
                    "        return\n"
                    "    elif [[ $cur == -* ]]; then\n"
                    "        COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
                    "    elif ((COMP_CWORD == 2)); then\n"
                    "        COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
                    "    fi\n"
                    "}\n"
                    "complete -o bashdefault -o default -F _bide bide\n");
}

static void zsh_verb(struct buf *b, const struct cli_verb *v)
{
    const struct cli_option *o;
    buf_add_format(b, "    %s)\n        _arguments", v->name);
    for (size_t i = 0; (o = option_at(v, i)); i++) {
        buf_add_format(b, " \\\n            '*%s[", o->name);
        add_quoted(b, o->help, "[]:\\");
        buf_add_char(b, ']');
        if (o->value) {
            buf_add_char(b, ':');
            add_quoted(b, o->value, ":\\");
            buf_add_text(b, is_file(o) ? ":_files" : ": ");
        }
        buf_add_char(b, '\'');
    }
    if (words_of(v) == WORDS_FILES) buf_add_text(b, " \\\n            '1:file:_files'");
    struct buf choices;
    buf_init(&choices, 4096);
    add_choices(&choices, v);
    if (choices.len) buf_add_format(b, " \\\n            '1:word:(%s)'", choices.p + 1);
    buf_release(&choices);
    buf_add_text(b, " ;;\n");
}

static void zsh(struct buf *b)
{
    buf_add_text(b, "#compdef bide\n"
                    "# bide's completion for zsh, written by `bide completion zsh`\n"
                    "_bide() {\n"
                    "    local -a verbs\n"
                    "    verbs=(\n");
    for (const struct cli_verb *v = cli_verbs; v->name; v++) {
        buf_add_format(b, "        '%s:", v->name);
        add_quoted(b, v->summary, ":\\");
        buf_add_text(b, "'\n");
    }
    buf_add_text(b, "    )\n"
                    "    if ((CURRENT == 2)); then\n"
                    "        _describe -t verbs verb verbs\n"
                    "        return\n"
                    "    fi\n"
                    "    shift words\n"
                    "    ((CURRENT--))\n"
                    "    case $words[1] in\n");
    for (const struct cli_verb *v = cli_verbs; v->name; v++) zsh_verb(b, v);
    buf_add_text(b, "    esac\n"
                    "}\n"
                    "if [[ $funcstack[1] == _bide ]]; then _bide \"$@\"; else compdef _bide bide; fi\n");
}

static void fish_verb(struct buf *b, const struct cli_verb *v)
{
    const struct cli_option *o;
    buf_add_format(b, "complete -c bide -n __fish_use_subcommand -f -a %s -d '", v->name);
    add_quoted(b, v->summary, "\\");
    buf_add_text(b, "'\n");
    for (size_t i = 0; (o = option_at(v, i)); i++) {
        bool one = o->name[1] != '-'; /* -f */
        buf_add_format(b, "complete -c bide -n '__fish_seen_subcommand_from %s' -%c %s%s -d '", v->name, one ? 's' : 'l', o->name + (one ? 1 : 2),
                       is_file(o) ? " -r -F"
                       : o->value ? " -x"
                                  : "");
        add_quoted(b, o->help, "\\");
        buf_add_text(b, "'\n");
    }
    if (words_of(v) == WORDS_FILES)
        buf_add_format(b, "complete -c bide -n '__fish_seen_subcommand_from %s' -F\n", v->name);
    struct buf choices;
    buf_init(&choices, 4096);
    add_choices(&choices, v);
    if (choices.len)
        buf_add_format(b,
                       "complete -c bide -n '__fish_seen_subcommand_from %s; and __fish_is_nth_token 2' -f -a '%s'\n",
                       v->name, choices.p + 1);
    buf_release(&choices);
}

static void fish(struct buf *b)
{
    buf_add_text(b, "# bide's completion for fish, written by `bide completion fish`\n"
                    "complete -c bide -f\n");
    for (const struct cli_verb *v = cli_verbs; v->name; v++) fish_verb(b, v);
}

int cli_completion(int argc, char **argv)
{
    static const char *const shells[] = {"bash", "zsh", "fish", NULL};
    static void (*const write[])(struct buf *) = {bash, zsh, fish};
    struct cli_args a;
    struct buf script;
    int code;
    if (!cli_args_read(&a, argc, argv, 1, 1, &code)) return code;
    buf_init(&script, 1024 * 1024);
    for (size_t i = 0; shells[i]; i++)
        if (strcmp(a.words[0], shells[i]) == 0) write[i](&script);
    if (script.len) fwrite(script.p, 1, script.len, stdout);
    else code = cli_args_wrong(&a, "`%s` is not a shell it knows: bash, zsh or fish", a.words[0]);
    buf_release(&script);
    cli_args_release(&a);
    return code;
}
