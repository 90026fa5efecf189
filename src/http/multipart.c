/* SPDX-License-Identifier: Apache-2.0
 *
 *   PREAMBLE ──delimiter──▶ BEHIND ──CR / blanks──▶ (PADDING) LF ──▶ HEAD ──empty line, told BEGIN──▶ BODY ─┐
 *                           ▲  └──"--"──▶ CLOSING ──▶ EPILOGUE                                 delimiter    │
 *                           └──────────────told END─────────── ENDED ◀──────────────────────────────────────┘
 *
 * A delimiter may come in pieces. What of it has come is not kept: it is counted, and when it turns out to be data after
 * all, those bytes are told from the delimiter's own text. CR is its first byte and nowhere else in it, so nothing that
 * was counted can be the start of another.
 */
#include "http/multipart.h"

#include "base/limits.h"
#include "http/multipart_head.h"

static bool is_boundary_char(char c)
{
    bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return alnum || (c && strchr("'()+_,-./:=? ", c));
}

static bool is_boundary(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is_boundary_char(s.p[i])) return false;
    return s.len >= 1 && s.len <= MULTIPART_BOUNDARY && s.p[s.len - 1] != ' ';
}

bool multipart_is(struct str content_type)
{
    return str_eq_nocase(str_trim(str_sub(content_type, 0, str_find(content_type, ';'))), STR("multipart/form-data"));
}

int multipart_init(struct multipart *m, struct str content_type, struct err *e)
{
    struct str rest = str_sub(content_type, str_find(content_type, ';'), content_type.len), name, value, boundary = STR_NONE;
    bool quoted;
    int rc;
    *m = (struct multipart){.matched = 2}; /* the first delimiter may stand at the very start */
    buf_init(&m->head, LIMIT_FORM_HEAD);
    if (!multipart_is(content_type)) return err_set(e, ERR_MEDIA, "the Content-Type must be multipart/form-data");
    while ((rc = multipart_head_parameter(&rest, &name, &value, &quoted)) == 1) {
        if (!str_eq_nocase(name, STR("boundary"))) continue;
        if (boundary.p) return err_set(e, ERR_INVALID, "the Content-Type has two boundaries");
        boundary = value;
    }
    if (rc < 0) return err_set(e, ERR_INVALID, "the parameters of the Content-Type are not well-formed");
    if (!is_boundary(boundary))
        return err_set(e, ERR_INVALID, "the boundary in the Content-Type must be 1 to %d of the characters that RFC 2046 allows", MULTIPART_BOUNDARY);
    memcpy(m->delimiter, "\r\n--", 4);
    memcpy(m->delimiter + 4, boundary.p, boundary.len);
    m->delimiter_len = 4 + boundary.len;
    return 0;
}

void multipart_release(struct multipart *m) { buf_release(&m->head); }

static int refuse(struct err *e, const char *why) { return err_set(e, ERR_INVALID, "the form is not well-formed: %s", why); }

/* Bytes off *in up to the whole delimiter. Told as data is what lies before it; *ret_data may be empty. */
static void take_until_delimiter(struct multipart *m, struct str *in, struct str *ret_data)
{
    *ret_data = STR_NONE;
    if (m->matched) {
        while (in->len && m->matched < m->delimiter_len && in->p[0] == m->delimiter[m->matched]) {
            m->matched++;
            *in = str_sub(*in, 1, in->len);
        }
        if (m->matched == m->delimiter_len || in->len == 0) return;
        *ret_data = (struct str){m->delimiter, m->matched};
        m->matched = 0;
        return;
    }
    size_t at = 0;
    while (!m->matched && (at += str_find(str_sub(*in, at, in->len), '\r')) < in->len) {
        size_t n = 1;
        while (n < m->delimiter_len && at + n < in->len && in->p[at + n] == m->delimiter[n]) n++;
        if (n == m->delimiter_len || at + n == in->len) m->matched = n;
        else at += n; /* data, all of it: one run */
    }
    *ret_data = str_sub(*in, 0, at);
    *in = str_sub(*in, at + m->matched, in->len);
}

static int drop(struct multipart *m, size_t len, struct err *e)
{
    m->dropped += len;
    return m->dropped > LIMIT_FORM_HEAD ? refuse(e, "too much stands before its first or behind its last part") : 0;
}

