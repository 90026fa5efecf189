/* SPDX-License-Identifier: Apache-2.0
 *
 * What is to follow tasks of a type: a name stands for a submission of that type.
 */
#ifndef SERVER_CONFIG_SEQUEL_H
#define SERVER_CONFIG_SEQUEL_H

#include "server/config.h"

/* After all was read: the lists become lists of objects; types that they name are declared. The other members are looked at
 * when the tasks are made. */
void config_sequel_check(struct config *c, struct config_errors *errors);

#endif
