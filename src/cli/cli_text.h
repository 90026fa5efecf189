/* SPDX-License-Identifier: Apache-2.0
 *
 * Text on its way to a person. What comes from tasks and workers is foreign: control characters in it could move the
 * cursor or worse, so it is cleaned before a terminal sees it. JSON goes out as it came.
 */
#ifndef CLI_CLI_TEXT_H
#define CLI_CLI_TEXT_H

#include "base/buf.h"
#include "bide.h"

#define CLI_TEXT_DURATION 32

void cli_text_clean(struct buf *b, struct str s);               /* one line: control characters become spaces or '?' */
void cli_text_clean_lines(struct buf *b, struct str s);         /* the same, but line feeds and tabs stay */
void cli_text_cut(struct buf *b, struct str s, int columns);    /* clean, at most so wide; "..." where it was cut */
int cli_text_width(struct str s);                               /* columns of a terminal; wide characters count two */
void cli_text_duration(char to[CLI_TEXT_DURATION], int64_t ms); /* 900ms 5s 1m02s 3h07m 2d04h */
void cli_text_age(char to[CLI_TEXT_DURATION], int64_t ms);      /* one unit: 5s 3m 2h 4d */
void cli_text_print_json(const struct bide_text *json);         /* to standard output, with a line feed at the end */

#endif
