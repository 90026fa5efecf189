/* SPDX-License-Identifier: Apache-2.0
 *
 * See client_options.h.
 */
#include "http/client_options.h"
#include "base/buf.h"
#include "base/mem.h"
#include <string.h>

#define ENCODINGS "gzip, deflate" /* not all that libcurl can: for one answer brotli and zstd take far more memory */
#define KEPT_S 60L      /* an idle connection older than this is not used again: servers end theirs after about as long */
#define KEEPALIVE_S 30L /* silence until a peer is probed, and between probes: one that vanished is noticed */

static void add_encoded(struct buf *b, CURL *easy, struct str part)
{
    char *text = curl_easy_escape(easy, part.p, (int)part.len);
    if (!text) mem_give_up();
    buf_add_text(b, text);
    explicit_bzero(text, strlen(text));
    curl_free(text);
}

/* Basic, at once: any other kind costs a request that is refused first. Whether libcurl decodes a user and a password that are set one
 * by one depends on its version; both together are always decoded. */
static CURLcode set_login(CURL *easy, const char *login)
{
    if (!login) return CURLE_OK;
    struct str password = str_of(login), user = str_cut(&password, '=');
    struct buf both;
    buf_init(&both, 3 * (user.len + password.len) + 2);
    add_encoded(&both, easy, user);
    buf_add_char(&both, ':');
    add_encoded(&both, easy, password);
    CURLcode rc = curl_easy_setopt(easy, CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC);
    if (!rc) rc = curl_easy_setopt(easy, CURLOPT_PROXYUSERPWD, both.p);
    explicit_bzero(both.p, both.len);
    buf_release(&both);
    return rc;
}

CURLcode client_options_set(CURL *easy, const struct fetch_spec *spec, const char *user_agent)
{
    CURLcode rc = curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    if (!rc) rc = curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    if (!rc) rc = curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    if (!rc) rc = curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    if (!rc) rc = curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* the thread of a look-up is left to itself */
    if (!rc) rc = curl_easy_setopt(easy, CURLOPT_PROXY, spec->proxy ? spec->proxy : "");
    if (!rc) rc = curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    if (!rc) rc = set_login(easy, spec->proxy_login);
    if (!rc) rc = curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, ENCODINGS);
    if (!rc) rc = curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (!rc && spec->ca_file) rc = curl_easy_setopt(easy, CURLOPT_CAINFO, spec->ca_file);
    if (!rc && spec->ca_file) rc = curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    if (!rc) rc = curl_easy_setopt(easy, CURLOPT_USERAGENT, user_agent);
    if (!rc) rc = curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)spec->connect_timeout_ms);
    if (!rc) rc = curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)spec->timeout_ms);
    if (!rc) rc = curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, KEPT_S);
    if (!rc) rc = curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    if (!rc) rc = curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_S);
    if (!rc) rc = curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_S);
    return rc;
}
