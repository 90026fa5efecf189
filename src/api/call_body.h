/* SPDX-License-Identifier: Apache-2.0
 *
 * The JSON object that a change comes with: small, read by a table (members.h).
 */
#ifndef API_CALL_BODY_H
#define API_CALL_BODY_H

#include "api/call.h"
#include "api/members.h"

/* Parses the body and reads its members into `to`. `media`: accepted beside application/json, NULL: nothing. A request
 * without a body is an object without members. Answers a refusal itself. */
int call_body_members(struct call *c, const char *media, const struct member *table, void *to) MUST_USE;
/* The same with a parser of the caller's, set up for what is only passed on. */
int call_body_members_by(struct call *c, struct json *j, const char *media, const struct member *table, void *to) MUST_USE;
/* For a verb that takes nothing: no body, or {}. */
int call_body_nothing(struct call *c) MUST_USE;

#endif
