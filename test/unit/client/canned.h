/* SPDX-License-Identifier: Apache-2.0
 *
 * A server of canned answers: a thread that reads one request per connection, remembers it, and sends the next answer
 * of its script. Port 0, or a UNIX socket. It ends after the last answer; wait for that before looking at what came.
 */
#ifndef TEST_UNIT_CLIENT_CANNED_H
#define TEST_UNIT_CLIENT_CANNED_H

#include "bide.h"
#include "test/test.h"
#include <pthread.h>

#define OK_JSON "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
#define ACCEPTED "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
#define TASK(status) "{\"id\":\"t1\",\"status\":\"" status "\"}"

struct canned {
    pthread_t thread;
    int listener;
    const char *const *answers; /* ends with NULL */
    char request[8][4096];
    int n;
    char server[128];
};
extern struct canned canned;

void canned_start(const char *const *answers, const char *socket_path); /* NULL: 127.0.0.1, any port */
int canned_listen(void);                                                /* 127.0.0.1, its address in canned.server */
void canned_join(void);                                                 /* all answers are given */
struct bide_client *canned_client(void);
const char *canned_body(int request);
bool canned_asked(int request, const char *part);
/* Reads one whole request, headers and Content-Length bytes; "" when the connection ends before. */
void canned_read(int fd, char *to, size_t cap);

#endif
