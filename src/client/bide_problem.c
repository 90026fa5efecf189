/* SPDX-License-Identifier: Apache-2.0
 *
 * See bide_problem.h. What is longer than its field is cut.
 */
#include "client/bide_problem.h"

#include "client/bide_error.h"

/* 1 it is there, 0 it is not, ERR_NOMEM */
static int member_text(const struct json *j, const struct json_node *object, const char *key, char *to, size_t cap)
{
    const struct json_node *v = json_member(j, object, str_of(key));
    if (!v || v->kind != JSON_STRING || v->len <= 2) return 0;
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    json_add_string(j, v, &text);
    int rc = buf_err(&text) ? ERR_NOMEM : 1;
    if (rc > 0) str_copy(to, cap, buf_str(&text));
    buf_release(&text);
    return rc;
}

int bide_problem_read(struct bide_error *error, const struct json *j, const struct json_node *problem, int status)
{
    const struct json_node *errors = json_member(j, problem, STR("errors"));
    const struct json_node *first = errors && errors->kind == JSON_ARRAY ? json_first(errors) : NULL;
    int rc = member_text(j, problem, "code", error->code, sizeof error->code);
    int text = rc < 0 ? rc : member_text(j, problem, "detail", error->text, sizeof error->text);
    if (text == 0) text = member_text(j, problem, "title", error->text, sizeof error->text);
    if (text >= 0 && first) text = member_text(j, first, "pointer", error->pointer, sizeof error->pointer);
    if (text < 0) bide_error_nomem(error);
    error->http_status = status;
    return text < 0 ? ERR_NOMEM : 0;
}
