/* SPDX-License-Identifier: Apache-2.0
 *
 * Is a request from a program of this machine, or from a web page that a browser of this machine has open? The server
 * listens on loopback and asks for no token: every page of the web could send it forms (cross-site request forgery), and
 * one whose name is made to point at 127.0.0.1 could read the answers as well (DNS rebinding). Browsers tell the two
 * apart by what pages cannot choose:
 *
 *   Host             must be localhost, 127.x.x.x or [::1], with any port; HTTP/1.0 may leave it out. Else 421.
 *   Origin           of a request that may change something (not GET, HEAD, OPTIONS): must be http(s):// and this very
 *                    Host, so not "null". Else 403.
 *   Sec-Fetch-Site   of such a request: not cross-site. Else 403.
 *
 * Programs send neither Origin nor Sec-Fetch-Site. A proxy in front must send a Host of loopback. On a UNIX socket, which
 * no page can reach, any Host will do.
 */
#ifndef API_ORIGIN_H
#define API_ORIGIN_H

#include "http/http.h"

int origin_check(const struct http_request *r, struct err *e) MUST_USE; /* 0, ERR_MISDIRECTED, ERR_FORBIDDEN */

#endif
