/* SPDX-License-Identifier: Apache-2.0
 *
 * The schemas that types name for their inputs, and routes for their bodies: read and compiled with the configuration. For the files config_*.c only.
 */
#ifndef SERVER_CONFIG_SCHEMA_H
#define SERVER_CONFIG_SCHEMA_H

#include "server/config.h"

/* All types and routes have been read. */
void config_schema_read(struct config *c, struct config_errors *errors);

#endif
