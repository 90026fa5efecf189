/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON in, on top of yajl. yajl cuts the text into tokens and knows the grammar; its callbacks append nodes. What yajl
 * does not tell or does not mind is added here:
 *
 *   spans: a token ends where yajl has read to, and begins after the blanks, commas and colons that follow the last
 *     one; so no pointer of yajl's is needed, which may point into a buffer of its own
 *   UTF-8: checked for the whole text beforehand (yajl takes overlong forms and surrogates); yajl's check is off
 *   form feeds and vertical tabs (blanks to yajl), a byte order mark, an empty text, depth, what follows the value
 *     (yajl misses an unfinished token there)
 *   duplicate keys, when an object closes: json_keys.c
 *   lone surrogates, \u0000 in keys: json_unescape.c
 *   out of memory: json_pool.c
 *
 * Neither this nor yajl recurses: open containers are a fixed stack. It must never call back into the caller, nor
 * abort: the client library uses it.
 */
#include "base/json.h"
#include "base/json_keys.h"
#include "base/json_pool.h"
#include "base/json_unescape.h"
#include "base/limits.h"
#include "base/text.h"
#include <stdlib.h>
#include <yajl/yajl_parse.h>

#define FIRST_NODES 32
#define KEPT_NODES 32768 /* 1 MiB: more than that is not kept for the next text */
#define GO_ON 1          /* what yajl wants from a callback */
#define STOP 0

struct parse {
    struct json *j;
    struct err *e;
    yajl_handle yajl;
    int rc;         /* set by the callback that stops */
    bool at_end;    /* yajl has all of the text and closes a number that ended with it */
    size_t at;      /* end of the last token */
    struct str key; /* span of the key whose value comes next, without quotes; p NULL outside objects */
    bool key_escaped;
    uint32_t depth;
    uint32_t open[LIMIT_JSON_DEPTH + LIMIT_JSON_ENVELOPE]; /* nodes of the containers around the place reached */
    struct json_pool pool;
};

static int refuse(struct parse *p, const char *why, size_t at)
{
    p->rc = err_set(p->e, ERR_SYNTAX, "%s at byte %zu", why, at);
    return STOP;
}

