/* SPDX-License-Identifier: Apache-2.0
 *
 * Drawing: go up over the lines drawn before, write each anew and clear its rest, all in one write so that nothing
 * flickers. No line is wider than the terminal, for a wrapped one could not be counted; when there are more tasks than
 * rows, those that still run come first and the rest are a number.
 *
 * What was drawn is where it was only as long as nothing else moved it. In the background nothing is drawn; after a
 * stop (Ctrl-Z) the next drawing begins below what the shell wrote; and when the window got narrower, nobody can know
 * how the terminal rearranged the lines, so the screen is cleared once.
 */
#include "cli/cli_bars.h"

#include "base/clock.h"
#include "cli/cli_text.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR 20

static volatile sig_atomic_t continued; /* after a stop */

static void on_continued(int number)
{
    (void)number;
    continued = 1;
}

void cli_bars_begin(struct cli_bars *b)
{
    const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
    *b = (struct cli_bars){.begun_at_ms = clock_mono_ms(&clock_system)};
    b->on = isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0;
    b->colour = b->on && !(no_color && *no_color);
    if (b->on) sigaction(SIGCONT, &(struct sigaction){.sa_handler = on_continued, .sa_flags = SA_RESTART}, NULL);
}

static void terminal_size(int *columns, int *rows)
{
    struct winsize w;
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 && w.ws_row > 0;
    *columns = known ? w.ws_col : 80;
    *rows = known ? w.ws_row : 24;
}

static bool in_foreground(void)
{
    pid_t group = tcgetpgrp(STDERR_FILENO);
    return group < 0 || group == getpgrp(); /* not our controlling terminal: nobody else draws there */
}

static const char *colour_of(const struct bide_task_view *v)
{
    if (strcmp(v->status, "completed") == 0) return "\x1b[32m";
    if (strcmp(v->status, "failed") == 0) return "\x1b[31m";
    return v->ended ? "\x1b[33m" : "";
}

static void add_bar(struct buf *b, double percent)
{
    int full = (int)(percent * BAR / 100);
    if (full > BAR) full = BAR;
    buf_add_char(b, '[');
    for (int i = 0; i < BAR; i++) buf_add_char(b, i < full ? '#' : '-');
    buf_add_format(b, "] %3.0f%%", percent);
}

/* Until it will probably have ended, by our clock. */
static void add_left(struct buf *b, const struct bide_task_view *v)
{
    char left[CLI_TEXT_DURATION];
    int64_t left_ms = v->eta_at_ms - clock_wall_ms(&clock_system);
    if (v->ended || !v->eta_at_ms || left_ms <= 0) return;
    cli_text_duration(left, left_ms);
    buf_add_format(b, ", about %s left", left);
}

/* What the task is doing, in words or as a bar. */
static void add_state(struct buf *b, const struct bide_task_view *v)
{
    bool running = strcmp(v->status, "running") == 0;
    if (running && v->percent >= 0) add_bar(b, v->percent > 100 ? 100 : v->percent);
    else buf_add_text(b, v->status);
    if (v->cancel_requested && !v->ended) buf_add_text(b, ", being cancelled");
    if (v->ended && v->error_code[0] && strcmp(v->error_code, v->status) != 0) buf_add_format(b, ": %s", v->error_code);
    if (running) add_left(b, v);
    if (running && v->message[0]) buf_add_format(b, "  %s", v->message);
    if (!running && !v->ended && v->waiting_on[0]) buf_add_format(b, ", waiting for %s", v->waiting_on);
    if (!running && !v->ended && v->waiting_detail[0]) buf_add_format(b, " (%s)", v->waiting_detail);
    if (!running && !v->ended && v->position > 0) buf_add_format(b, ", position %lld", (long long)v->position);
    if (!running) add_left(b, v);
}

/* How long it ran, or runs, or how long we have been looking on. */
static int64_t elapsed_ms(const struct cli_bars *bars, const struct bide_task_view *v)
{
    int64_t ran = clock_wall_ms(&clock_system) - v->started_at_ms; /* the server's clock may be ahead of ours */
    if (v->ended && v->queued_ms >= 0 && v->run_ms >= 0) return v->run_ms;
    if (strcmp(v->status, "running") == 0 && v->started_at_ms) return ran < 0 ? 0 : ran;
    return clock_mono_ms(&clock_system) - bars->begun_at_ms;
}

static void add_line(const struct cli_bars *bars, struct buf *out, const struct bide_task_view *v, int columns)
{
    char elapsed[CLI_TEXT_DURATION];
    struct buf line;
    buf_init(&line, 16 * 1024);
    size_t len = strlen(v->id);
    cli_text_duration(elapsed, elapsed_ms(bars, v));
    buf_add_format(&line, "%s %s  ", v->type, len > 9 ? v->id + len - 9 : v->id);
    add_state(&line, v);
    const char *colour = bars->colour ? colour_of(v) : "";
    int room = columns - 1 - (int)strlen(elapsed) - 2;
    buf_add_text(out, colour);
    cli_text_cut(out, buf_str(&line), room > 0 ? room : 0);
    if (*colour) buf_add_text(out, "\x1b[0m");
    buf_add_format(out, "  %s\x1b[K\n", elapsed);
    buf_release(&line);
}

/* How many of each kind get a line: those that still go on first. */
static int add_lines(const struct cli_bars *bars, struct buf *out, const struct bide_task_view *views, int n,
                     int columns, int room)
{
    int lines = 0;
    bool all = n <= room;
    for (int pass = 0; pass < (all ? 1 : 2); pass++) {
        for (int i = 0; i < n && lines < (all ? n : room - 1); i++) {
            if (!all && views[i].ended != (pass == 1)) continue;
            add_line(bars, out, &views[i], columns);
            lines++;
        }
    }
    if (all) return lines;
    buf_add_format(out, "and %d more\x1b[K\n", n - lines);
    return lines + 1;
}

void cli_bars_draw(struct cli_bars *b, const struct bide_task_view *views, int n, const char *note)
{
    if (!b->on || !in_foreground()) return;
    int columns, rows;
    terminal_size(&columns, &rows);
    struct buf out;
    buf_init(&out, 1024 * 1024);
    if (continued) b->drawn = 0;
    continued = 0;
    if (b->drawn && columns < b->columns) {
        buf_add_text(&out, "\x1b[H\x1b[2J");
        b->drawn = 0;
    }
    b->columns = columns;
    if (b->drawn) buf_add_format(&out, "\x1b[%dA", b->drawn);
    buf_add_char(&out, '\r');
    b->drawn = add_lines(b, &out, views, n, columns, rows > 4 ? rows - 2 : 2);
    if (note) {
        cli_text_cut(&out, str_of(note), columns - 1);
        buf_add_text(&out, "\x1b[K\n");
        b->drawn++;
    }
    buf_add_text(&out, "\x1b[J"); /* what a longer drawing left below */
    fwrite(out.p, 1, out.len, stderr);
    fflush(stderr);
    buf_release(&out);
}

void cli_bars_end(struct cli_bars *b) { b->drawn = 0; }
