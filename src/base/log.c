/* SPDX-License-Identifier: Apache-2.0
 *
 * The server's log. A line is built on the stack and written by one write(2), so lines of several threads or processes
 * do not mix and logging never allocates. What users sent may be in a line: control bytes are shown as \xNN, so that
 * nobody can forge a second line. A line that does not fit is cut and ends in "...".
 */
#include "base/log.h"
#include "base/clock.h"
#include "base/text.h"
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define LINE 4096

static _Atomic int lowest_level = LOG_LEVEL_INFO;

void log_level_set(enum log_level lowest) { lowest_level = (int)lowest; }

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_DEBUG: return "debug";
    case LOG_LEVEL_INFO: return "info";
    case LOG_LEVEL_WARN: return "warn";
    case LOG_LEVEL_ERROR: return "error";
    }
    return "?";
}

/* Copies `text` to `to`, at most `room` bytes, control bytes made visible; returns the bytes used. */
static size_t add_visible(char *to, size_t room, const char *text, bool *ret_cut)
{
    static const char hex[] = "0123456789abcdef";
    size_t len = 0;
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool control = c < 0x20 || c == 0x7F;
        if (room - len < (control ? 4 : 1)) {
            *ret_cut = true;
            break;
        }
        if (!control) {
            to[len++] = *text;
            continue;
        }
        to[len++] = '\\';
        to[len++] = 'x';
        to[len++] = hex[c >> 4];
        to[len++] = hex[c & 15];
    }
    return len;
}

void log_line(enum log_level level, const char *format, ...)
{
    if ((int)level < lowest_level) return;
    int saved = errno; /* a log line between a failed call and its errno must not hurt */
    char time[TEXT_TIME], text[LINE], line[LINE + 64];
    va_list args;
    va_start(args, format);
    int wanted = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    bool cut = wanted >= (int)sizeof text;

    text_format_time(clock_wall_ms(&clock_system), time);
    size_t len = (size_t)snprintf(line, sizeof line, "%s %-5s ", time, level_name(level));
    len += add_visible(line + len, sizeof line - len - 4, wanted < 0 ? "?" : text, &cut);
    for (int i = 0; cut && i < 3; i++) line[len++] = '.';
    line[len++] = '\n';
    ssize_t written;
    do written = write(STDERR_FILENO, line, len);
    while (written < 0 && errno == EINTR);
    errno = saved; /* a log that cannot be written has nowhere to complain */
}
