/* SPDX-License-Identifier: Apache-2.0
 *
 * What handlers are tested with: a clock and a turn that the test drives, a spawner without processes that records
 * what it was asked for and says what the test makes it say, and attempts that record what they hear. A child that
 * was sent SIGKILL is dead in the next turn, as the spawn seam promises; anything else is up to the test.
 */
#ifndef TEST_FAKE_H
#define TEST_FAKE_H

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "handler/handler.h"
#include "test.h"
#include "task/pieces.h"
#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#define FAKE_CHILDREN 64

struct fake_child {
    struct fake *fake;
    struct child *child; /* NULL: over */
    struct buf sent;     /* to fd 3 */
    bool input_closed;
    int terms, kills;
    int64_t started_at_ms, term_at_ms, kill_at_ms;
    char argv[8][64];    /* cut */
    int n_argv;
    char env[4][128];     /* cut */
    int n_env;
    struct buf input;    /* stdin */
    bool frames;
    int nice;
    const char *held[2]; /* stdout, stderr: written, but not read yet */
    struct later dying;
};

struct fake {
    struct clock clock;
    int64_t now_ms;      /* mono; wall is a day more */
    struct rng_seeded rng;
    struct turn turn;
    struct spawner spawner;
    struct fake_child children[FAKE_CHILDREN];
    int n;               /* children started so far */
    int start_error;     /* not 0: start fails with it */
    int send_error;      /* not 0: send fails with it */
    int deaf;            /* with send_error: for this child only, from 1; 0: for all */
    struct buf events;   /* on_event, one a line */
    int rooms;           /* calls of on_room */
    int drained;         /* calls of on_drained */
};

static inline struct fake *fake_of_clock(const struct clock *c) { return (struct fake *)(void *)((char *)(uintptr_t)c - offsetof(struct fake, clock)); }
static int64_t fake_mono(const struct clock *c) { return fake_of_clock(c)->now_ms; }
static int64_t fake_wall(const struct clock *c) { return fake_of_clock(c)->now_ms + 86400000; }

static struct fake_child *fake_find(struct child *c) { return c->inside; }

static int fake_start(struct spawner *s, struct child *c, const struct child_spec *spec, struct err *e)
{
    struct fake *f = CONTAINER_OF(s, struct fake, spawner);
    if (f->start_error) return err_set(e, f->start_error, "no more processes");
    if (f->n == FAKE_CHILDREN) abort();
    struct fake_child *k = &f->children[f->n++];
    *k = (struct fake_child){.fake = f, .child = c, .started_at_ms = f->now_ms, .frames = spec->frames, .nice = spec->nice};
    buf_init(&k->sent, 64 * 1024 * 1024);
    buf_init(&k->input, 64 * 1024 * 1024);
    buf_add_str(&k->input, spec->input);
    list_init(&k->dying.link);
    for (; spec->env && spec->env[k->n_env] && k->n_env < 4; k->n_env++)
        str_copy(k->env[k->n_env], sizeof k->env[0], str_of(spec->env[k->n_env]));
    for (; spec->argv[k->n_argv] && k->n_argv < 8; k->n_argv++)
        str_copy(k->argv[k->n_argv], sizeof k->argv[0], str_of(spec->argv[k->n_argv]));
    c->inside = k;
    return 0;
}

static int fake_send(struct child *c, struct str frame)
{
    struct fake_child *k = fake_find(c);
    bool fails = k->fake->send_error && (k->fake->deaf == 0 || k == &k->fake->children[k->fake->deaf - 1]);
    if (fails || k->input_closed) return fails ? k->fake->send_error : ERR_IO;
    buf_add_str(&k->sent, frame);
    return 0;
}

static void fake_close_input(struct child *c) { fake_find(c)->input_closed = true; }

static void fake_end(struct fake_child *k, struct child_exit how)
{
    struct child *c = k->child;
    if (!c) return;
    k->child = NULL;
    turn_later_cancel(&k->dying);
    c->on_exit(c, &how);
}

static void fake_dies(struct later *l)
{
    fake_end(CONTAINER_OF(l, struct fake_child, dying), (struct child_exit){.started = true, .status = -1, .signal = SIGKILL});
}

static void fake_signal_tree(struct child *c, int sig)
{
    struct fake_child *k = fake_find(c);
    if (sig == SIGTERM) {
        k->terms++;
        k->term_at_ms = k->fake->now_ms;
    } else {
        k->kills++;
        k->kill_at_ms = k->fake->now_ms;
        turn_later(&k->fake->turn, &k->dying, fake_dies);
    }
}

static void fake_pause(struct child *c, bool paused)
{
    (void)c;
    (void)paused;
}

