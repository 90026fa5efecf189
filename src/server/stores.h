/* SPDX-License-Identifier: Apache-2.0
 *
 * A store by its URL: `mem:` or `sqlite:FILE`.
 */
#ifndef SERVER_STORES_H
#define SERVER_STORES_H

#include "loop/loop.h"
#include "store/store.h"

int stores_open(struct store **ret, const char *url, struct loop *l, const struct store_events *events, struct err *e) MUST_USE;

#endif
