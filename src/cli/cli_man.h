/* SPDX-License-Identifier: Apache-2.0
 *
 * The manual pages, as troff with the man macros, from the tables of verbs and of the configuration's keys.
 */
#ifndef CLI_CLI_MAN_H
#define CLI_CLI_MAN_H

#include "base/buf.h"
#include "cli/cli.h"

void cli_man_all(struct buf *b);                            /* bide(1) */
void cli_man_verb(struct buf *b, const struct cli_verb *v); /* bide-VERB(1) */
void cli_man_config(struct buf *b);                         /* bide.yaml(5) */

/* For the writers of pages. */
void cli_man_head(struct buf *b, const char *name, int section, const char *summary); /* .TH and NAME */
void cli_man_text(struct buf *b, const char *text); /* escaped; `words` in backticks are bold */
void cli_man_term(struct buf *b, const char *name, const char *value, const char *help); /* .TP; value may be NULL */
void cli_man_see(struct buf *b, const char *pages); /* SEE ALSO: "bide(1), bide.yaml(5)" */

#endif
