/* SPDX-License-Identifier: Apache-2.0
 *
 * Our end is closed again when it cannot be watched.
 */
#include "handler/child_pipe.h"
#include <unistd.h>

int child_pipe_reader(struct loop *l, struct pipe_reader *r, int *theirs, struct err *e)
{
    int ours = -1;
    int err = pipe_make(&ours, theirs, e);
    if (!err) err = pipe_reader_open(r, l, ours, e);
    if (err && ours >= 0) close(ours);
    return err;
}

int child_pipe_writer(struct loop *l, struct pipe_writer *w, size_t max, int *theirs, struct err *e)
{
    int ours = -1;
    int err = pipe_make(theirs, &ours, e);
    if (!err) err = pipe_writer_open(w, l, ours, max, e);
    if (err && ours >= 0) close(ours);
    return err;
}

int child_pipe_input(struct loop *l, struct pipe_writer *w, struct str input, int *theirs, struct err *e)
{
    int err = child_pipe_writer(l, w, input.len, theirs, e);
    if (err) return err;
    err = pipe_writer_send(w, input);
    if (err) return err_set(e, err, "input of %zu bytes: %s", input.len, err_text(err));
    pipe_writer_end(w);
    return 0;
}
