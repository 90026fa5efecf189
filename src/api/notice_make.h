/* SPDX-License-Identifier: Apache-2.0
 *
 * `notify` of a submit or a type: kept with what is to follow the task's ending (sequel.h), made when that has come.
 */
#ifndef API_NOTICE_MAKE_H
#define API_NOTICE_MAKE_H

#include "api/api.h"

/* Of a submit; `said` NULL: nothing, and its type's is meant; null or false: none. *ret p NULL: none. */
int notice_make_said(struct str *ret, const struct json *j, const struct json_node *said, const char *of_type, struct err *e) MUST_USE;
/* For server.sequel.maker; user: struct api. What cannot be made of it is told to the log. */
void notice_make(void *user, struct store_owed *o, struct notice **ret, size_t *ret_n);

#endif
