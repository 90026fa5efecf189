/* SPDX-License-Identifier: Apache-2.0
 *
 * Children under keepers. Each has up to seven pipes: stdin, stdout, stderr, frames in and out for the program, control
 * and report for the keeper. What decides is the keeper's own end, seen through its pidfd: by then the tree is dead and
 * everything it wrote is in the pipes, so those are emptied and closed. It must never wait for end of file on them: a
 * program may have handed its descriptors to someone else.
 *
 *   starting ──pid──▶ running ──exit, signal──▶ ended ──clean, keeper exits──▶ over (on_exit)
 *                        └──exec──▶ failed ──exit─▲
 *
 * A keeper that dies without "clean" was killed itself: its program dies with it (PR_SET_PDEATHSIG), the program's
 * process group is killed from here, then what is left of its tree (strays.h), and the child counts as ended by SIGKILL.
 */
#include "handler/child_keeper.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/list.h"
#include "base/mem.h"
#include "handler/child_pipe.h"
#include "handler/child_report.h"
#include "handler/keeper.h"
#include "handler/keeper_call.h"
#include "handler/keeper_image.h"
#include "handler/keeper_lock.h"
#include "handler/strays.h"
#include "loop/pipe.h"
#include "loop/process.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define STREAMS 3 /* enum child_stream */
#define CLOSE_WAIT_MS 5000
#define LOOK_AGAIN_MS 10
#define ROUSE_MS 200

struct child_keeper {
    struct spawner spawner;
    struct loop *loop; /* borrowed */
    char *lock_path;   /* owned; absolute */
    int64_t open_files;
    int null_fd;       /* owned; /dev/null, for what a program does not get */
    int image_fd;      /* owned; the keeper's program, -1: bide itself is run as keeper */
    char program[32];  /* path of it */
    struct list kept;  /* struct kept.link */
    struct strays strays;
};

struct kept_stream {
    struct pipe_reader reader;
    struct kept *kept;
    enum child_stream from;
};

struct kept {
    struct list link;
    struct child_keeper *all;
    struct child *child; /* borrowed from its owner */
    struct turn *turn;   /* borrowed */
    struct process keeper;
    struct kept_stream streams[STREAMS];
    struct pipe_reader report;
    struct pipe_writer input, frames;
    int control; /* owned; -1: closed, which is the order to kill */
    struct child_report said;
    struct timer rouse; /* set from the order to kill on, and while strays are ended */
    bool roused;        /* after the order to kill */
    bool broken;        /* something that it wrote could not be read */
};

