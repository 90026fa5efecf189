/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide help`: written from the table in cli.c, so that it cannot say other than what is there.
 */
#include "cli/cli_help.h"

#include "base/text.h"
#include "cli/cli_action.h"
#include "cli/cli_man.h"

#include <string.h>

const struct cli_help_exit cli_help_exits[] = {
    {CLI_OK, "ok"},
    {CLI_TASK_FAILED, "the task failed"},
    {CLI_TASK_CANCELLED, "the task was cancelled"},
    {CLI_TASK_EXPIRED, "the task expired"},
    {CLI_USAGE, "usage, or the server refused the request as wrong"},
    {CLI_AWAY, "the server is away or stopping, or the queue is full"},
    {CLI_SOFTWARE, "an internal error"},
    {CLI_IO, "something could not be read or written"},
    {75, "another server holds the store"}, /* of err.def */
    {CLI_CONFIG, "the configuration is not right"},
    {CLI_WAIT_RAN_OUT, "the wait ran out; the task goes on"},
    {0, NULL},
};

void cli_help_usage(FILE *to, const struct cli_verb *v)
{
    struct buf usage;
    buf_init(&usage, 4096);
    buf_add_text(&usage, v->usage);
    if (cli_action_of(v)) cli_action_usage(&usage, cli_action_of(v));
    bool more = !v->local && v->options->name && !strchr(v->usage, '[');
    fprintf(to, "usage: bide %s%s%s%s\n", v->name, usage.len ? " " : "", usage.len ? usage.p : "",
            more ? " [OPTION...]" : "");
    buf_release(&usage);
}

static void print_options(FILE *to, const struct cli_option *o)
{
    for (; o->name; o++) {
        char left[64];
        snprintf(left, sizeof left, "%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
        fprintf(to, "  %-25s %s\n", left, o->help);
    }
}

static void print_actions(FILE *to, const struct cli_action *c)
{
    fputc('\n', to);
    for (; c->name; c++) {
        char left[64];
        snprintf(left, sizeof left, "%s%s%s", c->name, *c->words ? " " : "", c->words);
        fprintf(to, "  %-25s %s\n", left, c->help);
    }
}

void cli_help_verb(FILE *to, const struct cli_verb *v)
{
    fprintf(to, "bide %s: %s\n", v->name, v->summary);
    cli_help_usage(to, v);
    if (cli_action_of(v)) print_actions(to, cli_action_of(v));
    if (v->options->name || !v->local) fputc('\n', to);
    print_options(to, v->options);
    if (!v->local) print_options(to, cli_common_options);
    if (v->more) fprintf(to, "\n%s\n", v->more);
}

void cli_help_all(FILE *to)
{
    fputs("bide: a job server for work that takes a while\nusage: bide VERB ...\n\n", to);
    for (const struct cli_verb *v = cli_verbs; v->name; v++) fprintf(to, "  %-11s %s\n", v->name, v->summary);
    fputs(
        "\nBegin with `bide serve` in one terminal; it says what to submit from another.\n"
        "`bide help VERB` explains one. Exit codes: 0 ok, 1 task failed, 2 task cancelled, 3 task expired, 64 usage,\n"
        "69 server away, 78 configuration, 124 wait ran out.\n",
        to);
}

static int unknown_topic(const struct cli_args *a)
{
    const char *names[64], *near;
    size_t n = 0;
    for (const struct cli_verb *v = cli_verbs; v->name && n < sizeof names / sizeof *names - 1; v++)
        names[n++] = v->name;
    names[n] = NULL;
    near = text_nearest(str_of(a->words[0]), names);
    if (near) return cli_args_wrong(a, "there is no verb `%s`; did you mean `%s`?", a->words[0], near);
    return cli_args_wrong(a, "there is no verb `%s`; `bide help` lists them", a->words[0]);
}

static void print_man(const struct cli_args *a, const struct cli_verb *v)
{
    struct buf page;
    buf_init(&page, 1024 * 1024);
    if (v) cli_man_verb(&page, v);
    else if (a->n_words) cli_man_config(&page);
    else cli_man_all(&page);
    fwrite(page.p, 1, page.len, stdout);
    buf_release(&page);
}

int cli_help(int argc, char **argv)
{
    struct cli_args a;
    int code;
    if (!cli_args_read(&a, argc, argv, 0, 1, &code)) return code;
    const struct cli_verb *v = a.n_words ? cli_verb_find(a.words[0]) : NULL;
    bool man = cli_args_flag(&a, "--man"), config = man && a.n_words && strcmp(a.words[0], "bide.yaml") == 0;
    if (a.n_words && !v && !config) code = unknown_topic(&a);
    else if (man) print_man(&a, v);
    else if (v) cli_help_verb(stdout, v);
    else cli_help_all(stdout);
    cli_args_release(&a);
    return code;
}
