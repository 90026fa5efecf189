/* SPDX-License-Identifier: Apache-2.0
 *
 * Outgoing HTTP on the loop: a fetcher (fetch.h) made of libcurl, which keeps connections for the next request to the same
 * place. HTTP/1.1, so that a request that is given up is a closed connection, which every server notices.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "http/fetch.h"
#include "loop/loop.h"

struct fetcher *client_open(struct loop *l, const char *user_agent); /* both borrowed; libcurl is begun by the first request */
void client_close(struct fetcher *by); /* no fetch is under way; frees. Its sockets are closed in the loop's next turns */

#endif
