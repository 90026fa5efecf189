/* SPDX-License-Identifier: Apache-2.0
 *
 * One memchr per line, eight bytes at a time within it. Refused, each a way to make two servers see different requests
 * in the same bytes (RFC 9112 section 11.2): LF without CR, CR alone, NUL and other control bytes, a header line that
 * starts with space or tab (obs-fold), a request line with anything but two single spaces, and whatever is over a
 * limit. The packaged parser is built lax (HTTP_PARSER_STRICT=0) and takes most of these.
 *
 * Refusals come as early as they can be known: a client that will never send CRLF CRLF does not wait for a timeout.
 */
#include "http/head.h"
#include "base/limits.h"
#include "base/word.h"

static const bool token_chars[256] = {
    ['!'] = 1,         ['#' ... '\''] = 1, ['*'] = 1,         ['+'] = 1, ['-'] = 1, ['.'] = 1,
    ['0' ... '9'] = 1, ['A' ... 'Z'] = 1,  ['^' ... 'z'] = 1, ['|'] = 1, ['~'] = 1,
};

static bool is_token_char(char c) { return token_chars[(unsigned char)c]; }

bool head_is_token(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_token_char(s.p[i])) return false;
    return s.len > 0;
}

static bool is_printable(unsigned char c) { return (c >= 0x20 && c != 0x7F) || c == '\t'; }

static bool word_has_control(uint64_t v) { return (word_below(v, 0x20) | word_equal(v, 0x7F)) != 0; }

static bool line_is_printable(struct str line)
{
    size_t i = 0;
    for (; i + 8 <= line.len; i += 8) {
        if (!word_has_control(word_at(line.p + i))) continue;
        for (size_t k = i; k < i + 8; k++)
            if (!is_printable((unsigned char)line.p[k])) return false;
    }
    for (; i < line.len; i++)
        if (!is_printable((unsigned char)line.p[i])) return false;
    return true;
}

static int check_version(struct str version, struct err *e)
{
    if (version.len == 8 && memcmp(version.p, "HTTP/1.", 7) == 0 && (version.p[7] == '1' || version.p[7] == '0'))
        return 0;
    if (version.len >= 6 && memcmp(version.p, "HTTP/", 5) == 0 && version.p[5] >= '0' && version.p[5] <= '9')
        return err_set(e, ERR_VERSION, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    return err_set(e, ERR_INVALID, "the request line does not end in an HTTP version");
}

/* method SP target SP version (RFC 9112 section 3) */
static int check_request_line(struct str line, struct err *e)
{
    size_t spaces = 0;
    for (size_t i = 0; i < line.len; i++) spaces += line.p[i] == ' ';
    struct str method = str_cut(&line, ' ');
    if (!head_is_token(method)) return err_set(e, ERR_INVALID, "the request does not start with a method");
    if (spaces == 1) return err_set(e, ERR_VERSION, "the request line has no HTTP version");
    struct str target = str_cut(&line, ' ');
    if (spaces != 2 || target.len == 0)
        return err_set(e, ERR_INVALID, "the request line is not three words with one space between them");
    if (target.len > LIMIT_HTTP_TARGET)
        return err_set(e, ERR_TARGET, "the request target is longer than %d bytes", LIMIT_HTTP_TARGET);
    for (size_t i = 0; i < target.len; i++)
        if (target.p[i] <= 0x20 || target.p[i] >= 0x7F || target.p[i] == '#') /* char may be signed: both ends hold */
            return err_set(e, ERR_INVALID, "the request target has a character that must be percent-encoded");
    return check_version(line, e);
}

static int check_line(const struct head *h, struct str line, struct err *e)
{
    if (!line_is_printable(line)) return err_set(e, ERR_INVALID, "the head of the request has a control character");
    if (h->lines == 0) return check_request_line(line, e);
    if (line.p[0] == ' ' || line.p[0] == '\t') return err_set(e, ERR_INVALID, "a header is folded over two lines");
    if (!head_is_token(str_sub(line, 0, str_find(line, ':'))))
        return err_set(e, ERR_INVALID, "a header's name is not a token followed by a colon");
    if (h->lines > LIMIT_HTTP_HEADERS)
        return err_set(e, ERR_HEADERS, "there are more than %d headers", LIMIT_HTTP_HEADERS);
    return 0;
}

/* What is known of the bytes before their line has ended. Asked for first when it has, too: the same bytes get the same
 * answer, in how many pieces they ever come. `len`: of the head so far, without the LF that may be there. */
static int check_so_far(const struct head *h, struct str in, size_t len, struct err *e)
{
    if (len > 0 && h->lines == 0 && !is_token_char(in.p[0]) && in.p[0] != '\r')
        return err_set(e, ERR_INVALID, "the request does not start with a method");
    if (h->lines == 0 && len > LIMIT_HTTP_TARGET + 64)
        return err_set(e, ERR_TARGET, "the request line is longer than %d bytes", LIMIT_HTTP_TARGET);
    if (len > LIMIT_HTTP_HEADER)
        return err_set(e, ERR_HEADERS, "the head of the request is longer than %d bytes", LIMIT_HTTP_HEADER);
    return 0;
}

int head_find(struct head *h, struct str *in, size_t *ret_len, struct err *e)
{
    if (h->lines == 0 && !h->skipped && str_starts(*in, STR("\r\n"))) {
        *in = str_sub(*in, 2, in->len);
        *h = (struct head){.skipped = true};
    }
    for (;;) {
        const char *lf = in->len > h->at ? memchr(in->p + h->at, '\n', in->len - h->at) : NULL;
        size_t end = lf ? (size_t)(lf - in->p) : in->len;
        int rc = check_so_far(h, *in, end, e);
        if (rc < 0) return rc;
        if (!lf) {
            h->at = in->len;
            return 0;
        }
        if (end == h->line || in->p[end - 1] != '\r')
            return err_set(e, ERR_INVALID, "a line of the head ends in LF without CR");
        if (end + 1 > LIMIT_HTTP_HEADER)
            return err_set(e, ERR_HEADERS, "the head of the request is longer than %d bytes", LIMIT_HTTP_HEADER);
        struct str line = {in->p + h->line, end - 1 - h->line};
        if (line.len == 0) {
            if (h->lines == 0) return err_set(e, ERR_INVALID, "there is an empty line instead of a request");
            *ret_len = end + 1;
            return 1;
        }
        rc = check_line(h, line, e);
        if (rc < 0) return rc;
        h->lines++;
        h->line = h->at = end + 1;
    }
}
