/* SPDX-License-Identifier: Apache-2.0
 *
 * A verb's command line, read by its table of options: `--name value`, `--name=value`, flags, words; `--` ends the
 * options and `-` is a word. Whatever is wrong is said on standard error with what was expected, and the exit code is
 * CLI_USAGE.
 */
#ifndef CLI_CLI_ARGS_H
#define CLI_CLI_ARGS_H

#include "bide.h"
#include "cli/cli.h"

struct cli_given {
    const struct cli_option *option;
    const char *value; /* borrowed from argv; NULL for a flag */
};

struct cli_args {
    const struct cli_verb *verb;
    const char **words; /* owned array, texts borrowed from argv */
    int n_words;
    int n_plain; /* of them before `--` */
    struct cli_given *given; /* owned, in the order given */
    int n_given;
};

/* Reads argv (argv[0] is the verb). At least `least` and at most `most` words (-1: any number). false: *ret_code is the
 * exit code, nothing to release. On success *ret_code is CLI_OK. */
bool cli_args_read(struct cli_args *a, int argc, char **argv, int least, int most, int *ret_code);
void cli_args_release(struct cli_args *a);

bool cli_args_flag(const struct cli_args *a, const char *name);
const char *cli_args_text(const struct cli_args *a, const char *name); /* the last one given; NULL: none */
/* The next one of a repeated option, from *at (start with 0); NULL at the end. */
const char *cli_args_next(const struct cli_args *a, const char *name, int *at);
/* These leave *value alone when the option is not given; false: what is given is not one, and that is said. */
bool cli_args_int(const struct cli_args *a, const char *name, int64_t least, int64_t most, int *value);
bool cli_args_duration(const struct cli_args *a, const char *name, int64_t *ms);
/* All --tag KEY=VALUE: an owned array (free the array and the keys by cli_args_free_tags). */
bool cli_args_tags(const struct cli_args *a, struct bide_tag **ret_tags, size_t *ret_n);
void cli_args_free_tags(struct bide_tag *tags, size_t n);

/* Says what is wrong and how it is used; returns CLI_USAGE. */
int cli_args_wrong(const struct cli_args *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
