/* SPDX-License-Identifier: Apache-2.0
 *
 * How a row of a table is written: for the files that have some.
 */
#ifndef SERVER_CONFIG_ROW_H
#define SERVER_CONFIG_ROW_H

#include "server/config_table.h"

#define FIELD(type, member) .offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)
#define KEYS(type, rows) .keys = rows, .n = sizeof(rows) / sizeof((rows)[0]), .size = sizeof(struct type)

#endif
