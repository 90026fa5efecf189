/* SPDX-License-Identifier: Apache-2.0
 *
 * Uploaded files in a task's input: what is "file:ID" in the text that was sent is an absolute path in the one that the handler
 * gets. It lies in the attempt's own directory, so that whoever may read that, confined or as another user, may read it; as
 * another name of the stored file, which costs nothing. Pullers get the text as it was sent: they fetch over HTTP.
 */
#ifndef SERVER_INPUTS_H
#define SERVER_INPUTS_H

#include "base/err.h"
#include "task/failure.h"

struct run;
struct store_claim_item;

void inputs_keep(struct run *r, const struct store_claim_item *item); /* what its claim tells of them */
/* One of them is not there (any more), and will not be: ERR_UNKNOWN_FILE with the reason. */
int inputs_check(const struct run *r, struct err *e) MUST_USE;
struct failure inputs_failure(const struct err *e); /* of such a one; its text is borrowed from e */
/* For a run that has its directory: links in it, and the input with their paths in place of the other. ERR_IO, ERR_FULL. */
int inputs_give(struct run *r, struct err *e) MUST_USE;
void inputs_take_back(struct run *r); /* its directory stays, for its output: without the links */

#endif
