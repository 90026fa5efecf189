/* SPDX-License-Identifier: Apache-2.0
 *
 * multipart/form-data (RFC 7578, in the syntax of RFC 2046 section 5.1), read strictly and in pieces of any size, with
 * the memory of one part's headers. Whoever reads asks for one event after the other, so that it may stop between any two
 * and go on later with the rest of the same piece:
 *
 *   BEGIN (the part) ──▶ DATA (any number, never empty) ──▶ END ──▶ BEGIN of the next ..    multipart_end: all of it came
 */
#ifndef HTTP_MULTIPART_H
#define HTTP_MULTIPART_H

#include "base/buf.h"

#define MULTIPART_BOUNDARY 70 /* bytes of a boundary at most, RFC 2046 */

enum multipart_event { MULTIPART_BEGIN, MULTIPART_DATA, MULTIPART_END };

struct multipart_part {
    struct str name;     /* of the form's field; UTF-8 */
    struct str filename; /* as the client wrote it, maybe with slashes or dots, UTF-8; p NULL: the part is no file */
    struct str type;     /* its Content-Type; p NULL: not given */
};

enum multipart_state {
    MULTIPART_PREAMBLE, /* before the first delimiter, dropped */
    MULTIPART_BEHIND,   /* right behind a delimiter: "--" or the end of its line */
    MULTIPART_CLOSING,  /* behind its first "-" */
    MULTIPART_PADDING,  /* behind a delimiter, blanks that are dropped */
    MULTIPART_LF,       /* of the delimiter's line */
    MULTIPART_HEAD,
    MULTIPART_BODY,
    MULTIPART_ENDED,    /* at a delimiter behind a body, of which END was not told yet */
    MULTIPART_EPILOGUE, /* behind the last delimiter, dropped */
};

struct multipart {
    enum multipart_state state;
    char delimiter[4 + MULTIPART_BOUNDARY]; /* CR LF - - boundary */
    size_t delimiter_len;
    size_t matched; /* of the delimiter, at the end of what has come */
    size_t dropped; /* of preamble and epilogue */
    size_t line;    /* in `head`, where the line under way starts */
    size_t parts;
    struct buf head; /* of the part under way; `part` lies in it */
    struct multipart_part part;
    struct str data; /* of the last DATA: in the piece, or in `delimiter` */
};

/* By the request's Content-Type. ERR_MEDIA: it is not multipart/form-data; ERR_INVALID: its boundary is none. */
int multipart_init(struct multipart *m, struct str content_type, struct err *e) MUST_USE;
void multipart_release(struct multipart *m); /* accepts a zeroed one */
bool multipart_is(struct str content_type);  /* multipart/form-data, whatever its parameters */

/* Takes bytes off the front of *in. 1: *ret_event has happened, call again; `part` is good from BEGIN to END, `data` until
 * the next call. 0: all was taken, more must come. ERR_*: refused. */
int multipart_take(struct multipart *m, struct str *in, enum multipart_event *ret_event, struct err *e) MUST_USE;
/* Nothing more comes. ERR_INVALID: it is cut short. */
int multipart_end(const struct multipart *m, struct err *e) MUST_USE;

#endif
