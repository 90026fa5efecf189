/* SPDX-License-Identifier: Apache-2.0
 *
 * How a request of client.c travels: protocols, proxy, certificates, times, compression. It must never follow redirects (secrets
 * would travel with them), heed proxies of the environment, wait for a name's look-up that nobody needs any more, or raise a
 * signal. Included by client*.c only, which know libcurl.
 */
#ifndef HTTP_CLIENT_OPTIONS_H
#define HTTP_CLIENT_OPTIONS_H

#include "http/fetch.h"
#include <curl/curl.h>

CURLcode client_options_set(CURL *easy, const struct fetch_spec *spec, const char *user_agent);

#endif
