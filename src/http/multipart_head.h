/* SPDX-License-Identifier: Apache-2.0
 *
 * The headers of one part of multipart/form-data, and the parameters that media types and dispositions have.
 */
#ifndef HTTP_MULTIPART_HEAD_H
#define HTTP_MULTIPART_HEAD_H

#include "http/multipart.h"

/* All header lines of the part, each with its CRLF, in memory that is written to: names are unquoted in place. */
int multipart_head_read(struct multipart_part *part, char *head, size_t len, struct err *e) MUST_USE;

/* The next `; name=value` of *rest. 1: there is one, *ret_value as it stands in the text, without the quotes around it
 * when *ret_quoted; 0: nothing is left; ERR_INVALID. */
int multipart_head_parameter(struct str *rest, struct str *ret_name, struct str *ret_value, bool *ret_quoted) MUST_USE;

#endif
