/* SPDX-License-Identifier: Apache-2.0
 *
 * Notifications, as far as the server has a part in them: they are told to whoever listens, and counted. Making them is
 * api/notice_make.h, keeping them the store's, taking the old ones away retention.h.
 */
#ifndef SERVER_NOTICES_H
#define SERVER_NOTICES_H

#include "base/buf.h"
#include "base/map.h"
#include "task/notice.h"

struct server;

struct notices {
    struct server *server;
    struct map created; /* type label -> struct notices_type, owned */
    int64_t unread;     /* -1: not known yet */
};

void notices_init(struct notices *n, struct server *s);
void notices_release(struct notices *n);
void notices_write(const struct notices *n, struct buf *b); /* metrics */

void notices_made(struct notices *n, const struct notice *notice); /* it was added, its commit stands */
void notices_changed(struct notices *n, int64_t unread);          /* some were read, or removed: how many are unread now */

#endif
