/* SPDX-License-Identifier: Apache-2.0
 *
 * A file as an answer: whole or the part that was asked for, read beside the loop a piece at a time.
 *
 *   opening (chore: open, look, first piece) ──▶ sending ──the kernel is full──▶ waiting ──on_room──┐
 *        │ not there, 416, HEAD                   ▲  │ all sent                                     │
 *        ▼                                        │  ▼                                              ▼
 *     answered                                    │ ended                                 reading (chore)
 *                                                 └─────────────────────────────────────────────────┘
 *   the client has gone, the file cannot be read any further: broken off, as soon as no chore is under way
 */
#ifndef API_DOWNLOAD_H
#define API_DOWNLOAD_H

#include "api/api.h"

/* Answers the call with the regular file `name` in the directory `dir`; both are borrowed until the answer. No link is
 * followed. 410 when it is not there. */
void download_start(struct call *c, const char *dir, struct str name);

/* The same with a file of which more is known: an uploaded one. */
struct download_file {
    struct blob *blob; /* borrowed, as all */
    struct id id;
    struct str shown;  /* the name it is offered under */
    const char *type, *etag; /* etag: with its quotes */
};
void download_start_file(struct call *c, const struct download_file *file);

#endif
