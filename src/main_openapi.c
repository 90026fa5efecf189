/* SPDX-License-Identifier: Apache-2.0
 *
 * A program of the build: reads doc/openapi.yaml, writes it as JSON on one line, with the version of this tree where it
 * says "@BIDE_VERSION@". What it writes is carried inside bide (api/openapi.c). Stands on libfyaml alone, so that it
 * can be built before anything else.
 *
 * A plain scalar is what YAML's JSON schema (1.2.2, section 10.2) makes of it, so null, true, false or a number as JSON
 * writes it; any other is a text. Maps and lists keep their order.
 */
#include "bide.h"
#include <libfyaml.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_text(FILE *out, const char *p, size_t len)
{
    fputc('"', out);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)p[i];
        if (c < 0x20) {
            fprintf(out, "\\u%04x", c);
            continue;
        }
        if (c == '"' || c == '\\') fputc('\\', out);
        fputc(c, out);
    }
    fputc('"', out);
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static size_t digits(const char *p, size_t len)
{
    size_t n = 0;
    while (n < len && is_digit(p[n])) n++;
    return n;
}

/* RFC 8259 section 6. */
static bool is_number(const char *p, size_t len)
{
    size_t i = len && p[0] == '-';
    size_t n = digits(p + i, len - i);
    if (n == 0 || (n > 1 && p[i] == '0')) return false;
    i += n;
    if (i < len && p[i] == '.') {
        n = digits(p + i + 1, len - i - 1);
        if (n == 0) return false;
        i += 1 + n;
    }
    if (i < len && (p[i] == 'e' || p[i] == 'E')) {
        i++;
        if (i < len && (p[i] == '+' || p[i] == '-')) i++;
        n = digits(p + i, len - i);
        if (n == 0) return false;
        i += n;
    }
    return i == len;
}

static bool is(const char *p, size_t len, const char *word) { return len == strlen(word) && memcmp(p, word, len) == 0; }

static void write_scalar(FILE *out, struct fy_node *node)
{
    size_t len = 0;
    const char *p = fy_node_get_scalar(node, &len);
    bool plain = fy_node_get_style(node) == FYNS_PLAIN;
    if (plain && (is(p, len, "null") || is(p, len, "true") || is(p, len, "false") || is_number(p, len)))
        fwrite(p, 1, len, out);
    else if (plain && len == 0) fputs("null", out);
    else if (is(p, len, "@BIDE_VERSION@")) write_text(out, BIDE_VERSION, strlen(BIDE_VERSION));
    else write_text(out, p ? p : "", len);
}

static void write_node(FILE *out, struct fy_node *node)
{
    void *at = NULL;
    const char *between = "";
    enum fy_node_type type = node ? fy_node_get_type(node) : FYNT_SCALAR;
    if (!node) {
        fputs("null", out);
    } else if (type == FYNT_SCALAR) {
        write_scalar(out, node);
    } else if (type == FYNT_SEQUENCE) {
        fputc('[', out);
        for (struct fy_node *item; (item = fy_node_sequence_iterate(node, &at)); between = ",") {
            fputs(between, out);
            write_node(out, item);
        }
        fputc(']', out);
    } else {
        fputc('{', out);
        for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(node, &at)); between = ",") {
            size_t len = 0;
            const char *key = fy_node_get_scalar(fy_node_pair_key(pair), &len);
            fputs(between, out);
            write_text(out, key ? key : "", len);
            fputc(':', out);
            write_node(out, fy_node_pair_value(pair));
        }
        fputc('}', out);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("usage: openapi FROM.yaml TO.json\n", stderr);
        return 64;
    }
    struct fy_parse_cfg cfg = {.flags = FYPCF_DEFAULT_DOC | FYPCF_RESOLVE_DOCUMENT};
    struct fy_document *doc = fy_document_build_from_file(&cfg, argv[1]); /* says on stderr what is wrong, and where */
    FILE *out = doc ? fopen(argv[2], "w") : NULL;
    if (!out) {
        fprintf(stderr, "openapi: %s %s\n", doc ? "cannot write" : "cannot read", doc ? argv[2] : argv[1]);
        fy_document_destroy(doc);
        return 1;
    }
    write_node(out, fy_document_root(doc));
    fputc('\n', out);
    bool failed = ferror(out) != 0;
    failed = fclose(out) != 0 || failed;
    fy_document_destroy(doc);
    return failed;
}
