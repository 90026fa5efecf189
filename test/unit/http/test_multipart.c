/* SPDX-License-Identifier: Apache-2.0
 *
 * Forms: what is read and what is refused, in every split into two, and byte by byte.
 */
#include "base/limits.h"
#include "http/multipart.h"
#include "test/test.h"

#define TYPE "multipart/form-data; boundary=xYz"

/* Events as text, data that comes in pieces joined: "<name|filename|type>data</>" */
static void tell(struct buf *out, const struct multipart *m, enum multipart_event event)
{
    const struct multipart_part *p = &m->part;
    switch (event) {
    case MULTIPART_BEGIN:
        buf_add_format(out, "<%.*s|%.*s|%.*s>", STR_ARG(p->name), p->filename.p ? (int)p->filename.len : 1,
                       p->filename.p ? p->filename.p : "-", p->type.p ? (int)p->type.len : 1, p->type.p ? p->type.p : "-");
        break;
    case MULTIPART_DATA: buf_add_str(out, m->data); break;
    case MULTIPART_END: buf_add_text(out, "</>"); break;
    }
}

/* `first` bytes, then `step` at a time. 0 or ERR_*. */
static int read_form(const char *type, struct str text, size_t first, size_t step, struct buf *out, struct err *e)
{
    struct multipart m;
    enum multipart_event event;
    buf_clear(out);
    buf_room(out, 1);
    int rc = multipart_init(&m, str_of(type), e);
    size_t at = 0;
    for (size_t len = first; at < text.len && rc == 0; len = step) {
        struct str in = str_sub(text, at, len);
        at += in.len;
        while ((rc = multipart_take(&m, &in, &event, e)) == 1) tell(out, &m, event);
        if (rc == 0 && in.len) rc = 54321;
    }
    if (rc == 0) rc = multipart_end(&m, e);
    multipart_release(&m);
    return rc;
}

#define HEAD(rest) "Content-Disposition: form-data; " rest "\r\n"
#define PART(rest, data) "--xYz\r\n" HEAD(rest) "\r\n" data "\r\n"
#define ONE(rest) PART(rest, "d") "--xYz--\r\n"

