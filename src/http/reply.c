/* SPDX-License-Identifier: Apache-2.0
 *
 * Written by hand rather than with printf: this is in the path of every request. A header value with a line break in it
 * would let whoever chose it write an answer of his own (response splitting), so such a header is left out.
 */
#include "http/reply.h"
#include "http/parse.h"
#include <stdio.h>
#include <time.h>

void reply_stamp_set(struct reply_stamp *s, int64_t wall_ms, const char *server_name)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t second = wall_ms / 1000;
    if (s->len && s->second == second) return;
    struct tm tm = {0};
    time_t t = (time_t)second;
    gmtime_r(&t, &tm);
    int len = snprintf(s->text, sizeof s->text, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\nServer: %.80s\r\n",
                       days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
                       tm.tm_sec, server_name);
    s->len = (size_t)len;
    s->second = second;
}

bool reply_has_body(const struct http_reply *reply)
{
    return reply->content_type && reply->status != 204 && reply->status != 304;
}

static void add_number(struct buf *b, uint64_t v)
{
    char text[20];
    size_t at = sizeof text;
    do text[--at] = (char)('0' + v % 10);
    while (v /= 10);
    buf_add(b, text + at, sizeof text - at);
}

static void add_status(struct buf *b, int status)
{
    if (status == 200) {
        buf_add_str(b, STR("HTTP/1.1 200 OK\r\n"));
        return;
    }
    buf_add_str(b, STR("HTTP/1.1 "));
    add_number(b, (uint64_t)status);
    buf_add_char(b, ' ');
    buf_add_text(b, parse_reason(status));
    buf_add_str(b, STR("\r\n"));
}

static void add_header(struct buf *b, struct str name, struct str value)
{
    if (str_find(value, '\r') < value.len || str_find(value, '\n') < value.len) return;
    buf_add_str(b, name);
    buf_add_str(b, STR(": "));
    buf_add_str(b, value);
    buf_add_str(b, STR("\r\n"));
}

static void add_length(struct buf *b, int64_t length)
{
    if (length == REPLY_CHUNKED) buf_add_str(b, STR("Transfer-Encoding: chunked\r\n"));
    if (length < 0) return;
    buf_add_str(b, STR("Content-Length: "));
    add_number(b, (uint64_t)length);
    buf_add_str(b, STR("\r\n"));
}

void reply_head(struct buf *out, const struct reply_stamp *stamp, const struct http_reply *reply, int64_t length,
                const struct http_request *to, enum reply_connection connection)
{
    add_status(out, reply->status);
    buf_add(out, stamp->text, stamp->len);
    if (reply_has_body(reply)) {
        add_header(out, STR("Content-Type"), str_of(reply->content_type));
        add_length(out, length);
    } else if (reply->status != 204 && reply->status != 304) {
        buf_add_str(out, STR("Content-Length: 0\r\n"));
    }
    add_header(out, STR("X-Request-Id"), str_of(to->request_id));
    if (to->any_origin) buf_add_str(out, STR("Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: *\r\n"));
    for (size_t i = 0; i < reply->n_headers; i++) add_header(out, reply->headers[i].name, reply->headers[i].value);
    if (connection == REPLY_CLOSE) buf_add_str(out, STR("Connection: close\r\n"));
    if (connection == REPLY_KEEP_SAID) buf_add_str(out, STR("Connection: keep-alive\r\n"));
    buf_add_str(out, STR("\r\n"));
}
