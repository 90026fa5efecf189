/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may have the server run a command line: the type `command` takes the key of server/command_key.h, as
 * `Authorization: Bearer KEY`.
 */
#ifndef API_COMMAND_H
#define API_COMMAND_H

#include "http/http.h"
#include "server/server.h"

/* May this request submit or retry a task of this type? 0 also for every other type. `r` NULL: by a way that is not for
 * commands. ERR_FORBIDDEN with what to do. */
int command_check(const struct http_request *r, const struct server *s, struct str type, struct err *e) MUST_USE;

#endif
