/* SPDX-License-Identifier: Apache-2.0
 *
 * Is a request from a program of this machine, or from a web page that a browser of this machine has open? The server
 * listens on loopback and asks for no token: every page of the web could send it forms (cross-site request forgery), and
 * one whose name is made to point at 127.0.0.1 could read the answers as well (DNS rebinding). Browsers tell the two
 * apart by what pages cannot choose:
 *
 *   Host             of a request that a browser makes (one with Accept-Language, Referer, Origin or Sec-Fetch-Site: a
 *                    page can set the first, but not leave it out): must be localhost, 127.x.x.x or [::1], with any
 *                    port. Else 421. A program may call this host what it likes.
 *   Origin           of a request that may change something (not GET, HEAD, OPTIONS; any with Upgrade): must be http(s)://
 *                    and this very Host, so not "null". Else 403.
 *   Sec-Fetch-Site   of such a request: not cross-site. Else 403.
 *
 * A proxy that lets browsers in must send a Host of loopback. On a UNIX socket, which no page can reach, any will do.
 */
#ifndef API_ORIGIN_H
#define API_ORIGIN_H

#include "http/http.h"

int origin_check(const struct http_request *r, struct err *e) MUST_USE; /* 0, ERR_MISDIRECTED, ERR_FORBIDDEN */

#endif
