/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of verbs, and finding the one that was meant. A name that is nearly one is answered with the nearest.
 */
#include "cli/cli.h"

#include "base/text.h"
#include "cli/cli_help.h"

#include <errno.h>
#include <stdio.h>

static const struct cli_option no_options[] = {{0}};
static const struct cli_option json_only[] = {{"--json", NULL, "as JSON"}, {0}};
static const struct cli_option help_options[] = {{"--man", NULL, "as a manual page, in troff"}, {0}};
#define SOURCE_OPTIONS                                                                \
    {"--config", "FILE", "the configuration (./bide.yaml when there is one)"},        \
    {"--listen", "ADDR", "HOST:PORT or unix:PATH (127.0.0.1:8080); may be repeated"}, \
    {"--store", "URL", "where tasks are kept: sqlite:FILE or mem:"}
static const struct cli_option serve_options[] = {SOURCE_OPTIONS, {0}};
static const struct cli_option config_options[] = {
    SOURCE_OPTIONS,
    {"--keys", NULL, "every key there is: type, unit, range, default, meaning"},
    {"--json", NULL, "as JSON"},
    {0},
};

const struct cli_option cli_common_options[] = {
    {"--server", "URL", "http://HOST:PORT or unix:PATH (BIDE_SERVER, else http://127.0.0.1:8080)"},
    {"--json", NULL, "print the server's JSON as it is"},
    {0},
};

#define FOLLOWED                                                                                                           \
    "With --follow a server that goes away is waited for, nothing is printed twice, and the exit code is how the task ended,\n" \
    "as with `bide wait`; 130 after Ctrl-C. --json prints each piece as an object."

