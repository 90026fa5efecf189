/* SPDX-License-Identifier: Apache-2.0
 *
 * What a client of /v1/ws says: one JSON object a message.
 */
#ifndef API_WS_MESSAGE_H
#define API_WS_MESSAGE_H

#include "api/filter.h"

enum ws_op { WS_SUBSCRIBE, WS_UNSUBSCRIBE, WS_PING };

struct ws_message { /* texts in the arena */
    enum ws_op op;
    struct str id;        /* what the client calls the subscription; p NULL: it did not say */
    bool one;             /* of the task */
    struct id task;
    struct filter filter; /* of all */
    unsigned kinds;       /* BUS_BIT of each; 0: not said */
    struct str last;      /* p NULL: from now on */
};

/* ERR_* with the reason in `e`; ret->id is what could be read of it all the same. */
int ws_message_read(struct json *j, struct arena *a, struct str text, struct ws_message *ret, struct err *e) MUST_USE;

#endif