static const struct {
    struct str text;
    int rc;
    const char *told; /* or the end of what the refusal says */
} rows[] = {
    {STR(PART("name=\"a\"", "hello") "--xYz--"), 0, "<a|-|->hello</>"},
    {STR(PART("name=\"a\"", "hello") "--xYz--\r\n"), 0, "<a|-|->hello</>"},
    {STR(PART("name=\"a\"", "1") PART("name=b; filename=f", "2") "--xYz--\r\n"), 0, "<a|-|->1</><b|f|->2</>"},
    {STR(PART("name=\"a\"", "") "--xYz--\r\n"), 0, "<a|-|-></>"},
    {STR(PART("name=\"\"", "x") "--xYz--\r\n"), 0, "<|-|->x</>"},
    {STR("preamble\r\n--xY\r\n" PART("name=\"a\"", "x") "--xYz--\r\nepilogue\r\n--xYz\r\n"), 0, "<a|-|->x</>"},
    {STR(PART("name=\"a\"", "\r\n--xY\r\r\n-\r\n--\r\n--xYZ\r\n\r") "--xYz--"), 0, "<a|-|->\r\n--xY\r\r\n-\r\n--\r\n--xYZ\r\n\r</>"},
    {STR(PART("name=\"a\"", "--xYz\r\n") "--xYz--"), 0, "<a|-|->--xYz\r\n</>"},
    {STR("--xYz \t\r\n" HEAD("name=a") "\r\nx\r\n--xYz--"), 0, "<a|-|->x</>"},
    {STR("--xYz\r\ncontent-disposition:FORM-DATA;NAME=a;FileName=\"f\"\r\ncontent-TYPE:  text/plain; charset=utf-8 \r\nX-Other: y\r\n\r\nx\r\n--xYz--"), 0,
     "<a|f|text/plain; charset=utf-8>x</>"},
    {STR("--xYz\r\n" HEAD("name=a") "Content-Transfer-Encoding: Binary\r\n\r\nx\r\n--xYz--"), 0, "<a|-|->x</>"},
    {STR(ONE("name=a; filename=\"\"")), 0, "<a||->d</>"},
    {STR(ONE("name=\"a;b=c\"; filename=\"q\\\"u\\\\o %22t%22 %41.txt\"")), 0, "<a;b=c|q\"u\\o \"t\" %41.txt|->d</>"},
    {STR(ONE("name=a; filename=\"C:\\some\\file\"")), 0, "<a|C:\\some\\file|->d</>"},
    {STR(ONE("name=a; filename=\"../../etc/passwd\"")), 0, "<a|../../etc/passwd|->d</>"},
    {STR(ONE("name=a; filename=\"\xC3\xA9\xE6\x96\x87\"")), 0, "<a|\xC3\xA9\xE6\x96\x87|->d</>"},
    {STR(ONE("name=a; size=5 ; filename=\"f\" ")), 0, "<a|f|->d</>"},
    {STR("--xYz--\r\n"), 0, ""},
    {STR(""), ERR_INVALID, "its first boundary is missing"},
    {STR("hello"), ERR_INVALID, "its first boundary is missing"},
    {STR("--xYz\r\n" HEAD("name=a")), ERR_INVALID, "it ends before its last boundary"},
    {STR(PART("name=a", "x") "--xYz\r\n"), ERR_INVALID, "it ends before its last boundary"},
    {STR(PART("name=a", "x") "--xYz-"), ERR_INVALID, "it ends before its last boundary"},
    {STR(PART("name=a", "x")), ERR_INVALID, "it ends before its last boundary"},
    {STR("--xYzz\r\n"), ERR_INVALID, "something else than the end of the line"},
    {STR("--xYz\n"), ERR_INVALID, "something else than the end of the line"},
    {STR("--xYz\rx"), ERR_INVALID, "something else than the end of the line"},
    {STR("--xYz-x"), ERR_INVALID, "something else than the end of the line"},
    {STR("--xYz x\r\n"), ERR_INVALID, "something else than the end of the line"},
    {STR(PART("name=a", "x") "--xYz --"), ERR_INVALID, "something else than the end of the line"},
    {STR("--xYz\r\n" HEAD("name=a") "\r\nx\r\n--xYzq--"), ERR_INVALID, "something else than the end of the line"},
    {STR("--xYz\r\n\r\nx\r\n--xYz--"), ERR_INVALID, "no Content-Disposition"},
    {STR("--xYz\r\nContent-Type: text/plain\r\n\r\nx\r\n--xYz--"), ERR_INVALID, "no Content-Disposition"},
    {STR("--xYz\r\n" HEAD("name=a") HEAD("name=b") "\r\nx\r\n--xYz--"), ERR_INVALID, "which is form-data"},
    {STR("--xYz\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--xYz--"), ERR_INVALID, "which is form-data"},
    {STR(ONE("filename=f")), ERR_INVALID, "has no name"},
    {STR(ONE("name=a; name=b")), ERR_INVALID, "has name twice"},
    {STR(ONE("name=a; filename=f; filename=g")), ERR_INVALID, "has filename twice"},
    {STR(ONE("name=a; filename*=UTF-8''f")), ERR_INVALID, "filename takes UTF-8"},
    {STR(ONE("name=a; filename=\"f")), ERR_INVALID, "not well-formed"},
    {STR(ONE("name=a; filename=\"f\\\"")), ERR_INVALID, "not well-formed"},
    {STR(ONE("name=a; filename=\"f\"g")), ERR_INVALID, "not well-formed"},
    {STR(ONE("name=a; filename=f g")), ERR_INVALID, "not well-formed"},
    {STR(ONE("name=a; filename=")), ERR_INVALID, "not well-formed"},
    {STR(ONE("name=a; filename")), ERR_INVALID, "not well-formed"},
    {STR(ONE("name=a; filename=\"\xFF\"")), ERR_INVALID, "is not UTF-8"},
    {STR(ONE("name=\"\xC3\"")), ERR_INVALID, "is not UTF-8"},
    {STR(ONE("name=\"a\0b\"")), ERR_INVALID, "control character"},
    {STR(ONE("name=a\nX: y")), ERR_INVALID, "control character"},
    {STR(ONE("name=a\rX: y")), ERR_INVALID, "control character"},
    {STR(ONE("name=a\x7F")), ERR_INVALID, "control character"},
    {STR(ONE("name=a;\r\n filename=f")), ERR_INVALID, "folded over two lines"},
    {STR("--xYz\r\nno colon\r\n\r\nx\r\n--xYz--"), ERR_INVALID, "followed by a colon"},
    {STR("--xYz\r\n: x\r\n\r\nx\r\n--xYz--"), ERR_INVALID, "followed by a colon"},
    {STR("--xYz\r\nContent-Disposition : form-data; name=a\r\n\r\nx\r\n--xYz--"), ERR_INVALID, "followed by a colon"},
    {STR("--xYz\r\n" HEAD("name=a") "Content-Type:\r\n\r\nx\r\n--xYz--"), ERR_INVALID, "is empty"},
    {STR("--xYz\r\n" HEAD("name=a") "Content-Type: a/b\r\nContent-Type: a/b\r\n\r\nx\r\n--xYz--"), ERR_INVALID, "two Content-Types"},
    {STR("--xYz\r\n" HEAD("name=a") "Content-Transfer-Encoding: base64\r\n\r\nx\r\n--xYz--"), ERR_INVALID, "but binary"},
};

