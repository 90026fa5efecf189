/* SPDX-License-Identifier: Apache-2.0
 *
 * bide(1) and bide-VERB(1). Hyphens are written \- so that what is copied from a page can be typed.
 */
#include "cli/cli_man.h"

#include "bide.h"
#include "cli/cli_action.h"
#include "cli/cli_help.h"

#include <ctype.h>

void cli_man_text(struct buf *b, const char *text)
{
    bool bold = false, begins = true;
    for (; *text; text++) {
        if (begins && (*text == '.' || *text == '\'')) buf_add_text(b, "\\&");
        begins = *text == '\n';
        if (*text == '`') buf_add_text(b, (bold = !bold) ? "\\fB" : "\\fR");
        else if (*text == '\\') buf_add_text(b, "\\e");
        else if (*text == '-') buf_add_text(b, "\\-");
        else buf_add_char(b, *text);
    }
}

void cli_man_head(struct buf *b, const char *name, int section, const char *summary)
{
    buf_add_text(b, ".\\\" written by `bide help --man`\n.TH ");
    for (const char *c = name; *c; c++) buf_add_char(b, (char)toupper((unsigned char)*c));
    buf_add_format(b, " %d \"\" \"bide %s\"\n.SH NAME\n", section, BIDE_VERSION);
    cli_man_text(b, name);
    buf_add_text(b, " \\- ");
    cli_man_text(b, summary);
    buf_add_char(b, '\n');
}

void cli_man_term(struct buf *b, const char *name, const char *value, const char *help)
{
    buf_add_text(b, ".TP\n\\fB");
    cli_man_text(b, name);
    buf_add_text(b, "\\fR");
    if (value && *value) {
        buf_add_text(b, " \\fI");
        cli_man_text(b, value);
        buf_add_text(b, "\\fR");
    }
    buf_add_char(b, '\n');
    cli_man_text(b, help);
    buf_add_char(b, '\n');
}

void cli_man_see(struct buf *b, const char *pages)
{
    buf_add_text(b, ".SH SEE ALSO\n");
    cli_man_text(b, pages);
    buf_add_char(b, '\n');
}

static void add_options(struct buf *b, const struct cli_option *o)
{
    for (; o->name; o++) cli_man_term(b, o->name, o->value, o->help);
}

void cli_man_verb(struct buf *b, const struct cli_verb *v)
{
    struct buf text;
    buf_init(&text, 64 * 1024);
    buf_add_format(&text, "bide-%s", v->name);
    cli_man_head(b, text.p, 1, v->summary);
    buf_clear(&text);
    buf_add_text(&text, v->usage);
    const struct cli_action *c = cli_action_of(v);
    if (c) buf_add_text(&text, "ACTION");
    buf_add_format(b, ".SH SYNOPSIS\n\\fBbide %s\\fR%s", v->name, text.len ? " " : "");
    cli_man_text(b, text.len ? text.p : "");
    if (v->options->name && !strchr(v->usage, '[')) buf_add_text(b, " [\\fIOPTION\\fR...]");
    buf_add_char(b, '\n');
    buf_release(&text);
    if (v->more) {
        buf_add_text(b, ".SH DESCRIPTION\n");
        cli_man_text(b, v->more);
        buf_add_char(b, '\n');
    }
    if (c) buf_add_text(b, ".SH ACTIONS\n");
    for (; c && c->name; c++) cli_man_term(b, c->name, c->words, c->help);
    if (v->options->name || !v->local) buf_add_text(b, ".SH OPTIONS\n");
    add_options(b, v->options);
    if (!v->local) add_options(b, cli_common_options);
    cli_man_see(b, "`bide`(1), `bide.yaml`(5)");
}

static void add_environment(struct buf *b)
{
    buf_add_text(b, ".SH ENVIRONMENT\n");
    cli_man_term(b, "BIDE_SERVER", NULL, "the server, unless `--server` says another");
    cli_man_term(b, "BIDE_LISTEN, BIDE_STORE, BIDE_DATA_DIR", NULL,
                 "of `bide serve`: instead of `listen`, `store` and `data_dir` of the configuration");
    cli_man_term(b, "NO_COLOR", NULL, "bars without colour");
    buf_add_text(b, ".SH FILES\n");
    cli_man_term(b, "bide.yaml", NULL, "in the working directory: the configuration of `bide serve`");
}

void cli_man_all(struct buf *b)
{
    char code[16];
    cli_man_head(b, "bide", 1, "a job server for work that takes a while");
    buf_add_text(b, ".SH SYNOPSIS\n\\fBbide\\fR \\fIVERB\\fR ...\n.SH DESCRIPTION\n");
    cli_man_text(b, "`bide serve` runs the server; the other verbs speak to it. What can be submitted is declared as "
                    "`types` in its\n"
                    "configuration. Data goes to standard output, messages and progress bars to standard error.\n"
                    "Durations are written 250ms, 90s, 1h30m or 7d.\n");
    buf_add_text(b, ".SH VERBS\nEach has a page of its own, bide\\-VERB(1).\n");
    for (const struct cli_verb *v = cli_verbs; v->name; v++) cli_man_term(b, v->name, v->usage, v->summary);
    buf_add_text(b, ".SH OPTIONS\nOf every verb that speaks to a server:\n");
    add_options(b, cli_common_options);
    add_environment(b);
    buf_add_text(b, ".SH EXIT STATUS\n");
    for (const struct cli_help_exit *e = cli_help_exits; e->text; e++) {
        snprintf(code, sizeof code, "%d", e->code);
        cli_man_term(b, code, NULL, e->text);
    }
    buf_add_text(b, ".SH EXAMPLES\nA first task, with a server in the background:\n.PP\n.EX\n");
    cli_man_text(b, "echo 'types: {hello: {exec: [/bin/echo, \"hello {input.name}\"]}}' > bide.yaml\n"
                    "bide serve &\n"
                    "bide submit hello --input '{\"name\":\"you\"}' --wait\n");
    buf_add_text(b, ".EE\n");
    cli_man_see(b, "`bide.yaml`(5)");
}
