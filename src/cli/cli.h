/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line: one verb, one file, one entry in the table of cli.c. Everything said about a verb (help, usage, the
 * nearest name of a mistyped option, a shell's completion) is read from that table.
 *
 * Data goes to standard output, messages to standard error. A verb prints its own errors and returns the exit code.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>

/* Exit codes, as doc/protocol.md has them; the rest are those of err.def (sysexits.h). */
enum cli_exit {
    CLI_OK = 0,
    CLI_TASK_FAILED = 1,
    CLI_TASK_CANCELLED = 2,
    CLI_TASK_EXPIRED = 3,
    CLI_USAGE = 64,
    CLI_AWAY = 69,
    CLI_SOFTWARE = 70,
    CLI_IO = 74,
    CLI_CONFIG = 78,
    CLI_WAIT_RAN_OUT = 124,
    CLI_INTERRUPTED = 130
};

struct cli_option {
    const char *name;  /* "--priority"; NULL ends a table */
    const char *value; /* what it takes, for the help: "N"; NULL: a flag */
    const char *help;  /* half a line */
};

struct cli_verb {
    const char *name;                  /* NULL ends the table */
    int (*run)(int argc, char **argv); /* argv[0] is the verb; returns the exit code */
    const char *summary;               /* half a line, for `bide help` */
    const char *usage;                 /* what follows the verb, options apart */
    const struct cli_option *options;  /* its own */
    bool local;                        /* speaks to no server: --server and --json are not for it */
    const char *more;                  /* further lines of help; may be NULL */
};

int cli_main(int argc, char **argv); /* argv as main got it; returns the exit code */
extern const struct cli_verb cli_verbs[];
extern const struct cli_option cli_common_options[];    /* of every verb that is not local */
const struct cli_verb *cli_verb_find(const char *name); /* NULL when there is none */

/* The verbs. */
int cli_backup(int argc, char **argv);
int cli_bench(int argc, char **argv);
int cli_cancel(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_completion(int argc, char **argv);
int cli_config(int argc, char **argv);
int cli_events(int argc, char **argv);
int cli_file(int argc, char **argv);
int cli_gc(int argc, char **argv);
int cli_get(int argc, char **argv);
int cli_help(int argc, char **argv);
int cli_list(int argc, char **argv);
int cli_log(int argc, char **argv);
int cli_notification(int argc, char **argv);
int cli_output(int argc, char **argv);
int cli_queue(int argc, char **argv);
int cli_retry(int argc, char **argv);
int cli_run(int argc, char **argv);
int cli_serve(int argc, char **argv);
int cli_stats(int argc, char **argv);
int cli_submit(int argc, char **argv);
int cli_version(int argc, char **argv);
int cli_wait(int argc, char **argv);
int cli_watch(int argc, char **argv);
int cli_worker(int argc, char **argv);

/* Their options. */
extern const struct cli_option cli_backup_options[];
extern const struct cli_option cli_bench_options[];
extern const struct cli_option cli_events_options[];
extern const struct cli_option cli_file_options[];
extern const struct cli_option cli_gc_options[];
extern const struct cli_option cli_list_options[];
extern const struct cli_option cli_log_options[];
extern const struct cli_option cli_output_options[];
extern const struct cli_option cli_queue_options[];
extern const struct cli_option cli_run_options[];
extern const struct cli_option cli_submit_options[];
extern const struct cli_option cli_wait_options[];
extern const struct cli_option cli_watch_options[];

#endif