static int step_preamble(struct multipart *m, struct str *in, struct err *e)
{
    struct str data;
    take_until_delimiter(m, in, &data);
    if (m->matched == m->delimiter_len) m->state = MULTIPART_BEHIND;
    return drop(m, data.len, e);
}

/* 1: DATA or END. */
static int step_body(struct multipart *m, struct str *in, enum multipart_event *ret_event)
{
    take_until_delimiter(m, in, &m->data);
    if (m->matched == m->delimiter_len) m->state = MULTIPART_ENDED;
    *ret_event = MULTIPART_DATA;
    return m->data.len > 0;
}

static int step_line(struct multipart *m, char c, struct err *e)
{
    enum multipart_state was = m->state;
    bool blank = c == ' ' || c == '\t';
    if (was == MULTIPART_LF && c == '\n') {
        if (m->parts == LIMIT_FORM_PARTS) return err_set(e, ERR_TOO_BIG, "the form has more than %d parts", LIMIT_FORM_PARTS);
        m->parts++;
        m->state = MULTIPART_HEAD;
        m->line = 0;
        buf_clear(&m->head);
    } else if (was == MULTIPART_CLOSING && c == '-') {
        m->state = MULTIPART_EPILOGUE;
    } else if (was == MULTIPART_BEHIND && c == '-') {
        m->state = MULTIPART_CLOSING;
    } else if ((was == MULTIPART_BEHIND || was == MULTIPART_PADDING) && (c == '\r' || blank)) {
        m->state = blank ? MULTIPART_PADDING : MULTIPART_LF;
        return drop(m, blank, e);
    } else {
        return refuse(e, "its boundary is followed by something else than the end of the line");
    }
    return 0;
}

/* 1: BEGIN. */
static int step_head(struct multipart *m, char c, enum multipart_event *ret_event, struct err *e)
{
    bool behind_cr = m->head.len > m->line && m->head.p[m->head.len - 1] == '\r';
    if (behind_cr != (c == '\n') || ((unsigned char)c < 0x20 && c != '\r' && c != '\n' && c != '\t') || c == 0x7F)
        return refuse(e, "a header of a part has a control character");
    if (m->head.len == m->line && (c == ' ' || c == '\t')) return refuse(e, "a header of a part is folded over two lines");
    if (m->head.len == LIMIT_FORM_HEAD)
        return err_set(e, ERR_HEADERS, "the headers of a part are longer than %d bytes", LIMIT_FORM_HEAD);
    buf_add_char(&m->head, c);
    if (buf_err(&m->head)) return err_set(e, buf_err(&m->head), "there is no memory for the headers of a part");
    if (c != '\n') return 0;
    bool empty = m->head.len - m->line == 2;
    m->line = m->head.len;
    if (!empty) return 0;
    int rc = multipart_head_read(&m->part, m->head.p, m->head.len - 2, e);
    if (rc) return rc;
    m->state = MULTIPART_BODY;
    m->matched = 0;
    *ret_event = MULTIPART_BEGIN;
    return 1;
}

static char next(struct str *in)
{
    char c = in->p[0];
    *in = str_sub(*in, 1, in->len);
    return c;
}

static int step(struct multipart *m, struct str *in, enum multipart_event *ret_event, struct err *e)
{
    switch (m->state) {
    case MULTIPART_PREAMBLE: return step_preamble(m, in, e);
    case MULTIPART_BEHIND:
    case MULTIPART_CLOSING:
    case MULTIPART_PADDING:
    case MULTIPART_LF: return step_line(m, next(in), e);
    case MULTIPART_HEAD: return step_head(m, next(in), ret_event, e);
    case MULTIPART_BODY: return step_body(m, in, ret_event);
    case MULTIPART_ENDED:
        m->state = MULTIPART_BEHIND;
        *ret_event = MULTIPART_END;
        return 1;
    case MULTIPART_EPILOGUE: {
        size_t len = in->len;
        *in = STR_NONE;
        return drop(m, len, e);
    }
    }
    return refuse(e, "it cannot be read");
}

int multipart_take(struct multipart *m, struct str *in, enum multipart_event *ret_event, struct err *e)
{
    while (in->len || m->state == MULTIPART_ENDED) {
        int rc = step(m, in, ret_event, e);
        if (rc) return rc;
    }
    return 0;
}

int multipart_end(const struct multipart *m, struct err *e)
{
    if (m->state == MULTIPART_EPILOGUE) return 0;
    return refuse(e, m->parts ? "it ends before its last boundary" : "its first boundary is missing");
}
