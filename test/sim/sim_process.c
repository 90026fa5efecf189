/* SPDX-License-Identifier: Apache-2.0
 *
 * A played process: one timer for each thing it works on, one `later` for its death.
 */
#include "test/sim/sim_process.h"
#include "test/sim/sim_plan.h"

#include "base/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- ending ---- */

static void forget(struct sim_work *w)
{
    struct sim_processes *all = w->process->all;
    list_remove(&w->link);
    if (all->on_left) all->on_left(all->user, w);
    free(w);
}

static void leave(struct sim_work *w)
{
    turn_timer_stop(w->process->all->turn, &w->timer);
    forget(w);
}

static bool is_busy(const struct sim_process *p) { return !list_empty(&p->works); }

static struct sim_work *first_work(const struct sim_process *p) { return CONTAINER_OF(p->works.next, struct sim_work, link); }

static void on_dying(struct later *l)
{
    struct sim_process *p = CONTAINER_OF(l, struct sim_process, dying);
    struct child *c = p->child;
    struct child_exit how = {
        .started = !p->sys, .sys = p->sys, .status = p->signal || p->sys ? -1 : p->status, .signal = p->signal};
    turn_timer_stop(p->all->turn, &p->timer);
    list_remove(&p->link);
    c->inside = NULL;
    free(p);
    c->on_exit(c, &how);
}

static void die(struct sim_process *p, int status, int sig)
{
    if (!list_empty(&p->dying.link)) return;
    while (is_busy(p)) leave(first_work(p));
    p->status = status;
    p->signal = sig;
    turn_timer_stop(p->all->turn, &p->timer);
    turn_later(p->all->turn, &p->dying, on_dying);
}

static bool is_dying(const struct sim_process *p) { return !list_empty(&p->dying.link); }

/* ---- saying ---- */

static void say(struct sim_process *p, enum child_stream where, struct buf *b)
{
    p->child->on_data(p->child, where, buf_str(b));
    buf_release(b);
}

static void frame(const struct sim_work *w, const char *op, const char *more)
{
    struct sim_process *p = w->process;
    char id[ID_TEXT], fence[FENCE_TEXT];
    struct buf b;
    buf_init(&b, 1 << 20);
    id_format(&w->id, id);
    id_fence_format(w->fence, fence);
    if (p->exec) buf_add_format(&b, "{\"op\":\"%s\"%s}\n", op, more);
    else buf_add_format(&b, "{\"op\":\"%s\",\"id\":\"%s\",\"fence\":\"%s\"%s}\n", op, id, fence, more);
    say(p, CHILD_FRAMES, &b);
}

static void text(struct sim_process *p, enum child_stream where, const char *what)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_add_text(&b, what);
    say(p, where, &b);
}

/* The last word about a task: it is out when it is heard, for the next may be given at once. */
static void verdict(struct sim_work *w, const char *op, const char *more, int status)
{
    struct sim_work last = *w;
    leave(w);
    frame(&last, op, more);
    if (last.process->exec) die(last.process, status, 0);
}

static void done(struct sim_work *w)
{
    char more[96];
    snprintf(more, sizeof more, ",\"result\":{\"attempt\":%d}%s", w->number, w->names ? ",\"files\":[\"out.txt\"]" : "");
    verdict(w, "done", more, 0);
}

/* ---- doing ---- */

static void print_log(const struct sim_work *w)
{
    struct buf b;
    buf_init(&b, 64 << 20);
    for (int i = 0; i < w->log_bytes; i++) buf_add_char(&b, (char)(i % 64 == 63 ? '\n' : 'a' + i % 26));
    say(w->process, CHILD_STDERR, &b);
}

static void save(const struct sim_work *w)
{
    struct sim_processes *all = w->process->all;
    char more[48];
    snprintf(more, sizeof more, ",\"data\":%lld", (long long)++all->saved);
    if (all->on_save) all->on_save(all->user, w);
    frame(w, "save", more);
}

static void act(struct timer *t)
{
    struct sim_work *w = CONTAINER_OF(t, struct sim_work, timer);
    struct sim_process *p = w->process;
    if (w->log_bytes) print_log(w);
    if (w->saves) save(w);
    switch (w->deed) {
    case SIM_DONE:
    case SIM_HEEDLESS: done(w); break;
    case SIM_FAIL: verdict(w, "fail", ",\"code\":\"quota\",\"message\":\"not now\",\"retry\":true", 75); break;
    case SIM_FATAL: verdict(w, "fail", ",\"message\":\"never\",\"retry\":false", 1); break;
    case SIM_CRASH:
        p->all->crashes++;
        text(p, CHILD_STDERR, "segmentation fault\n");
        die(p, 0, SIGSEGV);
        break;
    case SIM_JUNK: text(p, CHILD_FRAMES, "Loading model...\n"); break;
    case SIM_HANG:
    case SIM_LATE:
    case SIM_DEAF:
    case SIM_STUBBORN: break;
    }
}

