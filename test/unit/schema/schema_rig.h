/* SPDX-License-Identifier: Apache-2.0
 *
 * One schema and one instance at a time, as texts.
 */
#ifndef TEST_SCHEMA_RIG_H
#define TEST_SCHEMA_RIG_H

#include "schema/schema.h"
#include "test.h"

static struct arena rig_arena;
static const struct schema *rig_schema;
static struct schema_report rig_report;
static struct err rig_err;
static struct buf rig_out;

static inline int rig_compile(const char *schema)
{
    arena_release(&rig_arena);
    arena_init(&rig_arena);
    rig_err = (struct err){0};
    return schema_compile(&rig_schema, &rig_arena, str_of(schema), &rig_err);
}

#define CHECK_COMPILES(schema)                                                          \
    do {                                                                              \
        int rig_rc = rig_compile(schema);                                             \
        if (rig_rc) fprintf(stderr, "%s: %s\n", rig_err.pointer, rig_err.text); \
        CHECK_INT(rig_rc, 0);                                                         \
    } while (0)

/* The schema is refused, at this place, with these words. */
#define CHECK_REFUSED(schema, pointer_wanted, words)             \
    do {                                                         \
        CHECK(rig_compile(schema) != 0);                         \
        CHECK_STR(str_of(rig_err.pointer), pointer_wanted);      \
        CHECK_STR(str_of(rig_err.text), words);                  \
    } while (0)

static inline int rig_check(const char *instance)
{
    struct json j;
    json_init(&j);
    int err = json_parse(&j, str_of(instance), NULL);
    if (!err) err = schema_check(rig_schema, &j, json_root(&j), "", "it", &rig_report);
    json_release(&j);
    return err;
}

#define CHECK_FITS(instance) CHECK_INT(rig_check(instance), 0)
#define CHECK_UNFIT(instance, n_wanted)          \
    do {                                         \
        CHECK_INT(rig_check(instance), ERR_INPUT); \
        CHECK_INT(rig_report.n, n_wanted);       \
    } while (0)
#define CHECK_SAYS(i, pointer_wanted, words)                              \
    do {                                                                  \
        CHECK_STR(str_of(rig_report.items[i].pointer), pointer_wanted);   \
        CHECK_STR(str_of(rig_report.items[i].text), words);               \
    } while (0)

static inline struct str rig_completed(const char *instance)
{
    struct json j;
    json_init(&j);
    buf_release(&rig_out);
    buf_init(&rig_out, 1 << 20);
    int err = json_parse(&j, str_of(instance), NULL);
    if (!err) err = schema_complete(rig_schema, &j, json_root(&j), &rig_out);
    json_release(&j);
    return err || buf_err(&rig_out) ? STR("failed") : buf_str(&rig_out);
}

#endif
