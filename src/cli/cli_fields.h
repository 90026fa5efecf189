/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON for people, whatever its members are: an object as `path: value` lines, a list of objects as a table. For
 * answers whose numbers may grow with the server (queues, stats), so that an older command line shows them all.
 */
#ifndef CLI_CLI_FIELDS_H
#define CLI_CLI_FIELDS_H

#include "base/json.h"
#include "bide.h"

/* Both print to standard output. -1 with the reason: not JSON, or not what is expected. */
int cli_fields_print(const struct bide_text *text, struct bide_error *error);
/* {"items":[{...},...]}. `columns`: paths, ends with NULL; NULL: every one the first item has. */
int cli_fields_print_items(const struct bide_text *page, const char *const *columns, struct bide_error *error);

/* For those who print an answer of their own kind. *j is to be released whatever comes of it, and borrows the text. */
int cli_fields_parse(struct json *j, const struct bide_text *text, struct bide_error *error);

#endif
