/* SPDX-License-Identifier: Apache-2.0
 *
 * Which addresses a request may go to whose URL a stranger gave: not to this machine, its network, or what a cloud answers on
 * link-local ones. Judged is the address that is connected to, whatever name led there (a name may change its mind between a
 * look and a connection). Pure.
 */
#ifndef HTTP_REACH_H
#define HTTP_REACH_H

#include "base/err.h"
#include "base/str.h"

struct sockaddr;

struct reach_net {       /* addresses that are let through all the same */
    uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d */
    uint8_t bits;        /* 0 .. 128 */
};

/* "10.1.0.0/16", "fd00::/8", "127.0.0.1". */
int reach_net_parse(struct reach_net *ret, struct str text, struct err *e) MUST_USE;
/* NULL: it may be reached. Else what it is: "loopback", "private", "link-local", "reserved", ... */
const char *reach_why_not(const struct sockaddr *to, const struct reach_net *allowed, size_t n);
/* The same of a host in a URL when it is an address, bare or in brackets; a name is NULL. */
const char *reach_why_not_host(struct str host, const struct reach_net *allowed, size_t n);

#endif