TEST(forms_are_read_strictly_in_every_split)
{
    struct buf out;
    struct err e;
    buf_init(&out, 4096);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct str text = rows[i].text;
        for (size_t first = 0; first <= text.len; first++) {
            int rc = read_form(TYPE, text, first, first == 1 ? 1 : text.len, &out, &e);
            bool told = rc ? str_ends(str_of(e.text), str_of(rows[i].told)) : str_eq(buf_str(&out), str_of(rows[i].told));
            if (rc != rows[i].rc || !told)
                fprintf(stderr, "row %zu split at %zu: %d %s\n%s\n%s\n", i, first, rc, rc ? e.text : out.p, rows[i].told, text.p);
            CHECK_INT(rc, rows[i].rc);
            CHECK(told);
        }
    }
    buf_release(&out);
}

static const struct {
    const char *type;
    int rc;
} types[] = {
    {TYPE, 0},
    {"Multipart/Form-Data;BOUNDARY=xYz", 0},
    {"multipart/form-data; charset=utf-8; boundary=\"xYz\"", 0},
    {"multipart/form-data; boundary=\"x y:/=?z\"", 0},
    {"multipart/form-data; boundary=0123456789012345678901234567890123456789012345678901234567890123456789", 0},
    {"multipart/form-data; boundary=01234567890123456789012345678901234567890123456789012345678901234567890", ERR_INVALID},
    {"multipart/form-data", ERR_INVALID},
    {"multipart/form-data; boundary=", ERR_INVALID},
    {"multipart/form-data; boundary=\"\"", ERR_INVALID},
    {"multipart/form-data; boundary=\"a \"", ERR_INVALID},
    {"multipart/form-data; boundary=\"a\\\"b\"", ERR_INVALID},
    {"multipart/form-data; boundary=\"a\rb\"", ERR_INVALID},
    {"multipart/form-data; boundary=a; boundary=b", ERR_INVALID},
    {"multipart/form-data; boundary=a b", ERR_INVALID},
    {"multipart/form-data, boundary=a", ERR_MEDIA},
    {"multipart/mixed; boundary=a", ERR_MEDIA},
    {"multipart/form-data2; boundary=a", ERR_MEDIA},
    {"", ERR_MEDIA},
};

