/* SPDX-License-Identifier: Apache-2.0
 *
 * `notify` of types (task/notify.h).
 */
#ifndef SERVER_CONFIG_NOTIFY_H
#define SERVER_CONFIG_NOTIFY_H

#include "server/config.h"

void config_notify_check(struct config *c, struct config_errors *errors); /* after all was read */

#endif
