/* SPDX-License-Identifier: Apache-2.0
 *
 * See route_call.h.
 */
#include "api/route_call.h"

#define ROOTS 9

/* ---- words ---- */

void route_call_words(struct route_call *t, struct arena *a)
{
    struct buf text;
    buf_init(&text, LIMIT_CONFIG);
    for (size_t i = 0; i < DEPTH_WORDS; i++) t->words[i] = str_of(depth_word(i));
    for (size_t k = 2; k-- > 0;) {
        struct json j;
        json_init(&j);
        bool said = t->words_json[k] && json_parse(&j, str_of(t->words_json[k]), NULL) == 0;
        for (size_t i = 0; said && i < DEPTH_WORDS; i++) {
            const struct json_node *v = json_member(&j, json_root(&j), str_of(depth_word(i)));
            buf_clear(&text);
            if (v) t->words[i] = arena_str(a, json_string(&j, v, &text));
        }
        json_release(&j);
    }
    buf_release(&text);
}

/* ---- the body ---- */

bool route_call_names(const struct route_call *t, const char *root)
{
    const struct config_route *r = &t->conf;
    const char *const all[] = {t->value, r->fields, r->subject, r->priority, r->tags, r->key,
                               r->limit_key, r->limit, r->cursor, r->reply, r->errors};
    size_t len = strlen(root);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (const char *at = all[i]; at && (at = strchr(at, '"')); at++)
            if (strncmp(at + 1, root, len) == 0 && (at[1 + len] == '.' || at[1 + len] == '"')) return true;
    return false;
}

struct str route_call_pairs(struct call *c, const struct query_pair *pairs, size_t n)
{
    struct buf b = call_buf(c);
    json_write_open(&b, '{');
    for (size_t i = 0; i < n; i++) {
        size_t before = 0;
        while (before < i && !str_eq(pairs[before].name, pairs[i].name)) before++;
        if (before < i) continue;
        json_write_key_str(&b, pairs[i].name);
        json_write_str(&b, pairs[i].value);
    }
    json_write_close(&b, '}');
    struct str json = buf_err(&b) ? STR_NONE : arena_str(&c->req->arena, buf_str(&b));
    buf_release(&b);
    return json;
}

static int read_form(struct call *c)
{
    struct query form;
    struct err e = {0};
    if (c->req->body.len >= CALL_LARGE && call_claim(c, 4 * c->req->body.len)) return ERR_AGAIN;
    int err = query_parse(&c->req->arena, c->req->body, &form, &e);
    if (err) {
        call_refuse(c, err, "the form is not well-formed, or has more than 64 members: %s", e.text);
        return err;
    }
    c->through->pairs = form.pairs;
    c->through->n_pairs = form.n;
    c->through->form = route_call_pairs(c, form.pairs, form.n);
    return 0;
}

/* Its text is looked through; how many values it has counts only where they are looked at. */
static int read_json(struct call *c)
{
    struct json j;
    struct err e = {0};
    json_init(&j);
    j.root_only = !route_call_names(c->through, "body");
    int err = json_parse(&j, c->req->body, &e);
    if (err) call_problem(c, &e);
    else c->through->body = json_span(&j, json_root(&j)); /* without what stands around it */
    json_release(&j);
    return err;
}

int route_call_body(struct call *c)
{
    const struct route_call *t = c->through;
    bool submits = t->verb == CONFIG_SUBMIT || t->verb == CONFIG_RUN;
    struct str rest = http_header(c->req, "Content-Type"), type = str_trim(str_cut(&rest, ';'));
    if (c->req->body.len == 0 || !(submits || route_call_names(t, "body") || route_call_names(t, "form"))) return 0;
    if (str_eq_nocase(type, STR(CALL_JSON))) return read_json(c);
    if (str_eq_nocase(type, STR("application/x-www-form-urlencoded"))) return read_form(c);
    call_refuse(c, ERR_MEDIA, "a body here needs Content-Type: application/json%s or application/x-www-form-urlencoded", submits ? ", multipart/form-data" : "");
    return ERR_MEDIA;
}

/* ---- what the request has ---- */

static struct str path_json(struct call *c)
{
    const struct route_call *t = c->through;
    struct query_pair pairs[ROUTE_PATH_PARAMS];
    for (size_t i = 0; i < t->path.n; i++) pairs[i] = (struct query_pair){t->path.names[i], t->values[i]};
    return route_call_pairs(c, pairs, t->path.n);
}

/* Names in small letters. */
static struct str header_json(struct call *c)
{
    struct query_pair pairs[LIMIT_HTTP_HEADERS];
    size_t n = c->req->n_headers;
    if (n > LIMIT_HTTP_HEADERS) n = LIMIT_HTTP_HEADERS;
    for (size_t i = 0; i < n; i++) {
        char *name = arena_text(&c->req->arena, c->req->headers[i].name);
        for (char *p = name; *p; p++)
            if (*p >= 'A' && *p <= 'Z') *p = (char)(*p - 'A' + 'a');
        pairs[i] = (struct query_pair){str_of(name), c->req->headers[i].value};
    }
    return route_call_pairs(c, pairs, n);
}

int route_call_make(struct call *c, const char *template, const struct mapping_root *extra, size_t n_extra, struct buf *out,
                    struct err *e)
{
    const struct route_call *t = c->through;
    struct mapping_root roots[ROOTS] = {{STR("body"), t->body}, {STR("form"), t->form}, {STR("file"), t->file}};
    size_t n = 3;
    for (size_t i = 0; i < n_extra; i++) roots[n++] = extra[i];
    roots[n++] = (struct mapping_root){STR("query"), route_call_pairs(c, c->query.pairs, c->query.n)};
    roots[n++] = (struct mapping_root){STR("path"), path_json(c)};
    if (strstr(template, "\"header")) roots[n++] = (struct mapping_root){STR("header"), header_json(c)};
    return mapping_make_any(str_of(template), roots, n, out, e);
}

int route_call_text(struct call *c, const char *key, const char *template, struct str *ret)
{
    struct buf made = call_buf(c), text = call_buf(c);
    struct err e = {0};
    struct json j;
    json_init(&j);
    *ret = STR_NONE;
    int err = template ? route_call_make(c, template, NULL, 0, &made, &e) : 0;
    if (template && !err) err = json_parse(&j, buf_str(&made), &e);
    const struct json_node *v = template && !err ? json_root(&j) : NULL;
    if (v && v->kind == JSON_STRING) *ret = arena_str(&c->req->arena, json_string(&j, v, &text));
    else if (v && (v->kind == JSON_NUMBER || v->kind == JSON_TRUE || v->kind == JSON_FALSE))
        *ret = arena_str(&c->req->arena, json_span(&j, v));
    else if (v && v->kind != JSON_NULL)
        err = err_set(&e, ERR_INVALID, "%s must be a text or a number, not %s", key, json_kind_name(v->kind));
    if (err) call_problem(c, &e);
    json_release(&j);
    buf_release(&text);
    buf_release(&made);
    return err;
}