static void close_fd(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

/* ---- what the keeper says ---- */

static void on_report(struct pipe_reader *r, struct str bytes)
{
    struct kept *k = CONTAINER_OF(r, struct kept, report);
    child_report_feed(&k->said, bytes);
    k->child->pid = k->said.pid;
}

static void on_stream(struct pipe_reader *r, struct str bytes)
{
    struct kept_stream *s = CONTAINER_OF(r, struct kept_stream, reader);
    s->kept->child->on_data(s->kept->child, s->from, bytes);
}

static void signal_tree(struct child *c, int signal);

/* When it is broken, part of the output is lost. What the program would still say is not the whole, so it is killed and
 * counts as such. */
static void on_stream_end(struct pipe_reader *r)
{
    const struct kept_stream *s = CONTAINER_OF(r, struct kept_stream, reader);
    struct child *c = s->kept->child;
    if (r->broken) {
        s->kept->broken = true;
        signal_tree(c, SIGKILL);
    } else if (s->from == CHILD_FRAMES && c->on_frames_end) {
        c->on_frames_end(c);
    }
}

/* ---- the end ---- */

static void release(struct kept *k)
{
    for (int i = 0; i < STREAMS; i++) pipe_reader_close(&k->streams[i].reader);
    pipe_reader_close(&k->report);
    pipe_writer_close(&k->input);
    pipe_writer_close(&k->frames);
    close_fd(&k->control);
    turn_timer_stop(k->turn, &k->rouse);
    list_remove(&k->link);
    k->child->inside = NULL;
    free(k);
}

/* Fills in what the keeper did not say. */
static void settle(struct kept *k)
{
    if (k->broken) {
        k->said.how = (struct child_exit){.started = true, .status = -1, .signal = SIGKILL};
        return;
    }
    bool ordered = k->control < 0 && k->said.how.sys == 0; /* maybe before it began */
    if (k->said.how.started ? !k->said.ended : ordered) {
        k->said.how = (struct child_exit){.started = true, .status = -1, .signal = SIGKILL};
    } else if (!k->said.how.started) {
        if (k->said.how.sys == 0) k->said.how.sys = ECHILD;
        k->said.how.status = -1; /* that of the keeper's child, which could not become the program */
        k->said.how.signal = 0;
    }
}

static void over(struct kept *k)
{
    struct child *c = k->child;
    for (int i = 0; i < STREAMS; i++) pipe_reader_drain(&k->streams[i].reader);
    settle(k);
    struct child_exit end = k->said.how;
    release(k);
    c->on_exit(c, &end);
}

static bool is_keeper(void *user, int pid)
{
    struct child_keeper *ck = user;
    LIST_EACH (it, &ck->kept)
        if (CONTAINER_OF(it, struct kept, link)->keeper.pid == pid) return true;
    return false;
}

static void on_sweep(struct timer *t)
{
    struct kept *k = CONTAINER_OF(t, struct kept, rouse);
    if (strays_end(&k->all->strays, is_keeper, k->all)) over(k);
    else turn_timer(k->turn, &k->rouse, LOOK_AGAIN_MS, on_sweep);
}

/* The tree is dead, or its keeper is. */
static void on_keeper_exit(struct process *p, const struct process_exit *how)
{
    struct kept *k = CONTAINER_OF(p, struct kept, keeper);
    int pid = k->child->pid;
    (void)how; /* the report says more */
    p->pid = 0; /* reaped */
    pipe_reader_drain(&k->report);
    /* A group; 1 would be everything there is. One that has ended was reaped: its number may be a stranger's by now. */
    if (!k->said.clean && !k->said.ended && pid > 1) kill(-pid, SIGKILL);
    if (k->said.clean) over(k);
    else on_sweep(&k->rouse);
}

/* ---- the start ---- */

static int open_pipes(struct child_keeper *ck, struct kept *k, const struct child_spec *spec, int *theirs,
                      struct err *e)
{
    struct loop *l = ck->loop;
    int err;
    theirs[0] = theirs[KEEPER_IN] = theirs[KEEPER_OUT] = ck->null_fd;
    if ((err = pipe_make(&theirs[KEEPER_CONTROL], &k->control, e)) != 0) return err;
    if ((err = child_pipe_reader(l, &k->report, &theirs[KEEPER_REPORT], e)) != 0) return err;
    if ((err = child_pipe_reader(l, &k->streams[CHILD_STDOUT].reader, &theirs[1], e)) != 0) return err;
    if ((err = child_pipe_reader(l, &k->streams[CHILD_STDERR].reader, &theirs[2], e)) != 0) return err;
    if (spec->input.len && (err = child_pipe_input(l, &k->input, spec->input, &theirs[0], e)) != 0) return err;
    if (!spec->frames) return 0;
    if ((err = child_pipe_writer(l, &k->frames, 4 * LIMIT_FRAME, &theirs[KEEPER_IN], e)) != 0) return err;
    return child_pipe_reader(l, &k->streams[CHILD_FRAMES].reader, &theirs[KEEPER_OUT], e);
}

/* An image in memory, or /proc/self/exe and not its path: still this version when the file has been replaced. */
static int start_keeper(struct child_keeper *ck, struct kept *k, const struct child_spec *spec, const int *theirs,
                        struct err *e)
{
    struct arena arena;
    arena_init(&arena);
    struct process_spec process = {.path = ck->program,
                                   .argv = keeper_call_argv(&arena, spec, ck->lock_path, ck->open_files),
                                   .env = keeper_call_env(&arena, spec),
                                   .fds = theirs,
                                   .n_fds = KEEPER_FDS};
    k->keeper.on_exit = on_keeper_exit;
    int err = process_start(&k->keeper, ck->loop, &process, e);
    arena_release(&arena);
    return err;
}

static struct kept *kept_new(struct child_keeper *ck, struct child *c)
{
    struct kept *k = mem_new(sizeof *k);
    k->all = ck;
    k->child = c;
    k->turn = loop_turn(ck->loop);
    k->control = -1;
    k->said.how.status = -1;
    k->report.on_data = on_report;
    for (int i = 0; i < STREAMS; i++) {
        k->streams[i].reader.on_data = on_stream;
        k->streams[i].reader.on_end = on_stream_end;
        k->streams[i].kept = k;
        k->streams[i].from = (enum child_stream)i;
    }
    list_push(&ck->kept, &k->link);
    c->inside = k;
    c->pid = 0;
    return k;
}

static int start(struct spawner *s, struct child *c, const struct child_spec *spec, struct err *e)
{
    struct child_keeper *ck = CONTAINER_OF(s, struct child_keeper, spawner);
    int theirs[KEEPER_FDS] = {-1, -1, -1, -1, -1, -1, -1};
    if (!spec->argv || !spec->argv[0]) return err_set(e, ERR_INVALID, "no program to run");
    struct kept *k = kept_new(ck, c);
    int err = open_pipes(ck, k, spec, theirs, e);
    if (!err) err = start_keeper(ck, k, spec, theirs, e);
    for (size_t i = 0; i < KEEPER_FDS; i++)
        if (theirs[i] != ck->null_fd) close_fd(&theirs[i]);
    if (err) release(k);
    else (void)fcntl(k->control, F_SETFL, O_NONBLOCK); /* a keeper that does not read must not stop the loop */
    return err;
}

/* ---- while it runs; each may be called after on_exit, too, and then does nothing ---- */

static int send_frame(struct child *c, struct str frame)
{
    struct kept *k = c->inside;
    return k ? pipe_writer_send(&k->frames, frame) : ERR_IO;
}

static void close_input(struct child *c)
{
    struct kept *k = c->inside;
    if (k) pipe_writer_end(&k->frames);
}

/* The program may have stopped its keeper, or be about to. A keeper that is stopped again would never come to its work: it is
 * killed, and what it kept comes to us. */
static void on_rouse(struct timer *t)
{
    struct kept *k = CONTAINER_OF(t, struct kept, rouse);
    bool given_up = k->roused && !k->all->strays.off && process_is_stopped(&k->keeper);
    process_signal(&k->keeper, given_up ? SIGKILL : SIGCONT);
    k->roused = true;
    turn_timer(k->turn, &k->rouse, ROUSE_MS, on_rouse);
}

static void signal_tree(struct child *c, int signal)
{
    struct kept *k = c->inside;
    if (!k || k->control < 0 || !k->keeper.inside) return;
    if (signal == SIGKILL) {
        close_fd(&k->control);
        on_rouse(&k->rouse);
    } else {
        (void)!write(k->control, &(char){KEEPER_TERM}, 1); /* fails when the keeper is done, or has 64 Ki such orders */
        process_signal(&k->keeper, SIGCONT);
    }
}

static void pause_output(struct child *c, bool paused)
{
    struct kept *k = c->inside;
    for (int i = 0; k && i < STREAMS; i++) pipe_reader_pause(&k->streams[i].reader, paused);
}

static void catch_up(struct child *c)
{
    struct kept *k = c->inside;
    if (k) pipe_reader_drain(&k->streams[CHILD_STDOUT].reader);
    if (k) pipe_reader_drain(&k->streams[CHILD_STDERR].reader);
}

/* ---- the spawner ---- */

int child_keeper_open(struct spawner **ret, struct loop *l, const char *lock_path, int64_t open_files, struct err *e)
{
    int lock_fd;
    char *path;
    if (access("/proc/thread-self/children", R_OK) < 0)
        return err_set_errno(e, ERR_UNSUPPORTED, errno,
                             "/proc/thread-self/children, which finds the processes of a task");
    int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_fd < 0) return err_set_errno(e, ERR_IO, errno, "/dev/null");
    int err = keeper_lock_open(&lock_fd, &path, lock_path, e);
    if (err) {
        close(null_fd);
        return err;
    }
    close(lock_fd);
    struct child_keeper *ck = mem_new(sizeof *ck);
    *ck = (struct child_keeper){.spawner = {start, send_frame, close_input, signal_tree, pause_output, catch_up},
                                .loop = l,
                                .lock_path = path,
                                .open_files = open_files,
                                .null_fd = null_fd};
    ck->image_fd = keeper_image_open();
    if (ck->image_fd < 0) snprintf(ck->program, sizeof ck->program, "/proc/self/exe");
    else snprintf(ck->program, sizeof ck->program, "/proc/self/fd/%d", ck->image_fd);
    list_init(&ck->kept);
    strays_init(&ck->strays);
    *ret = &ck->spawner;
    return 0;
}

void child_keeper_close(struct spawner *s)
{
    if (!s) return;
    struct child_keeper *ck = CONTAINER_OF(s, struct child_keeper, spawner);
    int64_t until_ms = clock_mono_ms(&clock_system) + CLOSE_WAIT_MS;
    bool swept = false; /* strays were being ended */
    LIST_EACH (it, &ck->kept) signal_tree(CONTAINER_OF(it, struct kept, link)->child, SIGKILL);
    LIST_EACH_SAFE (it, &ck->kept) {
        struct kept *k = CONTAINER_OF(it, struct kept, link);
        swept |= !k->keeper.inside;
        process_close(&k->keeper, until_ms - clock_mono_ms(&clock_system));
        release(k);
    }
    while (swept && !strays_end(&ck->strays, is_keeper, ck) && clock_mono_ms(&clock_system) < until_ms)
        poll(NULL, 0, LOOK_AGAIN_MS); /* sleep: there is no descriptor for them */
    close(ck->null_fd);
    close_fd(&ck->image_fd);
    free(ck->lock_path);
    free(ck);
}