static void fake_catch_up(struct child *c)
{
    struct fake_child *k = fake_find(c);
    for (int from = CHILD_STDOUT; from <= CHILD_STDERR; from++) {
        const char *text = k->held[from];
        k->held[from] = NULL;
        if (text) c->on_data(c, (enum child_stream)from, str_of(text));
    }
}

static inline void fake_init(struct fake *f)
{
    *f = (struct fake){.clock = {fake_wall, fake_mono}, .now_ms = 1000000};
    f->spawner = (struct spawner){fake_start, fake_send, fake_close_input, fake_signal_tree, fake_pause, fake_catch_up};
    rng_seeded_init(&f->rng, 1);
    turn_init(&f->turn, &f->clock, &f->rng.rng);
    buf_init(&f->events, 1024 * 1024);
}

static inline void fake_release(struct fake *f)
{
    for (int i = 0; i < f->n; i++) {
        buf_release(&f->children[i].sent);
        buf_release(&f->children[i].input);
    }
    buf_release(&f->events);
    turn_release(&f->turn);
}

static inline void fake_run(struct fake *f) { turn_run(&f->turn); }

/* Lets time pass, stopping at everything that is due on the way. */
static inline void fake_pass(struct fake *f, int64_t ms)
{
    int64_t until_ms = f->now_ms + ms;
    turn_run(&f->turn);
    for (;;) {
        int64_t next_ms = turn_next_ms(&f->turn);
        if (next_ms < 0 || f->now_ms + next_ms > until_ms) break;
        f->now_ms += next_ms;
        turn_run(&f->turn);
    }
    f->now_ms = until_ms;
    turn_run(&f->turn);
}

static inline void fake_says(struct fake *f, int i, enum child_stream from, const char *text)
{
    struct child *c = f->children[i].child;
    if (c) c->on_data(c, from, str_of(text));
}
static inline void fake_hangs_up(struct fake *f, int i)
{
    struct child *c = f->children[i].child;
    if (c && c->on_frames_end) c->on_frames_end(c);
    fake_run(f);
}
static inline void fake_frame(struct fake *f, int i, const char *line)
{
    fake_says(f, i, CHILD_FRAMES, line);
    fake_says(f, i, CHILD_FRAMES, "\n");
    fake_run(f);
}
static inline void fake_ready(struct fake *f, int i) { fake_frame(f, i, "{\"op\":\"ready\",\"proto\":1,\"max_batch\":1,\"concurrency\":1}"); }
static inline void fake_exits(struct fake *f, int i, int status)
{
    fake_end(&f->children[i], (struct child_exit){.started = true, .status = status});
    fake_run(f);
}
static inline void fake_killed(struct fake *f, int i, int sig)
{
    fake_end(&f->children[i], (struct child_exit){.started = true, .status = -1, .signal = sig});
    fake_run(f);
}
static inline void fake_not_executed(struct fake *f, int i, int sys)
{
    fake_end(&f->children[i], (struct child_exit){.sys = sys, .status = -1});
    fake_run(f);
}
static inline bool fake_alive(const struct fake *f, int i) { return f->children[i].child != NULL; }
static inline bool fake_was_sent(const struct fake *f, int i, const char *part)
{
    return f->children[i].sent.p && strstr(f->children[i].sent.p, part);
}

/* An attempt and what it heard. */
struct heard {
    struct attempt attempt;
    struct task_body body;
    char dir[64];
    struct buf log;
    struct pieces output;
    int n_progress, n_verdicts;
    double percent;
    char progress_message[64], progress_data[64];
    int n_saves;
    char saved[256]; /* the last one */
    enum life_event event;
    bool retryable, shared;
    int64_t retry_after_ms;
    struct str code, message, detail, type, result, files, shortage; /* owned copies */
    void (*then)(struct heard *h); /* called at the end of on_verdict */
    void *user;
};

