/* SPDX-License-Identifier: Apache-2.0
 *
 * A program that runs beside us (ffmpeg, ffprobe): its standard output comes through a pipe, its standard error is kept.
 */
#ifndef TRANSCRIBE_PROGRAM_H
#define TRANSCRIBE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct program {
    pid_t pid;
    int out, err;
};

/* Returns 0 or an errno. */
int program_start(struct program *p, const char *const *argv);
/* Reads until the memory is full or the program has no more. */
size_t program_read(struct program *p, void *to, size_t cap);
/* Waits for its end, or brings it about. Returns 0 when it ended well; `why` says what it complained of otherwise. */
int program_end(struct program *p, bool at_once, char *why, size_t cap);

#endif
