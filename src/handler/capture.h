/* SPDX-License-Identifier: Apache-2.0
 *
 * One captured stream of a process, stdout or stderr: its bytes become valid UTF-8, to be passed on as log, and the
 * last CAPTURE_TAIL bytes of the text are kept, to say in an error what the process said last. Bounded whatever
 * arrives; a character that arrives in two pieces comes out whole.
 */
#ifndef HANDLER_CAPTURE_H
#define HANDLER_CAPTURE_H

#include "base/buf.h"

#define CAPTURE_TAIL 4096 /* bytes kept of what a process said last */

struct capture {
    char begun[4];               /* the beginning of a character */
    size_t begun_len;
    char tail[2 * CAPTURE_TAIL]; /* moved down by half when full */
    size_t tail_len;
    struct buf text;             /* what capture_next returned last */
};

void capture_init(struct capture *c);
void capture_release(struct capture *c);
void capture_forget(struct capture *c); /* empties the tail: another attempt begins */
/* Takes a piece off *bytes and returns it as text, valid until the next call. False: nothing is left to return. */
bool capture_next(struct capture *c, struct str *bytes, struct str *ret_text);
/* At the end of the stream: what is left of an unfinished character. */
bool capture_end(struct capture *c, struct str *ret_text);
struct str capture_tail(const struct capture *c); /* at most CAPTURE_TAIL bytes, borrowed until the next call */
/* The last line of a text that is not blank, without blanks at its ends; empty when there is none. */
struct str capture_last_line(struct str text);

#endif
