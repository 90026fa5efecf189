/* SPDX-License-Identifier: Apache-2.0
 *
 * What a configuration says of confining programs, looked at as a whole. For config_file.c only.
 */
#ifndef SERVER_CONFIG_SANDBOX_H
#define SERVER_CONFIG_SANDBOX_H

#include "server/config.h"

/* What cannot hold on any machine is an error. */
void config_sandbox_check(const struct sandbox_conf *s, const char *name, struct config_mark at,
                          struct config_errors *errors);
/* What would not hold on this machine, or in this process, goes to c->warnings: a server says at its start what is
 * wrong, and its workers say it again. */
void config_sandbox_warn(struct config *c);

#endif