const struct cli_verb cli_verbs[] = {
    {"serve", cli_serve, "run the server", "[--config FILE] [--listen ADDR] [--store URL]", serve_options, true,
     "SIGTERM drains and stops, a second one stops now."},
    {"submit", cli_submit, "submit a task", "TYPE [--input JSON|@FILE|-] [--wait|--follow]", cli_submit_options, false,
     "Prints the task's id; with --wait its result, with --follow what it streams out, as it comes. Durations: 250ms, 90s, 1h30m, 7d."},
    {"run", cli_run, "run a command line on the server", "-- COMMAND [ARGUMENT...]", cli_run_options, false,
     "No configuration is needed. The program gets its arguments as they are, without a shell, and runs in the working\n"
     "directory of this command, as the server's user. Its stderr is shown as it comes, its stdout when it has ended. The\n"
     "exit code is the program's; 128+N: ended by signal N; 127: it could not be started; 124: its time was up.\n"
     "Who may do this shows the key in the server's data_dir/run.key: it is found as `bide serve` finds data_dir, or\n"
     "taken from BIDE_RUN_KEY."},
    {"get", cli_get, "show a task", "ID...", no_options, false, NULL},
    {"list", cli_list, "list tasks, newest first", "", cli_list_options, false, NULL},
    {"wait", cli_wait, "wait for tasks to end", "ID...", cli_wait_options, false,
     "Prints the result of one task; of several, a line each: id, status, result. With several the first that did not\n"
     "complete decides the exit code."},
    {"watch", cli_watch, "follow tasks as they go on", "[ID...] [--once]", cli_watch_options, false,
     "Bars on a terminal; elsewhere a line, or with --json an object, for each change. Named tasks are watched until all\n"
     "have ended; the worst ending (failed, then expired, then cancelled) decides the exit code. Without ids it watches\n"
     "what the filters find, or everything, until Ctrl-C."},
    {"cancel", cli_cancel, "cancel tasks", "ID...", no_options, false, NULL},
    {"retry", cli_retry, "run ended tasks again", "ID...", no_options, false, NULL},
    {"events", cli_events, "print what happens to tasks, as it happens", "[--json]", cli_events_options, false,
     "A line for each event until Ctrl-C, which is exit code 130; with --json an object with `event`, `id` and `data`. What a\n"
     "task prints and streams out is told when --kind names it: `--kind log,output`."},
    {"log", cli_log, "print what a task's worker wrote", "ID [-f]", cli_log_options, false, FOLLOWED},
    {"output", cli_output, "print what a task has streamed out so far", "ID [-f]", cli_output_options, false, FOLLOWED},
    {"file", cli_file, "upload, fetch, list or remove files for tasks", "", cli_file_options, false,
     "A task names one in its input: \"file:ID\"."},
    {"notification", cli_notification, "list, read or remove notifications", "", no_options, false, NULL},
    {"queue", cli_queue, "list, show, pause, resume or set queues", "", cli_queue_options, false, NULL},
    {"worker", cli_worker, "list, recycle or stop worker processes", "", no_options, false, NULL},
    {"stats", cli_stats, "print the server's numbers", "", no_options, false, NULL},
    {"gc", cli_gc, "remove what is not kept any longer, now", "[--dry-run]", cli_gc_options, false,
     "The server does it by itself, by the `retain` rules of its configuration; this does not wait for it."},
    {"bench", cli_bench, "see how fast the server takes tasks", "--type TYPE", cli_bench_options, false,
     "Submits for some seconds over several connections and prints the rate and the time of a submit. The tasks are never\n"
     "run: they may start in a year, and are cancelled at the end. Cancelled tasks stay in the store as others do. Refuses\n"
     "when other tasks wait in the queue, unless --yes is given."},
    {"check", cli_check, "check a configuration file", "[FILE]", json_only, true,
     "Without a name: ./bide.yaml. Exit code 78 when it has problems."},
    {"config", cli_config, "show every setting and where it comes from", "[--config FILE] [--json] | --keys",
     config_options, true, "What a server started here, with these options and variables, would run with. Secrets are masked."},
    {"completion", cli_completion, "print a shell's completion script", "bash|zsh|fish", no_options, true,
     "For this shell: `. <(bide completion bash)`, `. <(bide completion zsh)`, `bide completion fish | source`."},
    {"backup", cli_backup, "copy the store, also while the server runs", "FILE [--config FILE] [--store URL] [--force]",
     cli_backup_options, true,
     "The store as it is at one moment, in one file: to restore, put it in the store's place while no server runs.\n"
     "Output files, in data_dir/attempts, and uploaded ones, in data_dir/files, are not in it."},
    {"help", cli_help, "explain a verb", "[VERB]", help_options, true,
     "`bide help --man bide.yaml` is the manual of the configuration; `bide help --man watch | man -l -` shows a page."},
    {"version", cli_version, "print the version", "", json_only, true, NULL},
    {0},
};

const struct cli_verb *cli_verb_find(const char *name)
{
    for (const struct cli_verb *v = cli_verbs; v->name; v++)
        if (strcmp(v->name, name) == 0) return v;
    return NULL;
}

static int unknown_verb(const char *name)
{
    const char *names[sizeof cli_verbs / sizeof *cli_verbs];
    size_t n = 0;
    for (const struct cli_verb *v = cli_verbs; v->name; v++) names[n++] = v->name;
    names[n] = NULL;
    const char *near = text_nearest(str_of(name), names);
    if (near) fprintf(stderr, "bide: there is no verb `%s`; did you mean `%s`?\n", name, near);
    else fprintf(stderr, "bide: there is no verb `%s`; `bide help` lists them\n", name);
    return CLI_USAGE;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) return true;
    return false;
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        cli_help_all(stderr);
        return CLI_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) name = "help";
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) name = "version";
    const struct cli_verb *v = cli_verb_find(name);
    if (!v) return unknown_verb(name);
    if (asks_for_help(argc - 1, argv + 1)) {
        cli_help_verb(stdout, v);
        return CLI_OK;
    }
    argv[1] = (char *)v->name; /* also for `--help` and `--version` */
    return v->run(argc - 1, argv + 1);
}

int cli_main(int argc, char **argv)
{
    int code = run(argc, argv);
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    fprintf(stderr, "bide: cannot write to standard output: %s\n", strerror(errno));
    return CLI_IO;
}
