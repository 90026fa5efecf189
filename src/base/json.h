/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON in: a text becomes a flat array of nodes in the order of the text, each with its byte span, so that inputs
 * and results are passed on byte for byte. Strict: RFC 8259, UTF-8 only, and refused besides: duplicate keys in one
 * object (compared after unescaping), lone surrogates in escapes, NUL (\u0000) in keys, nesting over LIMIT_JSON_DEPTH,
 * a byte order mark, anything after the value. Numbers are kept as text; nothing is rounded.
 *
 * A value that is only passed on need not cost memory: closed, it is one node (count 0, skip 1, its span), however
 * much is in it. Its inside is checked like all else, and refused with the same words and pointer.
 * The library (yajl) is reached only from json*.c.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_node {
    enum json_kind kind;
    bool escaped, key_escaped;   /* the string, the key has a backslash */
    uint32_t start, len;         /* span of the value in the text, quotes and brackets included */
    uint32_t key_start, key_len; /* span of the key without its quotes; 0,0 outside objects */
    uint32_t count;              /* members or elements; 0 when closed */
    uint32_t skip;               /* nodes of this subtree, itself included: the next sibling is node + skip */
};

struct json {
    struct str text;         /* borrowed: must stay while the json is used */
    struct json_node *nodes; /* owned; nodes[0] is the value */
    uint32_t n, cap;
    /* Set once after json_init; they hold for all texts until json_release. */
    uint32_t envelope;       /* further levels allowed, 0..LIMIT_JSON_ENVELOPE: what bide itself puts around a text */
    struct str closed;       /* name of the member whose value is closed; borrowed; p NULL: none */
    uint32_t closed_level;   /* of the object with that member, below the root, which is level 0 */
    bool root_only;          /* the root itself is closed: the text is checked, and there is one node */
    bool any_size;           /* more than LIMIT_JSON_NODES values: for a text whose length is bounded elsewhere */
};

/* Parses. On error ERR_SYNTAX (or ERR_TOO_BIG: over LIMIT_JSON_NODES nodes, 4 GiB; ERR_NOMEM) with the reason, "at byte
 * N" included, in `e`, and for a duplicate key its pointer. A struct json may be used again for another text; its memory
 * is kept, up to 1 MiB. While it works, the keys of the objects that are open take up to 24 bytes each, those of the one that
 * closes another 12. */
int json_parse(struct json *j, struct str text, struct err *e) MUST_USE;
void json_init(struct json *j);
/* To be called as soon as the nodes are no longer looked at, by whoever keeps a struct json between texts: forgets them
 * and the text, gives memory over 1 MiB back, keeps the settings. Spans taken before stay good as long as the text. */
void json_trim(struct json *j);
void json_release(struct json *j); /* accepts a zeroed json */

const struct json_node *json_root(const struct json *j);
/* The member of an object, NULL when absent or when `object` is NULL or not an object. */
const struct json_node *json_member(const struct json *j, const struct json_node *object, struct str key);
/* Children in order: json_first(node), then json_next until NULL. `parent` as given to json_first. */
const struct json_node *json_first(const struct json_node *parent);
const struct json_node *json_next(const struct json_node *parent, const struct json_node *child);
struct str json_span(const struct json *j, const struct json_node *v);    /* the raw bytes */
struct str json_key(const struct json *j, const struct json_node *v);     /* the raw key, escapes as written */
bool json_key_is(const struct json *j, const struct json_node *v, struct str key); /* compared unescaped */
void json_add_key(const struct json *j, const struct json_node *v, struct buf *b);    /* the key, unescaped */
void json_add_string(const struct json *j, const struct json_node *v, struct buf *b); /* a string's text, unescaped */
/* A string's text when it has no escapes (borrowed from the text), else unescaped into `scratch` (appended, so that
 * earlier results stay valid only while scratch does not grow: use one scratch per string, or an arena copy). */
struct str json_string(const struct json *j, const struct json_node *v, struct buf *scratch);
int json_int(const struct json *j, const struct json_node *v, int64_t *ret_value) MUST_USE; /* ERR_INVALID: not an integer in range; 1.0 and 1e3 are accepted */
int json_double(const struct json *j, const struct json_node *v, double *ret_value) MUST_USE;
const char *json_kind_name(enum json_kind k); /* "an object", "a string", ... for messages */

#endif
