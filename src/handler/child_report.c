/* SPDX-License-Identifier: Apache-2.0
 *
 * The words of a keeper, and what they are in words for people.
 */
#include "handler/child_report.h"
#include "base/text.h"
#include <errno.h>
#include <stdio.h>

/* What failed, by the word of the report. */
static const struct {
    const char *word, *words;
    int sys; /* this errno only; 0: any */
} steps[] = {
    {"exec", "", 0},
    {"cwd", "its working directory", 0},
    {"lock", "the lock of its keeper", 0},
    {"memory", "limits.memory is above the hard limit of the server", EPERM},
    {"files", "limits.files is above the hard limit of the server", EPERM},
    {"processes", "limits.processes is above the hard limit of the server", EPERM},
    {"cpu", "limits.cpu is above the hard limit of the server", EPERM},
    {"file_size", "limits.file_size is above the hard limit of the server", EPERM},
    {"core", "limits.core is above the hard limit of the server", EPERM},
    {"user", "the server may not change to its user", EPERM},
    {"user", "changing to its user", 0},
    {"attempts", "its user in the directory of attempts,", 0},
    {"read", "read_only,", 0},
    {"write", "writable,", 0},
    {"landlock", "writable and read_only need a kernel with Landlock, of Linux 6.2 or later", 0},
    {"privileges", "no_new_privileges", 0},
};

static bool not_started(struct child_report *r, struct str word, int sys, struct str detail)
{
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (!str_eq(word, str_of(steps[i].word)) || (steps[i].sys && steps[i].sys != sys)) continue;
        r->pid = 0;
        r->how.started = false;
        r->how.sys = sys;
        snprintf(r->how.at, sizeof r->how.at, "%s%s%.*s", steps[i].words, detail.len ? " " : "", STR_ARG(detail));
        return true;
    }
    return false;
}

static void on_line(struct child_report *r, struct str line)
{
    struct str word = str_cut(&line, ' '), number = str_cut(&line, ' ');
    int64_t n = 0;
    if (str_eq(word, STR("clean"))) r->clean = true;
    if (text_int(&n, number) != 0 || not_started(r, word, (int)n, line)) return;
    if (str_eq(word, STR("pid"))) {
        r->pid = (int)n;
        r->how.started = true;
    } else if (str_eq(word, STR("exit"))) {
        r->how.status = (int)n;
        r->ended = true;
    } else if (str_eq(word, STR("signal"))) {
        r->how.signal = (int)n;
        r->ended = true;
    }
}

void child_report_feed(struct child_report *r, struct str bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.p[i] == '\n') {
            on_line(r, (struct str){r->line, r->line_len});
            r->line_len = 0;
        } else if (r->line_len < sizeof r->line) {
            r->line[r->line_len++] = bytes.p[i];
        }
    }
}
