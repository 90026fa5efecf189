/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target: any bytes as multipart/form-data, their first line the Content-Type. Whole and in pieces: the same parts
 * with the same data and the same verdict. What was accepted, written again as a form, is read as the same.
 */
#include "http/multipart.h"
#include "test/fuzz/fuzz.h"

struct reading {
    struct buf told;  /* parts, each as a head with lengths, its data, an end */
    struct buf again; /* the same form, as this target would write it */
    int rc;
};

static void add_quoted(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] == '"') buf_add_text(b, "%22");
        else if (s.p[i] == '\\') buf_add_text(b, "\\\\");
        else buf_add_char(b, s.p[i]);
    }
}

static void tell(struct reading *x, const struct multipart *m, enum multipart_event event)
{
    const struct multipart_part *p = &m->part;
    switch (event) {
    case MULTIPART_BEGIN:
        must(fuzz_is_utf8(p->name) && fuzz_is_utf8(p->filename) && m->head.len <= LIMIT_FORM_HEAD);
        buf_add_format(&x->told, "<%zu:%.*s|%d:%zu:%.*s|%d:%zu:%.*s>", p->name.len, STR_ARG(p->name), p->filename.p != NULL,
                       p->filename.len, STR_ARG(p->filename), p->type.p != NULL, p->type.len, STR_ARG(p->type));
        buf_add_text(&x->again, "--@\r\nContent-Disposition: form-data; name=\"");
        add_quoted(&x->again, p->name);
        if (p->filename.p) buf_add_text(&x->again, "\"; filename=\""), add_quoted(&x->again, p->filename);
        buf_add_text(&x->again, "\"\r\n");
        if (p->type.p) buf_add_format(&x->again, "Content-Type: %.*s\r\n", STR_ARG(p->type));
        buf_add_text(&x->again, "\r\n");
        break;
    case MULTIPART_DATA:
        must(m->data.len > 0);
        buf_add_str(&x->told, m->data);
        buf_add_str(&x->again, m->data);
        break;
    case MULTIPART_END:
        buf_add_text(&x->told, "</>");
        buf_add_text(&x->again, "\r\n");
        break;
    }
}

static void read_form(struct reading *x, struct str type, struct str bytes, uint64_t chance)
{
    struct multipart m;
    struct err e = {0};
    enum multipart_event event;
    buf_init(&x->told, 1 << 26);
    buf_init(&x->again, 1 << 26);
    x->rc = multipart_init(&m, type, &e);
    while (bytes.len && x->rc == 0) {
        struct str piece = fuzz_cut(&bytes, &chance);
        while ((x->rc = multipart_take(&m, &piece, &event, &e)) == 1) tell(x, &m, event);
        must(x->rc < 0 || piece.len == 0);
    }
    if (x->rc == 0) x->rc = multipart_end(&m, &e);
    must(x->rc == 0 || (e.code == x->rc && e.text[0]));
    must(!buf_err(&x->told) && !buf_err(&x->again));
    multipart_release(&m);
}

static void release(struct reading *x)
{
    buf_release(&x->told);
    buf_release(&x->again);
}

/* A boundary that is nowhere in the data. */
static void write_again(struct reading *x, struct buf *b, const char *boundary)
{
    buf_init(b, 1 << 26);
    for (size_t i = 0; i < x->again.len; i++) {
        bool here = x->again.len - i >= 3 && memcmp(x->again.p + i, "--@", 3) == 0 && (i == 0 || x->again.p[i - 1] == '\n');
        if (here) buf_add_format(b, "--%s", boundary), i += 2;
        else buf_add_char(b, x->again.p[i]);
    }
    buf_add_format(b, "--%s--\r\n", boundary);
}

static void check_again(struct reading *x, struct str bytes)
{
    struct reading same;
    struct buf b;
    char boundary[40], type[100];
    snprintf(boundary, sizeof boundary, "b%016llx", (unsigned long long)fuzz_chance(bytes));
    snprintf(type, sizeof type, "multipart/form-data; boundary=%s", boundary);
    bool marked = false; /* data that looks like the mark of this target */
    for (size_t i = 0; i + 3 <= bytes.len; i++) marked = marked || memcmp(bytes.p + i, "--@", 3) == 0;
    if (marked) return;
    write_again(x, &b, boundary);
    read_form(&same, str_of(type), buf_str(&b), 0);
    if (same.rc == ERR_HEADERS) must(x->told.len > LIMIT_FORM_HEAD / 3); /* quotes are longer as %22 */
    else must(same.rc == 0 && same.told.len == x->told.len && (same.told.len == 0 || memcmp(same.told.p, x->told.p, same.told.len) == 0));
    release(&same);
    buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = {(const char *)data, size};
    struct str type = str_cut(&bytes, '\n');
    struct reading whole, pieces;
    read_form(&whole, type, bytes, 0);
    read_form(&pieces, type, bytes, fuzz_chance(bytes));
    must(whole.rc == pieces.rc);
    must(str_eq(buf_str(&whole.told), buf_str(&pieces.told)));
    if (whole.rc == 0) check_again(&whole, bytes);
    release(&whole);
    release(&pieces);
    return 0;
}