static void on_part(struct timer *t)
{
    struct sim_work *w = CONTAINER_OF(t, struct sim_work, timer);
    char more[96], piece[64];
    int of = w->progress + 1;
    snprintf(piece, sizeof piece, ",\"data\":\"%d.%d \"", w->number, w->progress);
    snprintf(more, sizeof more, ",\"percent\":%d,\"message\":\"%d left\"", 100 / (of + 1), w->progress);
    w->progress--;
    w->ms -= w->ms / of;
    turn_timer(w->process->all->turn, t, w->ms / (of - 1), w->progress > 0 ? on_part : act);
    if (w->saves) save(w);
    frame(w, "output", piece);
    frame(w, "progress", more);
}

static void obey(struct timer *t)
{
    struct sim_work *w = CONTAINER_OF(t, struct sim_work, timer);
    if (w->deed == SIM_LATE) done(w);
    else if (w->process->exec) die(w->process, 0, SIGTERM);
    else verdict(w, "cancelled", "", 0);
}

static void asked_to_stop(struct sim_work *w)
{
    if (w->asked || w->deed == SIM_DEAF || w->deed == SIM_STUBBORN || w->deed == SIM_HEEDLESS) return;
    w->asked = true;
    turn_timer(w->process->all->turn, &w->timer, w->process->all->obey_ms, obey);
}

/* ---- being told ---- */

static struct sim_work *work_new(struct sim_process *p, const struct id *id, int number)
{
    struct sim_work *w = mem_new(sizeof *w);
    *w = (struct sim_work){.process = p, .batch = p->all->batches, .id = *id, .number = number};
    list_push(&p->works, &w->link);
    return w;
}

static void begin(struct sim_work *w, const struct json *j, const struct json_node *input)
{
    struct sim_processes *all = w->process->all;
    struct sim_plan plan = sim_plan_read(j, input, w->number, all->any_input);
    w->deed = plan.deed;
    w->ms = plan.ms;
    w->progress = plan.progress;
    w->log_bytes = plan.log_bytes;
    w->names = plan.names;
    w->saves = plan.saves;
    all->runs++;
    if (all->on_begin) all->on_begin(all->user, w);
    if (w->progress > 0) turn_timer(all->turn, &w->timer, w->ms / (w->progress + 1), on_part);
    else turn_timer(all->turn, &w->timer, w->ms, act);
}

static bool takes_more(const struct sim_process *p)
{
    int n = 0;
    LIST_EACH(l, &p->works) n++;
    return n == 0 || n < p->all->concurrency;
}

/* The pool's own tests hold it to what aborts here. */
static void take_run(struct sim_process *p, const struct json *j)
{
    const struct json_node *tasks = json_member(j, json_root(j), STR("tasks"));
    int n = 0;
    p->all->batches++;
    bool takes = p->ready && takes_more(p);
    for (const struct json_node *task = json_first(tasks); task; task = json_next(tasks, task)) {
        struct id id;
        uint64_t fence;
        bool fits = takes && n++ < p->all->max_batch && (p->all->concurrency == 1 || takes_more(p));
        if (!fits || id_parse(&id, sim_plan_text(j, task, "id")) || id_fence_parse(&fence, sim_plan_text(j, task, "fence"))) abort();
        struct sim_work *w = work_new(p, &id, (int)sim_plan_number(j, task, "attempt"));
        w->fence = fence;
        w->resume = sim_plan_number(j, task, "resume");
        begin(w, j, json_member(j, task, STR("input")));
    }
    if (n == 0) abort();
}

static void take_cancel(struct sim_process *p, const struct json *j)
{
    struct id id;
    if (id_parse(&id, sim_plan_text(j, json_root(j), "id"))) abort();
    p->all->cancels++;
    LIST_EACH(l, &p->works)
    {
        struct sim_work *w = CONTAINER_OF(l, struct sim_work, link);
        if (id_cmp(&w->id, &id) == 0) asked_to_stop(w);
    }
}

static void on_stop(struct timer *t) { die(CONTAINER_OF(t, struct sim_process, timer), 0, 0); }

static int send(struct child *c, struct str line)
{
    struct sim_process *p = c->inside;
    if (p->closed || is_dying(p)) return ERR_IO;
    if (p->all->fail_sends > 0) {
        p->all->fail_sends--;
        return ERR_TOO_BIG;
    }
    if (p->all->gone_sends > 0) {
        p->all->gone_sends--;
        die(p, 1, 0);
        return ERR_IO;
    }
    struct json j;
    struct err e;
    json_init(&j);
    if (json_parse(&j, line, &e)) abort();
    struct str op = sim_plan_text(&j, json_root(&j), "op");
    if (str_eq(op, STR("run"))) take_run(p, &j);
    if (str_eq(op, STR("cancel"))) take_cancel(p, &j);
    if (str_eq(op, STR("stop"))) p->all->stops++;
    json_release(&j);
    return 0;
}

