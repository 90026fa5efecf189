/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames of bide/1, one JSON object a line (doc/protocol.md): reading what a worker says, writing what bide says.
 * Pure: bytes to struct and back. A member of the wrong kind counts as not said, an unknown op is FRAME_OTHER: a
 * worker made for a later version keeps working.
 */
#ifndef HANDLER_FRAME_H
#define HANDLER_FRAME_H

#include "base/arena.h"
#include "base/json.h"
#include "handler/handler.h"

enum frame_op { FRAME_OTHER, FRAME_READY, FRAME_PONG, FRAME_PROGRESS, FRAME_LOG, FRAME_OUTPUT, FRAME_SAVE, FRAME_DONE, FRAME_FAIL, FRAME_CANCELLED };

struct frame { /* strs are borrowed from the line and the parser, until its next frame */
    enum frame_op op;
    struct str id;             /* empty: none */
    bool has_fence;
    uint64_t fence;            /* 0 when what was said is no fence: fits no attempt */
    int64_t proto, max_batch, concurrency; /* ready; 1 unless said */
    bool ping;                 /* ready */
    struct progress progress;  /* progress; cut to the limits */
    struct str level, text;    /* log; output: text is its `data` */
    int64_t n;                 /* output: the number of its piece; -1: not said */
    struct str data;           /* save: JSON text, `null` when none is to be kept; empty: not said */
    struct str result;         /* done: JSON text; empty: none */
    struct str result_file;    /* done: as said, not checked; empty: none */
    struct str next;           /* done: JSON text; empty: not said */
    const struct str *files;   /* done: names as said, not checked */
    size_t n_files;            /* at most LIMIT_FILES */
    size_t n_files_over;       /* names beyond that, and those that are no strings */
    bool has_files;            /* done: `files` was said, possibly empty */
    struct str code, message, detail, type; /* fail */
    bool has_retry, retry;     /* fail */
    int64_t retry_after_ms;    /* fail; 0: not said */
    bool recycle;              /* fail: about the process, not the task */
};

struct frame_parser {
    struct json json;
    struct arena arena;
};

void frame_parser_init(struct frame_parser *p);
void frame_parser_release(struct frame_parser *p);
/* With the reason: ERR_INVALID when it is JSON, but not an object with a string `op`; any other error: not JSON. */
int frame_parse(struct frame_parser *p, struct str line, struct frame *ret, struct err *e) MUST_USE;
/* About a line that frame_parse refused with rc and e: `not JSON: "Loading model" (unexpected ...)`. */
struct str frame_complaint(struct frame_parser *p, struct str line, int rc, const struct err *e);

/* Writers append one whole line. */
/* `run` for n attempts. Line feeds in an input (blanks between its tokens, nothing else can be one) become spaces;
 * when all inputs and checkpoints together are over LIMIT_FRAME_PAYLOAD, those over their share of it are named as
 * `input_file` and `resume_file`, which are these in the attempt's directory. 1 <= n <= LIMIT_BATCH. */
#define FRAME_INPUT_FILE "input.json"
#define FRAME_RESUME_FILE "resume.json"
extern const char *const frame_files[]; /* these two, NULL at the end */
bool frame_resume_is_file(const struct attempt *const *attempts, size_t n, size_t i);
bool frame_input_is_file(const struct attempt *const *attempts, size_t n, size_t i);
void frame_write_run(struct buf *b, const struct attempt *const *attempts, size_t n);
const char *frame_stop_word(enum stop_reason why); /* as a cancel frame and the answer to a beat say it */
void frame_write_cancel(struct buf *b, const struct attempt *a, enum stop_reason why);
void frame_write_ping(struct buf *b, int64_t n);
void frame_write_stop(struct buf *b);

#endif
