/* SPDX-License-Identifier: Apache-2.0
 *
 * The key that whoever submits a `command` must show: over TCP every user of the machine reaches the server, but only
 * who can read its data_dir may have it run programs. A random text in data_dir/run.key, mode 0600, made once and kept.
 */
#ifndef SERVER_COMMAND_KEY_H
#define SERVER_COMMAND_KEY_H

#include "base/err.h"
#include "base/rng.h"
#include "base/str.h"

#define COMMAND_KEY_FILE "run.key"
#define COMMAND_KEY_TEXT 65 /* 64 hexadecimal digits and a NUL */

struct command_key {
    char text[COMMAND_KEY_TEXT]; /* "": there is none, and nothing matches */
};

/* Reads it. ERR_NOT_FOUND: there is none; ERR_IO: it cannot be read; ERR_CONFIG: others can read it, or it is no key.
 */
int command_key_read(struct command_key *k, const char *data_dir, struct err *e) MUST_USE;
int command_key_open(struct command_key *k, const char *data_dir, struct rng *rng,
                     struct err *e) MUST_USE; /* makes it when there is none */
/* In a time that says nothing about the key. */
bool command_key_is(const struct command_key *k, struct str text);

#endif
