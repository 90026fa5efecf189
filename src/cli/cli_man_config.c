/* SPDX-License-Identifier: Apache-2.0
 *
 * bide.yaml(5), from the rows that the server reads its configuration by.
 */
#include "cli/cli_man.h"
#include "server/config_steps.h"
#include "server/config_table.h"

#include <inttypes.h>

static void add_value(struct buf *b, const struct config_key *k)
{
    const char *const *word = k->words;
    if (k->kind == KIND_INT) buf_add_format(b, "number %" PRId64 "..%" PRId64, k->min, k->max);
    else if (k->kind != KIND_CHOICE) buf_add_text(b, config_table_kind_word(k->kind));
    if (word && k->kind != KIND_CHOICE) buf_add_text(b, " or ");
    for (; word && *word; word++) buf_add_format(b, "%s%s", word == k->words ? "" : " or ", *word);
}

static void add_section(struct buf *b, const struct config_section *s)
{
    struct buf takes, help;
    buf_add_text(b, ".SH ");
    if (*s->name) cli_man_text(b, s->name);
    else buf_add_text(b, "TOP LEVEL");
    buf_add_char(b, '\n');
    buf_init(&takes, 4096);
    buf_init(&help, 4096);
    for (size_t i = 0; i < s->n; i++) {
        const struct config_key *k = &s->keys[i];
        buf_clear(&takes);
        buf_clear(&help);
        add_value(&takes, k);
        buf_add_text(&help, k->help);
        if (k->required) buf_add_text(&help, ". Required");
        if (k->initial) buf_add_format(&help, ". Default: `%s`", k->initial);
        cli_man_term(b, k->key, takes.len ? takes.p : NULL, help.p);
    }
    buf_release(&takes);
    buf_release(&help);
}

void cli_man_config(struct buf *b)
{
    static const struct config_section *const sections[] = {&config_table_top,    &config_table_defaults,
                                                            &config_table_retry,  &config_table_queue,
                                                            &config_table_worker, &config_table_type,
                                                            &config_table_http,   &config_table_files,
                                                            &config_table_notices, &config_table_webhooks, &config_table_webhook, &config_table_callback, &config_steps_table,
                                                            &config_table_route};
    cli_man_head(b, "bide.yaml", 5, "configuration of the bide job server");
    buf_add_text(b, ".SH DESCRIPTION\n");
    cli_man_text(
        b, "`bide serve` reads `bide.yaml` of the working directory, or the file that `--config` names; without one it "
           "runs\n"
           "with the defaults and knows no types. `bide check` says what is wrong with a file, by line and column.\n"
           "Flags win over the environment, the environment over the file, the file over the defaults.\n");
    buf_add_text(b, ".PP\n");
    cli_man_text(b,
                 "Durations are 250ms, 90s, 1h30m, 7d; only 0 needs no unit. Relative paths are relative to the file.\n"
                 "Unknown keys are errors.\n");
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) add_section(b, sections[i]);
    buf_add_text(b, ".SH EXAMPLES\n.EX\n");
    cli_man_text(b, "queues:\n"
                    "  gpu: {concurrency: 1, capacity: 50}\n"
                    "workers:\n"
                    "  speech: {command: [./speech, --model, en-us], keep_alive: 10m}\n"
                    "types:\n"
                    "  transcribe: {queue: gpu, worker: speech, timeout: 1h}\n"
                    "  render: {exec: [render, --json, \"{input.path}\"], timeout: 30m}\n");
    buf_add_text(b, ".EE\n");
    cli_man_see(b, "`bide`(1), `bide-check`(1)");
}
