/* SPDX-License-Identifier: Apache-2.0 */
#include "connect.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void give_up(const char *who, const char *what, const char *address)
{
    fprintf(stderr, "%s: %s%s\n", who, what, address);
    exit(1);
}

int connect_to(const char *who, const char *address)
{
    char host[256];
    const char *port = strrchr(address, ':');
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    if (!port) give_up(who, "no port in ", address);
    snprintf(host, sizeof host, "%.*s", (int)(port - address), address);
    if (getaddrinfo(host, port + 1, &hints, &found) != 0) give_up(who, "no such address: ", address);
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0) give_up(who, "cannot connect to ", address);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    freeaddrinfo(found);
    return fd;
}