static void close_input(struct child *c)
{
    struct sim_process *p = c->inside;
    p->closed = true;
    if (!p->exec && !is_busy(p)) turn_timer(p->all->turn, &p->timer, p->all->obey_ms, on_stop);
}

static struct sim_work *work_that(const struct sim_process *p, enum sim_deed deed)
{
    LIST_EACH(l, &p->works)
    {
        struct sim_work *w = CONTAINER_OF(l, struct sim_work, link);
        if (w->deed == deed) return w;
    }
    return NULL;
}

static void signal_tree(struct child *c, int sig)
{
    struct sim_process *p = c->inside;
    if (sig == SIGKILL) p->all->kills++;
    else p->all->terms++;
    if (sig == SIGKILL) die(p, 0, sig);
    else if (p->exec && work_that(p, SIM_LATE)) asked_to_stop(work_that(p, SIM_LATE));
    else if (!work_that(p, SIM_STUBBORN)) die(p, 0, sig);
}

static void pause_reading(struct child *c, bool paused) { (void)c, (void)paused; }
static void catch_up(struct child *c) { (void)c; } /* what is said is heard at once */

/* ---- starting ---- */

static void on_loaded(struct timer *t)
{
    struct sim_process *p = CONTAINER_OF(t, struct sim_process, timer);
    if (p->all->fail_loads > 0) {
        p->all->fail_loads--;
        text(p, CHILD_STDERR, "out of GPU memory\n");
        die(p, 1, 0);
        return;
    }
    if (p->all->mute) return;
    p->ready = true;
    p->all->loaded++;
    struct buf b;
    buf_init(&b, 256);
    buf_add_format(&b, "{\"op\":\"ready\",\"proto\":1,\"max_batch\":%d,\"concurrency\":%d}\n", p->all->max_batch, p->all->concurrency);
    say(p, CHILD_FRAMES, &b);
}

static void on_exec(struct sim_process *p, const struct child_spec *spec)
{
    struct json j;
    struct err e;
    struct id id;
    json_init(&j);
    if (json_parse(&j, spec->input, &e) || id_parse(&id, str_of(spec->argv[2]))) abort();
    p->exec = p->ready = true;
    p->all->batches++;
    struct sim_work *w = work_new(p, &id, (int)strtol(spec->argv[1], NULL, 10));
    w->resume = sim_plan_resume(spec);
    begin(w, &j, json_root(&j));
    json_release(&j);
}

static int start(struct spawner *s, struct child *c, const struct child_spec *spec, struct err *e)
{
    struct sim_processes *all = CONTAINER_OF(s, struct sim_processes, spawner);
    if (all->fail_starts > 0) {
        all->fail_starts--;
        return err_set(e, ERR_IO, "no more processes");
    }
    struct sim_process *p = mem_new(sizeof *p);
    *p = (struct sim_process){.all = all, .child = c};
    list_init(&p->dying.link);
    list_init(&p->works);
    list_push(&all->alive, &p->link);
    c->inside = p;
    p->number_of_all = ++all->started;
    c->pid = 1000 + (int)all->started;
    if (!spec->input.len && spec->argv[1]) str_copy(p->pool, sizeof p->pool, str_of(spec->argv[1]));
    if (all->on_start) all->on_start(all->user, p);
    if (all->fail_forks > 0) {
        all->fail_forks--;
        p->sys = EAGAIN;
        die(p, 0, 0);
    } else if (spec->input.len) on_exec(p, spec);
    else turn_timer(all->turn, &p->timer, all->load_ms, on_loaded);
    return 0;
}

void sim_process_open(struct sim_processes *all, struct turn *turn)
{
    *all = (struct sim_processes){.spawner = {start, send, close_input, signal_tree, pause_reading, catch_up},
                                  .turn = turn, .load_ms = 1000, .obey_ms = 10, .max_batch = 1, .concurrency = 1};
    list_init(&all->alive);
}

int sim_process_count(const struct sim_processes *all)
{
    int n = 0;
    LIST_EACH(l, &all->alive) n++;
    return n;
}

int sim_process_busy(const struct sim_processes *all)
{
    int n = 0;
    LIST_EACH(l, &all->alive) n += is_busy(CONTAINER_OF(l, struct sim_process, link));
    return n;
}

void sim_process_kill_all(struct sim_processes *all)
{
    LIST_EACH(l, &all->alive) die(CONTAINER_OF(l, struct sim_process, link), 0, SIGKILL);
}

void sim_process_forget_all(struct sim_processes *all, struct turn *turn)
{
    for (struct list *l; (l = list_shift(&all->alive));) {
        struct sim_process *p = CONTAINER_OF(l, struct sim_process, link);
        while (is_busy(p)) forget(first_work(p));
        free(p);
    }
    all->turn = turn;
}
