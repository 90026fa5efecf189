/* SPDX-License-Identifier: Apache-2.0
 *
 * See config_yaml.h. libfyaml 0.7: marks count from 0, collected diagnostics from 1; a parser makes no document both
 * for an empty text and for an error, fy_parser_get_stream_error tells which; bytes that are not UTF-8 silently become
 * an empty value, so they are refused before it sees them. Without memory it may make a document of a part of the text, or
 * none, and no error: then errno is all that tells.
 */
#include "server/config_yaml.h"
#include "base/limits.h"
#include "base/text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static bool check_utf8(struct str text, struct config_errors *errors)
{
    size_t bad = text_utf8_valid(text);
    if (bad == text.len) return true;
    struct config_mark at = {1, 1};
    for (size_t i = 0; i < bad; i++)
        at = text.p[i] == '\n' ? (struct config_mark){at.line + 1, 1} : (struct config_mark){at.line, at.column + 1};
    config_errors_add(errors, at, "the file is not UTF-8 here");
    return false;
}

static void tell(struct config_yaml *y, struct config_errors *errors)
{
    void *at = NULL;
    size_t before = errors->n;
    for (struct fy_diag_error *error; (error = fy_diag_errors_iterate(y->diag, &at));)
        config_errors_add(errors, (struct config_mark){error->line, error->column}, "%s", error->msg);
    if (errors->n == before) config_errors_add(errors, (struct config_mark){1, 1}, "this is not YAML");
}

bool config_yaml_read(const char *path, struct buf *ret_text, struct config_errors *errors)
{
    struct config_mark whole = {0, 0};
    FILE *f = fopen(path, "re");
    struct err e;
    if (!f) {
        err_set_errno(&e, ERR_CONFIG, errno, "cannot open it");
        config_errors_add(errors, whole, "%s", e.text);
        return false;
    }
    for (size_t got = 1; got > 0 && !buf_err(ret_text);) {
        char piece[4096];
        got = fread(piece, 1, sizeof piece, f);
        buf_add(ret_text, piece, got);
    }
    bool ok = !ferror(f) && !buf_err(ret_text);
    if (ferror(f)) {
        err_set_errno(&e, ERR_CONFIG, errno, "cannot read it");
        config_errors_add(errors, whole, "%s", e.text);
    } else if (!ok) {
        config_errors_add(errors, whole, "larger than %d bytes", LIMIT_CONFIG);
    }
    fclose(f);
    return ok;
}

bool config_yaml_open(struct config_yaml *y, struct str text, struct config_errors *errors)
{
    memset(y, 0, sizeof *y);
    if (!check_utf8(text, errors)) return false;
    if (text.len == 0) return true;
    struct fy_diag_cfg diag_cfg;
    fy_diag_cfg_default(&diag_cfg);
    diag_cfg.fp = NULL;
    y->diag = fy_diag_create(&diag_cfg);
    if (!y->diag) goto fail;
    fy_diag_set_collect_errors(y->diag, true);
    struct fy_parse_cfg cfg = {.flags = FYPCF_RESOLVE_DOCUMENT | FYPCF_QUIET, .diag = y->diag};
    y->parser = fy_parser_create(&cfg);
    if (!y->parser || fy_parser_set_string(y->parser, text.p, text.len) != 0) goto fail;
    errno = 0;
    y->document = fy_parse_load_document(y->parser);
    if (errno == ENOMEM) goto fail;
    if (fy_parser_get_stream_error(y->parser)) {
        tell(y, errors);
        return false;
    }
    struct fy_document *second = y->document ? fy_parse_load_document(y->parser) : NULL;
    if (second) {
        config_errors_add(errors, config_yaml_mark(fy_document_root(second), (struct config_mark){1, 1}),
                          "only one document: take out the line \"---\" before it");
        fy_parse_document_destroy(y->parser, second);
        return false;
    }
    if (errno == ENOMEM) goto fail;
    if (fy_parser_get_stream_error(y->parser)) {
        tell(y, errors);
        return false;
    }
    return true;
fail:
    config_errors_add(errors, (struct config_mark){0, 0}, "%s", err_text(ERR_NOMEM));
    return false;
}

void config_yaml_close(struct config_yaml *y)
{
    if (y->document) fy_parse_document_destroy(y->parser, y->document);
    if (y->parser) fy_parser_destroy(y->parser);
    if (y->diag) fy_diag_destroy(y->diag);
    memset(y, 0, sizeof *y);
}

struct fy_node *config_yaml_root(const struct config_yaml *y)
{
    struct fy_node *root = y->document ? fy_document_root(y->document) : NULL;
    struct str text;
    bool nothing = root && fy_node_get_type(root) == FYNT_SCALAR && !config_yaml_text(root, &text);
    return nothing ? NULL : root;
}

bool config_yaml_text(struct fy_node *node, struct str *ret_text)
{
    if (!node || fy_node_get_type(node) != FYNT_SCALAR) return false;
    size_t len = 0;
    const char *p = fy_node_get_scalar(node, &len);
    struct str text = {p, len};
    if (fy_node_get_style(node) == FYNS_PLAIN && (len == 0 || str_eq(text, STR("~")) || str_eq(text, STR("null"))))
        return false;
    *ret_text = text;
    return true;
}

bool config_yaml_json(struct fy_node *node, struct arena *a, struct str *ret_json)
{
    char *text = fy_emit_node_to_string(node, FYECF_MODE_JSON_ONELINE | FYECF_WIDTH_INF);
    if (text) *ret_json = str_of(arena_text(a, str_trim(str_of(text))));
    free(text);
    return text != NULL;
}

struct config_mark config_yaml_mark(struct fy_node *node, struct config_mark around)
{
    void *place = NULL;
    while (node && fy_node_get_type(node) != FYNT_SCALAR) {
        node = fy_node_get_type(node) == FYNT_MAPPING ? fy_node_pair_key(fy_node_mapping_iterate(node, &place))
                                                      : fy_node_sequence_iterate(node, &place);
        place = NULL;
    }
    struct fy_token *token = node ? fy_node_get_scalar_token(node) : NULL;
    const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
    return mark ? (struct config_mark){mark->line + 1, mark->column + 1} : around;
}

const char *config_yaml_kind(struct fy_node *node)
{
    struct str text;
    enum fy_node_type type = node ? fy_node_get_type(node) : FYNT_SCALAR;
    if (type == FYNT_MAPPING) return "a map";
    if (type == FYNT_SEQUENCE) return "a list";
    return config_yaml_text(node, &text) ? "a text" : "nothing";
}
