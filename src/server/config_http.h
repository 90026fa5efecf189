/* SPDX-License-Identifier: Apache-2.0
 *
 * What the rows of an http type cannot say: headers that can be sent, and what goes with what.
 */
#ifndef SERVER_CONFIG_HTTP_H
#define SERVER_CONFIG_HTTP_H

#include "server/config.h"

/* `type`: its name, read at `at`. A url of NULL: another handler's type, nothing to check. */
void config_http_check(const struct config *c, const struct web_conf *conf, const char *type, struct config_mark at,
                       struct config_errors *errors);

#endif