static void heard_progress(struct attempt *a, const struct progress *p)
{
    struct heard *h = CONTAINER_OF(a, struct heard, attempt);
    h->n_progress++;
    h->percent = p->percent;
    str_copy(h->progress_message, sizeof h->progress_message, p->message);
    str_copy(h->progress_data, sizeof h->progress_data, p->data);
}
static void heard_save(struct attempt *a, struct str data)
{
    struct heard *h = CONTAINER_OF(a, struct heard, attempt);
    h->n_saves++;
    str_copy(h->saved, sizeof h->saved, data);
}
static void heard_log(struct attempt *a, struct str bytes) { buf_add_str(&CONTAINER_OF(a, struct heard, attempt)->log, bytes); }
static bool heard_output(struct attempt *a, int64_t n, struct str text)
{
    return pieces_add(&CONTAINER_OF(a, struct heard, attempt)->output, n, text) != PIECES_FULL;
}
static void heard_verdict(struct attempt *a, const struct verdict *v)
{
    struct heard *h = CONTAINER_OF(a, struct heard, attempt);
    h->n_verdicts++;
    h->event = v->event;
    h->retryable = v->retryable;
    h->shared = v->shared;
    h->retry_after_ms = v->retry_after_ms;
    if (h->n_verdicts > 1) return; /* the test sees the number */
    h->code = mem_str(v->failure.code);
    h->message = mem_str(v->failure.message);
    h->detail = mem_str(v->failure.detail);
    h->type = mem_str(v->failure.type);
    h->result = mem_str(v->result);
    h->files = mem_str(v->files);
    h->shortage = mem_str(v->shortage);
    if (h->then) h->then(h);
}
static const struct attempt_events heard_events = {heard_progress, heard_save, heard_log, heard_output, heard_verdict};

/* `number` makes the id (and, with the attempt, the fence). timeout 30 s, grace 10 s. */
static inline void heard_init(struct heard *h, struct handler *handler, int number, const char *input)
{
    *h = (struct heard){0};
    h->body.id.b[6] = 0x70;
    h->body.id.b[8] = 0x80;
    h->body.id.b[15] = (uint8_t)number;
    h->body.id.b[14] = (uint8_t)(number >> 8);
    h->body.type = STR("transcribe");
    h->body.timeout_ms = 30000;
    h->body.grace_ms = 10000;
    h->body.input = str_of(input);
    snprintf(h->dir, sizeof h->dir, "/tmp/bide-handler-XXXXXX");
    if (!mkdtemp(h->dir)) abort();
    buf_init(&h->log, 64 * 1024 * 1024);
    pieces_init(&h->output);
    h->attempt = (struct attempt){.task = &h->body, .fence = 0x1000 + (uint64_t)number, .run = 1, .number = 1,
                                  .dir = h->dir, .events = &heard_events, .handler = handler};
}

static inline void heard_release(struct heard *h)
{
    struct str *owned[] = {&h->code, &h->message, &h->detail, &h->type, &h->result, &h->files, &h->shortage};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free((char *)(uintptr_t)owned[i]->p);
    buf_release(&h->log);
    pieces_release(&h->output);
    DIR *d = opendir(h->dir);
    for (const struct dirent *entry; d && (entry = readdir(d));) unlinkat(dirfd(d), entry->d_name, 0);
    if (d) closedir(d);
    rmdir(h->dir);
}

static inline void heard_file(const struct heard *h, const char *name, const void *bytes, size_t len)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", h->dir, name);
    FILE *file = fopen(path, "w");
    if (!file || fwrite(bytes, 1, len, file) != len) abort();
    fclose(file);
}

static inline bool heard_logged(const struct heard *h, const char *part) { return h->log.p && strstr(h->log.p, part); }

/* A frame about the attempt, with its fence: op and the members after it, from a comma on. */
static inline void fake_about(struct fake *f, int i, const struct heard *h, const char *op, const char *more)
{
    char id[ID_TEXT], fence[FENCE_TEXT];
    struct buf line;
    id_format(&h->body.id, id);
    id_fence_format(h->attempt.fence, fence);
    buf_init(&line, 64 * 1024 * 1024);
    buf_add_format(&line, "{\"op\":\"%s\",\"id\":\"%s\",\"fence\":\"%s\"", op, id, fence);
    buf_add_text(&line, more);
    buf_add_text(&line, "}");
    fake_frame(f, i, line.p);
    buf_release(&line);
}

static void fake_on_room(struct handler *h) { ((struct fake *)h->user)->rooms++; }
static void fake_on_event(struct handler *h, enum log_level level, const char *what)
{
    (void)level;
    struct fake *f = h->user;
    buf_add_format(&f->events, "%s\n", what);
}
static inline void fake_watch(struct fake *f, struct handler *h)
{
    h->user = f;
    h->on_room = fake_on_room;
    h->on_event = fake_on_event;
}
static void fake_on_drained(void *user) { ((struct fake *)user)->drained++; }

/* Drains, lets time pass, ends what is busy still, frees. */
static inline void fake_close(struct fake *f, struct handler *h)
{
    if (f->drained == 0) h->ops->drain(h, fake_on_drained, f);
    fake_pass(f, 60000);
    for (int i = 0; i < f->n; i++)
        if (fake_alive(f, i)) fake_exits(f, i, 0);
    if (f->drained != 1) abort();
    h->ops->free(h);
    fake_release(f);
}

#endif
