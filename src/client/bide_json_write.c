/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing JSON into a text of the caller's: base/json_write with the public struct around it. A struct bide_text is a
 * struct buf whose maximum is fixed, so that the header shows no inside of ours.
 */
#include "base/json_write.h"
#include "bide.h"

static struct buf begin(const struct bide_text *text)
{
    return (struct buf){.p = text->p, .len = text->len, .cap = text->cap, .max = SIZE_MAX / 2, .err = text->err};
}

static void end(struct bide_text *text, const struct buf *b)
{
    *text = (struct bide_text){.p = b->p, .len = b->len, .cap = b->cap, .err = b->err};
}

void bide_json_write_open(struct bide_text *json, char bracket)
{
    struct buf b = begin(json);
    json_write_open(&b, bracket);
    end(json, &b);
}

void bide_json_write_close(struct bide_text *json, char bracket)
{
    struct buf b = begin(json);
    json_write_close(&b, bracket);
    end(json, &b);
}

void bide_json_write_key(struct bide_text *json, const char *key)
{
    struct buf b = begin(json);
    json_write_key_str(&b, str_of(key));
    end(json, &b);
}

void bide_json_write_string(struct bide_text *json, const char *text)
{
    struct buf b = begin(json);
    json_write_text(&b, text);
    end(json, &b);
}

void bide_json_write_int(struct bide_text *json, int64_t value)
{
    struct buf b = begin(json);
    json_write_int(&b, value);
    end(json, &b);
}

void bide_json_write_double(struct bide_text *json, double value)
{
    struct buf b = begin(json);
    json_write_double(&b, value);
    end(json, &b);
}

void bide_json_write_bool(struct bide_text *json, bool value)
{
    struct buf b = begin(json);
    json_write_bool(&b, value);
    end(json, &b);
}

void bide_json_write_raw(struct bide_text *json, const char *value)
{
    struct buf b = begin(json);
    struct str raw = str_of(value); /* what a comma is due after is seen by its last byte: no blanks there */
    static const char blanks[] = " \t\r\n";
    while (raw.len > 0 && memchr(blanks, raw.p[raw.len - 1], sizeof blanks - 1)) raw.len--;
    if (raw.len) json_write_raw(&b, raw);
    else json_write_null(&b);
    end(json, &b);
}
