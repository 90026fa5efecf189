/* SPDX-License-Identifier: Apache-2.0
 *
 * The keys of bide.yaml as data. A row says what a key is called, what kind of value it takes, where that value goes,
 * what it may be and what it is when nobody says. Reading, checking, `bide config` and doc/config.md follow the rows: a
 * new key is a new row.
 */
#ifndef SERVER_CONFIG_TABLE_H
#define SERVER_CONFIG_TABLE_H

#include "server/config.h"

enum config_kind {
    KIND_PATH,      /* made absolute */
    KIND_STORE,     /* mem: or sqlite:FILE */
    KIND_ADDRESSES, /* one, or a list */
    KIND_DURATION,  /* milliseconds in an int64_t */
    KIND_INT,       /* 32 or 64 bits */
    KIND_SIZE,      /* bytes in an int64_t */
    KIND_RATE,      /* a struct rate */
    KIND_BOOL,
    KIND_CHOICE,  /* the index of the word, in an enum, an int or a bool */
    KIND_COMMAND, /* argv, ends with NULL */
    KIND_ENV,     /* NAME=VALUE, ends with NULL */
    KIND_SECRETS, /* the same, read from where the file says that they are kept */
    KIND_AMOUNTS, /* of named resources: a list of struct ration_amount, ended by one without a name */
    KIND_POINTER, /* a JSON pointer, as text */
    KIND_URL,     /* http or https, perhaps with templates behind its host */
    KIND_WORDS,   /* one with commas, or a list; ends with NULL */
    KIND_PATHS,   /* a list, each made absolute; ends with NULL */
    KIND_USER,    /* looked up: a struct sandbox_user */
    KIND_TEXT,    /* any, but not empty */
    KIND_TYPE,    /* the name of a type, which may be declared further down */
    KIND_JSON,    /* JSON text; or a map or a list, which becomes that */
    KIND_MAPPING, /* JSON text: what is written, be it a map, a list or a text, which stays one */
    KIND_SCHEMA,  /* a path, made absolute; or a map, which becomes JSON text */
    KIND_QUEUE,   /* the name of a declared queue */
    KIND_WORKER,  /* the name of a declared pool */
    KIND_SECTION, /* a mapping with keys of its own */
    KIND_NAMED,   /* a mapping from names of the user's to such sections */
    KIND_LIST,    /* a list of such sections, without names; in paths they are 0, 1, ... */
};

struct config_section;

struct config_key {
    const char *key;
    enum config_kind kind;
    size_t offset, size;      /* of the member in the section's struct */
    const char *initial;      /* as it would be written; NULL: inherited (types) or nothing */
    int64_t min, max;         /* KIND_INT, KIND_SIZE, KIND_DURATION */
    const char *const *words; /* KIND_CHOICE: ends with NULL; KIND_DURATION: words[0] means -1, words[1] -2 */
    bool required;
    bool fixed;                           /* a running server cannot change it */
    bool secret;                          /* KIND_WORDS: shown without what may be secret in them */
    const char *needs;                    /* goes with this other key only; NULL: with any */
    const struct config_section *section; /* KIND_SECTION, KIND_NAMED, KIND_LIST */
    size_t count;                         /* KIND_NAMED, KIND_LIST: offset of the number of structs, at `offset` is their array */
    const char *unit;                     /* KIND_INT: of what it is a number */
    const char *help;
};

struct config_section {
    const char *name; /* as doc/config.md heads it */
    const struct config_key *keys;
    size_t n;
    const char *const *later; /* keys that are known of and not there yet, each followed by what to do; ends with NULL; NULL: none */
    const char *plain; /* the key that a plain text in the section's place sets; NULL: none */
    bool inherited;    /* those of a type are those of `defaults` unless it says so */
    bool optional;     /* it is there only when it is said, be it empty: the bool at `said` of its struct */
    size_t said;
    size_t size; /* of its struct; its first member is the name where it is one of KIND_NAMED */
};

extern const struct config_section config_table_top, config_table_defaults, config_table_retry, config_table_queue,
    config_table_worker, config_table_batch, config_table_type, config_table_poll, config_table_retain,
    config_table_limits, config_table_pull, config_table_warmup, config_table_route, config_table_files, config_table_notices, config_table_http,
    config_table_webhooks, config_table_webhook, config_table_callback, config_table_http_stream, config_table_http_poll, config_table_http_callback;

const struct config_key *config_table_find(const struct config_section *s, struct str key); /* NULL: unknown */
/* The first row that has to be said: without it the section is not there. NULL: it is always there. */
const struct config_key *config_table_required(const struct config_section *s);
/* Is the section whose struct is at `base` there? */
bool config_table_is_there(const struct config_section *s, const void *base);
const char *config_table_nearest(const struct config_section *s, struct str key);           /* NULL: none is near */
const char *config_table_kind_word(enum config_kind kind);                                  /* for people */
bool config_table_is_scalar(enum config_kind kind);                                         /* one text says it */

#endif