static int out_of_memory(struct parse *p)
{
    p->rc = err_set(p->e, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
    return STOP;
}

static bool is_blank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

static size_t reached(const struct parse *p) { return p->at_end ? p->j->text.len : yajl_get_bytes_consumed(p->yajl); }

static size_t next_token_start(const struct parse *p)
{
    static const bool between[256] = {
        [' '] = true, ['\t'] = true, ['\n'] = true, ['\r'] = true, [','] = true, [':'] = true};
    struct str text = p->j->text;
    size_t at = p->at;
    while (at < text.len && between[(unsigned char)text.p[at]]) at++;
    return at;
}

static struct str take_token(struct parse *p)
{
    size_t start = next_token_start(p);
    p->at = reached(p);
    return (struct str){p->j->text.p + start, p->at - start};
}

static bool room_for_node(struct json *j)
{
    if (j->n < j->cap) return true;
    uint32_t cap = j->cap ? j->cap * 2 : FIRST_NODES;
    struct json_node *nodes = cap > j->cap ? realloc(j->nodes, cap * sizeof *nodes) : NULL;
    if (!nodes) return false;
    j->nodes = nodes;
    j->cap = cap;
    return true;
}

static struct json_node *add_node(struct parse *p, enum json_kind kind)
{
    struct json *j = p->j;
    struct str span = take_token(p);
    if (!room_for_node(j)) {
        out_of_memory(p);
        return NULL;
    }
    struct json_node *v = &j->nodes[j->n++];
    *v =
        (struct json_node){.kind = kind, .start = (uint32_t)(span.p - j->text.p), .len = (uint32_t)span.len, .skip = 1};
    if (p->key.p) {
        v->key_start = (uint32_t)(p->key.p - j->text.p);
        v->key_len = (uint32_t)p->key.len;
        v->key_escaped = p->key_escaped;
        p->key = STR_NONE;
    }
    if (p->depth > 0) j->nodes[p->open[p->depth - 1]].count++;
    return v;
}

static int on_null(void *context) { return add_node(context, JSON_NULL) ? GO_ON : STOP; }

static int on_boolean(void *context, int value)
{
    return add_node(context, value ? JSON_TRUE : JSON_FALSE) ? GO_ON : STOP;
}

static int on_number(void *context, const char *text, size_t len)
{
    (void)text, (void)len;
    return add_node(context, JSON_NUMBER) ? GO_ON : STOP;
}

/* yajl has decoded the string: it is shorter than its span when, and only when, it has escapes. */
static int check_string(struct parse *p, struct str raw, size_t decoded_len, bool is_key, bool *ret_escaped)
{
    size_t at;
    const char *bad = NULL;
    *ret_escaped = raw.len != decoded_len;
    if (*ret_escaped) bad = json_unescape_bad(raw, is_key, &at);
    return bad ? refuse(p, bad, (size_t)(raw.p - p->j->text.p) + at) : GO_ON;
}

static int on_string(void *context, const unsigned char *text, size_t len)
{
    struct parse *p = context;
    struct json_node *v = add_node(p, JSON_STRING);
    (void)text;
    if (!v) return STOP;
    struct str span = json_span(p->j, v);
    return check_string(p, str_sub(span, 1, span.len - 2), len, false, &v->escaped);
}

static int on_key(void *context, const unsigned char *text, size_t len)
{
    struct parse *p = context;
    struct str span = take_token(p);
    (void)text;
    p->key = str_sub(span, 1, span.len - 2);
    return check_string(p, p->key, len, true, &p->key_escaped);
}

static int open_container(struct parse *p, enum json_kind kind)
{
    uint32_t most = LIMIT_JSON_DEPTH + p->j->envelope;
    if (p->depth == most) {
        p->rc = err_set(p->e, ERR_SYNTAX, "nested deeper than %u levels at byte %zu", most,
                        next_token_start(p));
        return STOP;
    }
    struct json_node *v = add_node(p, kind);
    if (!v) return STOP;
    p->open[p->depth++] = (uint32_t)(v - p->j->nodes);
    return GO_ON;
}

static struct json_node *close_container(struct parse *p)
{
    struct json_node *v = &p->j->nodes[p->open[--p->depth]];
    p->at = reached(p);
    v->len = (uint32_t)(p->at - v->start);
    v->skip = (uint32_t)(p->j->nodes + p->j->n - v);
    return v;
}

static int on_start_array(void *context) { return open_container(context, JSON_ARRAY); }

static int on_end_array(void *context)
{
    close_container(context);
    return GO_ON;
}

static int on_start_map(void *context) { return open_container(context, JSON_OBJECT); }

/* Adds "/" and the escaped name to the pointer, or nothing when it does not fit: then it points to what is around. */
static void add_step(struct parse *p, struct buf *pointer, const struct json_node *v)
{
    struct buf name;
    buf_init(&name, sizeof p->e->pointer);
    buf_add_char(pointer, '/');
    json_add_key(p->j, v, &name);
    for (size_t i = 0; i < name.len; i++) {
        if (name.p[i] == '~' || name.p[i] == '/') buf_add_text(pointer, name.p[i] == '~' ? "~0" : "~1");
        else buf_add_char(pointer, name.p[i]);
    }
    if (buf_err(&name)) pointer->err = buf_err(&name);
    buf_release(&name);
}

/* RFC 6901. The containers around `object` are still open, so an array's place is the number of its elements so far. */
static void add_pointer(struct parse *p, struct buf *pointer, const struct json_node *object, const struct json_node *v)
{
    size_t whole = 0; /* length of the steps that fitted */
    const struct json_node *nodes = p->j->nodes;
    for (uint32_t i = 0; i <= p->depth && !buf_err(pointer); i++) {
        const struct json_node *parent = i < p->depth ? &nodes[p->open[i]] : object;
        const struct json_node *child = i == p->depth ? v : i + 1 == p->depth ? object : &nodes[p->open[i + 1]];
        if (parent->kind == JSON_ARRAY) buf_add_format(pointer, "/%u", (unsigned)(parent->count - 1));
        else add_step(p, pointer, child);
        if (!buf_err(pointer)) whole = pointer->len;
    }
    pointer->len = whole;
    if (pointer->p) pointer->p[whole] = '\0';
}

static int refuse_twice(struct parse *p, const struct json_node *object, const struct json_node *twice)
{
    struct str key = json_key(p->j, twice), shown = str_sub(key, 0, 60);
    while (shown.len < key.len && shown.len > 0 && ((unsigned char)key.p[shown.len] & 0xC0) == 0x80) shown.len--;
    struct buf pointer;
    buf_init(&pointer, p->e ? sizeof p->e->pointer - 1 : 0);
    if (p->e) add_pointer(p, &pointer, object, twice);
    p->rc = err_set_at(p->e, ERR_SYNTAX, pointer.p ? pointer.p : "",
                       "the key \"%.*s\" is there twice, again at byte %u", STR_ARG(shown), twice->key_start - 1);
    buf_release(&pointer);
    return STOP;
}

static int on_end_map(void *context)
{
    struct parse *p = context;
    const struct json_node *object = close_container(p), *twice = NULL;
    if (json_keys_twice(p->j, object, &twice)) return out_of_memory(p);
    return twice ? refuse_twice(p, object, twice) : GO_ON;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end_map,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_end_array,
};

static size_t skip_blanks(struct str text, size_t at)
{
    while (at < text.len && is_blank(text.p[at])) at++;
    return at;
}

/* Where the token begins that was not wanted: behind the last one taken and the one comma or colon that may follow it.
 * (yajl's own count is before the token for some refusals and behind it for others.) */
static size_t bad_token_start(const struct parse *p)
{
    struct str text = p->j->text;
    char may_follow = p->key.p ? ':' : p->at > 0 && text.p[p->at - 1] != '[' && text.p[p->at - 1] != '{' ? ',' : '\0';
    size_t at = skip_blanks(text, p->at);
    if (may_follow && at < text.len && text.p[at] == may_follow) at = skip_blanks(text, at + 1);
    return at;
}

/* yajl's own refusal, in its words, without its "lexical error: " and line end, and with the place of the bad token. */
static void refuse_as_yajl(struct parse *p)
{
    struct str text = p->j->text, why = str_of((char *)yajl_get_error(p->yajl, 0, NULL, 0));
    if (p->at_end) {
        refuse(p, "the text ends too early", text.len);
        return;
    }
    size_t place = bad_token_start(p);
    if (str_starts(why, STR("lexical")) && place < text.len && text.p[place] == '"')
        place = reached(p); /* inside a string */
    size_t colon = str_find(why, ':');
    if (colon < why.len) why = str_trim(str_sub(why, colon + 1, why.len));
    while (why.len > 0 && (why.p[why.len - 1] == '\n' || why.p[why.len - 1] == '.')) why.len--;
    p->rc = err_set(p->e, ERR_SYNTAX, "%.*s at byte %zu", STR_ARG(why), place);
}

static void run_yajl(struct parse *p)
{
    struct str text = p->j->text;
    yajl_alloc_funcs funcs = {json_pool_malloc, json_pool_realloc, json_pool_free, &p->pool};
    if (setjmp(p->pool.out) != 0) {
        out_of_memory(p);
        return;
    }
    p->yajl = yajl_alloc(&callbacks, &funcs, p);
    yajl_config(p->yajl, yajl_dont_validate_strings, 1);
    yajl_config(p->yajl, yajl_allow_trailing_garbage, 1);
    yajl_status status = yajl_parse(p->yajl, (const unsigned char *)text.p, text.len);
    if (status == yajl_status_ok) {
        p->at_end = true;
        status = yajl_complete_parse(p->yajl);
    }
    if (status == yajl_status_error) refuse_as_yajl(p);
}

static int check_before(struct str text, struct err *e)
{
    if (text.len >= UINT32_MAX) return err_set(e, ERR_TOO_BIG, "a JSON text of 4 GiB or more");
    if (str_starts(text, STR("\xEF\xBB\xBF"))) return err_set(e, ERR_SYNTAX, "a byte order mark at byte 0");
    size_t valid = text_utf8_valid(text);
    if (valid < text.len) return err_set(e, ERR_SYNTAX, "not UTF-8 at byte %zu", valid);
    size_t vertical = str_find(text, '\v'), feed = str_find(text, '\f'); /* blanks to yajl, and nowhere allowed */
    if (feed < vertical) vertical = feed;
    if (vertical < text.len) return err_set(e, ERR_SYNTAX, "a control character at byte %zu", vertical);
    if (skip_blanks(text, 0) == text.len) return err_set(e, ERR_SYNTAX, "the text is empty");
    return 0;
}

int json_parse(struct json *j, struct str text, struct err *e)
{
    if (j->cap > KEPT_NODES) json_release(j);
    j->n = 0;
    j->text = text;
    int rc = check_before(text, e);
    if (rc) return rc;

    struct parse p; /* not zeroed as a whole: the pool is big */
    p.j = j;
    p.e = e;
    p.rc = 0;
    p.at_end = false;
    p.at = 0;
    p.key = STR_NONE;
    p.depth = 0;
    json_pool_init(&p.pool);
    run_yajl(&p);
    json_pool_release(&p.pool);
    if (p.rc == 0) {
        size_t end = skip_blanks(text, j->nodes[0].start + j->nodes[0].len);
        if (end < text.len) refuse(&p, "something follows the value", end);
    }
    if (p.rc) j->n = 0;
    return p.rc;
}
