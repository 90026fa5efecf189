/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads the file of a struct config that holds the defaults already. For config.c only.
 */
#ifndef SERVER_CONFIG_FILE_H
#define SERVER_CONFIG_FILE_H

#include "server/config.h"

/* Reads c->path (NULL: there is none), and what is said outside it, into *c. Every problem goes to `errors`; with none
 * there, *c is complete. */
void config_file_read(struct config *c, const struct config_outside *outside, struct config_errors *errors);

#endif
