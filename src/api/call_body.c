/* SPDX-License-Identifier: Apache-2.0
 *
 * Media type, syntax, then the table.
 */
#include "api/call_body.h"

static bool is_accepted(struct str type, const char *media)
{
    struct str name = str_trim(str_cut(&type, ';'));
    return str_eq_nocase(name, STR(CALL_JSON)) || (media && str_eq_nocase(name, str_of(media)));
}

int call_body_members_by(struct call *c, struct json *j, const char *media, const struct member *table, void *to)
{
    struct err e = {0};
    if (c->req->body.len == 0) return 0;
    if (!is_accepted(http_header(c->req, "Content-Type"), media)) {
        call_refuse(c, ERR_MEDIA, "a body here needs Content-Type: %s (with curl: -H 'Content-Type: %s')", media ? media : CALL_JSON,
                    media ? media : CALL_JSON);
        return ERR_MEDIA;
    }
    const struct members m = {j, &c->req->arena, &e};
    int err = json_parse(j, c->req->body, &e);
    const struct json_node *root = err ? NULL : json_root(j);
    if (root && root->kind != JSON_OBJECT)
        err = err_set(&e, ERR_INVALID, "the body must be an object, not %s", json_kind_name(root->kind));
    if (!err) err = members_read(&m, table, root, "", to);
    if (err) call_problem(c, &e);
    return err;
}

int call_body_members(struct call *c, const char *media, const struct member *table, void *to)
{
    return call_body_members_by(c, &c->api->json, media, table, to);
}

int call_body_nothing(struct call *c)
{
    static const struct member none[] = {{NULL, NULL}};
    if (c->through) return 0; /* what the application's clients send with it is theirs */
    return call_body_members(c, NULL, none, NULL);
}