TEST(the_boundary_is_what_the_content_type_says)
{
    struct multipart m;
    struct err e;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        int rc = multipart_init(&m, str_of(types[i].type), &e);
        if (rc != types[i].rc) fprintf(stderr, "%s\n", types[i].type);
        CHECK_INT(rc, types[i].rc);
        multipart_release(&m);
    }
}

/* `before`, so many bytes 'a', `after`, byte by byte. */
static int read_long(const char *before, size_t fill, const char *after)
{
    struct buf text, out;
    struct err e;
    buf_init(&text, 1 << 20);
    buf_init(&out, 1 << 20);
    buf_add_text(&text, before);
    for (size_t i = 0; i < fill; i++) buf_add_char(&text, 'a');
    buf_add_text(&text, after);
    int rc = read_form(TYPE, buf_str(&text), 1, 1, &out, &e);
    CHECK_INT(read_form(TYPE, buf_str(&text), text.len, 1, &out, &e), rc);
    buf_release(&text);
    buf_release(&out);
    return rc;
}

TEST(heads_and_what_stands_around_the_parts_have_a_limit)
{
    const char *head = "--xYz\r\n" HEAD("name=a") "X: ", *rest = "\r\n\r\nd\r\n--xYz--";
    size_t fixed = strlen(head) - strlen("--xYz\r\n") + strlen("\r\n\r\n");
    CHECK_INT(read_long(head, LIMIT_FORM_HEAD - fixed, rest), 0);
    CHECK_INT(read_long(head, LIMIT_FORM_HEAD - fixed + 1, rest), ERR_HEADERS);
    CHECK_INT(read_long("", LIMIT_FORM_HEAD - 2, "\r\n--xYz--"), 0);
    CHECK_INT(read_long("", LIMIT_FORM_HEAD, "\r\n--xYz--"), ERR_INVALID);
    CHECK_INT(read_long("--xYz--", LIMIT_FORM_HEAD, ""), 0);
    CHECK_INT(read_long("--xYz--", LIMIT_FORM_HEAD + 1, ""), ERR_INVALID);
}

TEST(a_form_has_a_number_of_parts_and_no_more)
{
    struct buf text, out;
    struct err e;
    buf_init(&text, 1 << 20);
    buf_init(&out, 1 << 20);
    for (int i = 0; i < LIMIT_FORM_PARTS; i++) buf_add_text(&text, PART("name=a", "d"));
    size_t most = text.len;
    buf_add_text(&text, "--xYz--");
    CHECK_INT(read_form(TYPE, buf_str(&text), 1, 7, &out, &e), 0);
    text.len = most;
    buf_add_text(&text, PART("name=a", "d") "--xYz--");
    CHECK_INT(read_form(TYPE, buf_str(&text), 1, 7, &out, &e), ERR_TOO_BIG);
    buf_release(&text);
    buf_release(&out);
}

TEST(a_large_part_takes_no_memory)
{
    struct multipart m;
    struct err e;
    enum multipart_event event;
    struct str head = STR("--xYz\r\n" HEAD("name=a") "\r\n");
    static char piece[64 * 1024];
    memset(piece, '\r', sizeof piece);
    CHECK_INT(multipart_init(&m, STR(TYPE), &e), 0);
    CHECK_INT(multipart_take(&m, &head, &event, &e), 1);
    size_t cap = m.head.cap, seen = 0;
    for (int i = 0; i < 16; i++) {
        struct str in = {piece, sizeof piece};
        while (multipart_take(&m, &in, &event, &e) == 1) seen += m.data.len;
    }
    CHECK_INT(seen, 16 * sizeof piece - 1);
    CHECK_INT(m.head.cap, cap);
    CHECK_INT(multipart_end(&m, &e), ERR_INVALID);
    multipart_release(&m);
}

TEST_MAIN
