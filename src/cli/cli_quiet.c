/* SPDX-License-Identifier: Apache-2.0
 *
 * State for signal handlers has to be global; there is one terminal. In the background the terminal is somebody
 * else's: to touch it there would stop us (SIGTTOU).
 */
#include "cli/cli_quiet.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>
#include <unistd.h>

static struct termios before;
static volatile sig_atomic_t quiet;

static void set(bool echo)
{
    struct termios t = before;
    pid_t group = tcgetpgrp(STDIN_FILENO);
    if (!quiet || (group >= 0 && group != getpgrp())) return;
    if (!echo) t.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &t);
}

static void on_end(int number)
{
    set(true);
    raise(number); /* its default now: delivered when this returns */
}

static void on_stop(int number)
{
    (void)number;
    set(true);
    raise(SIGSTOP);
}

void cli_quiet_begin(void)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction old;
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &before) != 0) return;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (sigaction(ends[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(ends[i], &(struct sigaction){.sa_handler = on_end, .sa_flags = (int)SA_RESETHAND}, NULL);
    if (sigaction(SIGTSTP, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
        sigaction(SIGTSTP, &(struct sigaction){.sa_handler = on_stop, .sa_flags = SA_RESTART}, NULL);
    quiet = 1;
    set(false);
}

void cli_quiet_again(void) { set(false); }

void cli_quiet_end(void)
{
    set(true);
    quiet = 0;
}
