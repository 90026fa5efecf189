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
 * What is closed runs through the same callbacks and checks, only no node is made. Containers' counts, keys and places
 * are therefore kept with the open ones, not in nodes.
 *
 * Neither this nor yajl recurses: open containers are a fixed stack. It must never call back into the caller, nor
 * abort: the client library uses it.
 */
#include "base/json.h"
#include "base/json_keys.h"
#include "base/json_pool.h"
#include "base/json_unescape.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/text.h"
#include <stdlib.h>
#include <yajl/yajl_parse.h>

#define FIRST_NODES 32
#define NO_NODE UINT32_MAX
#define NOWHERE UINT32_MAX /* a depth that is not reached */
#define GO_ON 1            /* what yajl wants from a callback */
#define STOP 0

struct open {
    uint32_t node;  /* NO_NODE inside a closed value */
    uint32_t count; /* members or elements so far */
    uint32_t keys;  /* where its keys begin */
    bool is_object;
};

struct parse {
    struct json *j;
    struct err *e;
    yajl_handle yajl;
    int rc;               /* set by the callback that stops */
    bool at_end;          /* yajl has all of the text and closes a number that ended with it */
    bool key_waits;       /* the last key has no value yet */
    size_t at;            /* end of the last token */
    uint32_t depth;       /* of what comes next; 0: the root */
    uint32_t closed_from; /* at this depth and below no nodes are made */
    struct open open[LIMIT_JSON_DEPTH + LIMIT_JSON_ENVELOPE]; /* the containers around the place reached */
    struct json_keys keys;
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

static int room_for_node(struct parse *p)
{
    struct json *j = p->j;
    bool full = j->n >= LIMIT_JSON_NODES && !j->any_size; /* else: a text under 4 GiB has less than 2^31 values */
    if (j->n < j->cap && !full) return GO_ON;
    if (full) {
        p->rc = err_set(p->e, ERR_TOO_BIG, "more than %d values", LIMIT_JSON_NODES);
        return STOP;
    }
    uint32_t cap = j->cap ? j->cap * 2 : FIRST_NODES;
    struct json_node *nodes = mem_try(j->nodes, cap * sizeof *nodes);
    if (!nodes) return out_of_memory(p);
    j->nodes = nodes;
    j->cap = cap;
    return GO_ON;
}

static int add_node(struct parse *p, enum json_kind kind, struct str span, bool escaped)
{
    struct json *j = p->j;
    if (!room_for_node(p)) return STOP;
    struct json_node *v = &j->nodes[j->n++];
    *v = (struct json_node){.kind = kind,
                            .escaped = escaped,
                            .start = (uint32_t)(span.p - j->text.p),
                            .len = (uint32_t)span.len,
                            .skip = 1};
    if (p->key_waits) {
        const struct json_key_span *key = &p->keys.spans[p->keys.n - 1];
        v->key_start = key->start;
        v->key_len = key->len;
        v->key_escaped = key->escaped;
    }
    return GO_ON;
}

/* A value has come whose span is known, or a container of which the bracket is. */
static int add_value(struct parse *p, enum json_kind kind, struct str span, bool escaped)
{
    if (p->depth < p->closed_from && !add_node(p, kind, span, escaped)) return STOP;
    if (p->depth > 0) p->open[p->depth - 1].count++;
    p->key_waits = false;
    return GO_ON;
}

/* One without quotes: nothing of it is looked at here. */
static int add_word(struct parse *p, enum json_kind kind)
{
    if (p->depth < p->closed_from) return add_value(p, kind, take_token(p), false);
    p->at = reached(p);
    return add_value(p, kind, STR_NONE, false);
}

static int on_null(void *context) { return add_word(context, JSON_NULL); }

static int on_boolean(void *context, int value) { return add_word(context, value ? JSON_TRUE : JSON_FALSE); }

static int on_number(void *context, const char *text, size_t len)
{
    (void)text, (void)len;
    return add_word(context, JSON_NUMBER);
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
    struct str span = take_token(p);
    bool escaped;
    (void)text;
    if (!check_string(p, str_sub(span, 1, span.len - 2), len, false, &escaped)) return STOP;
    return add_value(p, JSON_STRING, span, escaped);
}

static int on_key(void *context, const unsigned char *text, size_t len)
{
    struct parse *p = context;
    struct str span = take_token(p), key = str_sub(span, 1, span.len - 2), closed = p->j->closed;
    bool escaped;
    (void)text;
    if (!check_string(p, key, len, true, &escaped)) return STOP;
    if (json_keys_push(&p->keys, key, escaped)) return out_of_memory(p);
    p->key_waits = true;
    if (p->depth == p->j->closed_level + 1 && closed.p && !p->j->root_only)
        p->closed_from = (escaped ? json_unescape_is(key, closed) : str_eq(key, closed)) ? p->depth + 1 : NOWHERE;
    return GO_ON;
}

static int open_container(struct parse *p, enum json_kind kind)
{
    uint32_t most = LIMIT_JSON_DEPTH + p->j->envelope;
    if (p->depth == most) {
        p->rc = err_set(p->e, ERR_SYNTAX, "nested deeper than %u levels at byte %zu", most, next_token_start(p));
        return STOP;
    }
    struct open *o = &p->open[p->depth];
    *o = (struct open){
        .node = p->depth < p->closed_from ? p->j->n : NO_NODE, .keys = p->keys.n, .is_object = kind == JSON_OBJECT};
    if (!add_value(p, kind, take_token(p), false)) return STOP;
    p->depth++;
    return GO_ON;
}

static struct open *close_container(struct parse *p)
{
    struct open *o = &p->open[--p->depth];
    p->at = reached(p);
    if (o->node == NO_NODE) return o;
    struct json_node *v = &p->j->nodes[o->node];
    v->len = (uint32_t)(p->at - v->start);
    v->skip = p->j->n - o->node;
    if (p->depth + 1 < p->closed_from) v->count = o->count;
    if (p->closed_from == p->depth + 2) p->closed_from = NOWHERE; /* it was of the last member of this one */
    return o;
}

static int on_start_array(void *context) { return open_container(context, JSON_ARRAY); }

static int on_end_array(void *context)
{
    close_container(context);
    return GO_ON;
}

static int on_start_map(void *context) { return open_container(context, JSON_OBJECT); }

/* Adds "/" and the escaped name to the pointer, or nothing when it does not fit: then it points to what is around. */
static void add_step(struct parse *p, struct buf *pointer, uint32_t key)
{
    struct buf name;
    buf_init(&name, sizeof p->e->pointer);
    buf_add_char(pointer, '/');
    if (p->keys.spans[key].escaped) json_unescape_add(&name, json_keys_raw(&p->keys, key));
    else buf_add_str(&name, json_keys_raw(&p->keys, key));
    for (size_t i = 0; i < name.len; i++) {
        if (name.p[i] == '~' || name.p[i] == '/') buf_add_text(pointer, name.p[i] == '~' ? "~0" : "~1");
        else buf_add_char(pointer, name.p[i]);
    }
    if (buf_err(&name)) pointer->err = buf_err(&name);
    buf_release(&name);
}

/* RFC 6901, to a key of the object that has just closed. The containers around it are still open: an array's place is
 * the number of its elements so far, an object's name its last key, under the first one of the container in it. */
static void add_pointer(struct parse *p, struct buf *pointer, uint32_t key)
{
    size_t whole = 0; /* length of the steps that fitted */
    for (uint32_t i = 0; i <= p->depth && !buf_err(pointer); i++) {
        const struct open *o = &p->open[i];
        if (!o->is_object) buf_add_format(pointer, "/%u", (unsigned)(o->count - 1));
        else add_step(p, pointer, i < p->depth ? o[1].keys - 1 : key);
        if (!buf_err(pointer)) whole = pointer->len;
    }
    pointer->len = whole;
    if (pointer->p) pointer->p[whole] = '\0';
}

static int refuse_twice(struct parse *p, uint32_t twice)
{
    struct str key = json_keys_raw(&p->keys, twice), shown = str_sub(key, 0, 60);
    while (shown.len < key.len && shown.len > 0 && ((unsigned char)key.p[shown.len] & 0xC0) == 0x80) shown.len--;
    struct buf pointer;
    buf_init(&pointer, p->e ? sizeof p->e->pointer - 1 : 0);
    if (p->e) add_pointer(p, &pointer, twice);
    p->rc =
        err_set_at(p->e, ERR_SYNTAX, pointer.p ? pointer.p : "", "the key \"%.*s\" is there twice, again at byte %u",
                   STR_ARG(shown), p->keys.spans[twice].start - 1);
    buf_release(&pointer);
    return STOP;
}

static int on_end_map(void *context)
{
    struct parse *p = context;
    uint32_t from = close_container(p)->keys, twice;
    if (json_keys_twice(&p->keys, from, &twice)) return out_of_memory(p);
    if (twice < p->keys.n) return refuse_twice(p, twice);
    p->keys.n = from;
    return GO_ON;
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
    char may_follow = p->key_waits                                                        ? ':'
                      : p->at > 0 && text.p[p->at - 1] != '[' && text.p[p->at - 1] != '{' ? ','
                                                                                          : '\0';
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
    json_trim(j);
    j->text = text;
    int rc = check_before(text, e);
    if (rc) return rc;

    struct parse p; /* not zeroed as a whole: the pool is big */
    p.j = j;
    p.e = e;
    p.rc = 0;
    p.at_end = false;
    p.key_waits = false;
    p.at = 0;
    p.depth = 0;
    p.closed_from = j->root_only ? 1 : NOWHERE;
    json_keys_init(&p.keys, text);
    json_pool_init(&p.pool);
    run_yajl(&p);
    json_pool_release(&p.pool);
    json_keys_release(&p.keys);
    if (p.rc == 0) {
        size_t end = skip_blanks(text, j->nodes[0].start + j->nodes[0].len);
        if (end < text.len) refuse(&p, "something follows the value", end);
    }
    if (p.rc) json_trim(j);
    return p.rc;
}
