/* SPDX-License-Identifier: Apache-2.0
 *
 * Templates of the handler `http`: `{id}`, `{attempt}`, `{fence}`, `{type}`, `{remote.id}`, `{callback_url}` and
 * `{input.path.to.member}` (`{input}`: all of it) are replaced, any other brace stays as it is. What is put in can never become
 * more than a value: in a URL it is percent-encoded, in a header it may have no line feed, in a JSON string it is escaped.
 * A string of a body that is one template and nothing else becomes the value itself, whatever its JSON type.
 */
#ifndef HANDLER_WEB_FILL_H
#define HANDLER_WEB_FILL_H

#include "base/buf.h"
#include "base/json.h"
#include "handler/handler.h"

struct remote_job; /* remote_job.h */

struct web_words {
    const struct attempt *attempt;
    const struct remote_job *job; /* its attempt and fence are those that are meant, also after a later attempt has taken it over */
    const struct json *input;  /* the task's input, parsed */
    struct str callback_url;   /* empty: none. Its template stays as it is then, as does that of a remote id that is not known */
};

/* Appended to b, whose error is the caller's to look at. ERR_INVALID with the reason and the pointer of the member: the input
 * has no such member, or it cannot stand there. */
int web_fill_url(struct buf *b, const char *url, const struct web_words *w, struct err *e) MUST_USE;
int web_fill_header(struct buf *b, const char *value, const struct web_words *w, struct err *e) MUST_USE;
int web_fill_body(struct buf *b, const char *body, const struct web_words *w, struct err *e) MUST_USE; /* body: JSON text */
bool web_fill_names(const char *text, const char *words); /* it has {words} in it; text may be NULL */
/* A URL as the configuration may have it: http or https, a host, no user and no fragment, templates behind the host only.
 * ERR_INVALID with the reason. */
int web_fill_check_url(struct str url, struct err *e) MUST_USE;

#endif
