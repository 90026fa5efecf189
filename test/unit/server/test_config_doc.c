/* SPDX-License-Identifier: Apache-2.0
 *
 * doc/config.md says what the table says: each key of each section has its row there, kind, default and all. Run from
 * the top of the tree, as ctest does. A missing row is printed, ready to be put in.
 */
#include "base/mem.h"
#include "server/config_table.h"
#include "test.h"

static struct str read_document(struct buf *b)
{
    FILE *f = fopen("doc/config.md", "r");
    CHECK(f != NULL);
    for (size_t got = 1; got;) {
        char *room = buf_room(b, 4096);
        CHECK(room != NULL);
        got = fread(room, 1, 4096, f);
        buf_wrote(b, got);
    }
    fclose(f);
    return buf_str(b);
}

static void add_row(struct buf *b, const struct config_section *s, const struct config_key *k)
{
    buf_add_format(b, "| `%s` | ", k->key);
    for (size_t i = 0; k->kind == KIND_CHOICE && k->words[i]; i++)
        buf_add_format(b, "%s`%s`", i ? " or " : "", k->words[i]);
    if (k->kind != KIND_CHOICE) buf_add_text(b, config_table_kind_word(k->kind));
    if (k->kind == KIND_DURATION && k->words) buf_add_format(b, " or `%s`", k->words[0]);
    if (k->kind == KIND_INT) buf_add_format(b, " %lld..%lld", (long long)k->min, (long long)k->max);
    if (k->initial) buf_add_format(b, " | `%s`", k->initial);
    else if (k->required) buf_add_text(b, " | required");
    else if (s == &config_table_type && config_table_find(&config_table_defaults, str_of(k->key)))
        buf_add_text(b, " | that of `defaults`");
    else buf_add_text(b, k->kind == KIND_SECTION || k->kind == KIND_NAMED ? " | see below" : " | none");
    buf_add_format(b, " | %s |\n", k->help);
}

static void check_section(struct str document, const struct config_section *s)
{
    char heading[64];
    snprintf(heading, sizeof heading, "\n## `%s`\n", *s->name ? s->name : "bide.yaml");
    char *text = mem_text(document), *part = strstr(text, heading);
    size_t missing = part ? 0 : 1;
    if (!part) fprintf(stderr, "doc/config.md lacks the heading:%s", heading);
    for (size_t i = 0; i < s->n; i++) {
        struct buf row;
        buf_init(&row, 4096);
        add_row(&row, s, &s->keys[i]);
        char *end = part ? strstr(part + strlen(heading), "\n## ") : NULL, *found = part ? strstr(part, row.p) : NULL;
        if (!found || (end && found > end)) {
            fprintf(stderr, "doc/config.md lacks, under%s%s", heading, row.p);
            missing++;
        }
        buf_release(&row);
    }
    free(text);
    CHECK_INT(missing, 0);
}

static void check_document(const struct config_section *s)
{
    static struct buf b;
    buf_release(&b);
    buf_init(&b, 1 << 20);
    check_section(read_document(&b), s);
}

TEST(every_key_of_the_top_is_documented) { check_document(&config_table_top); }
TEST(every_key_of_defaults_is_documented) { check_document(&config_table_defaults); }
TEST(every_key_of_retry_is_documented) { check_document(&config_table_retry); }
TEST(every_key_of_queues_is_documented) { check_document(&config_table_queue); }
TEST(every_key_of_workers_is_documented) { check_document(&config_table_worker); }
TEST(every_key_of_poll_is_documented) { check_document(&config_table_poll); }
TEST(every_key_of_types_is_documented) { check_document(&config_table_type); }

TEST_MAIN
