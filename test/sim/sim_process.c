/* SPDX-License-Identifier: Apache-2.0
 *
 * A played process: one timer for what it does next, one `later` for its death.
 */
#include "test/sim/sim_process.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const deeds[] = {"done", "fail", "fatal", "crash", "junk", "hang", "late", "heedless", "deaf", "stubborn"};

/* ---- ending ---- */

static void leave(struct sim_process *p)
{
    if (!p->busy) return;
    p->busy = false;
    if (p->all->on_left) p->all->on_left(p->all->user, p);
}

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
    leave(p);
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

static void frame(struct sim_process *p, const char *op, const char *more)
{
    char id[ID_TEXT], fence[FENCE_TEXT];
    struct buf b;
    buf_init(&b, 1 << 20);
    id_format(&p->id, id);
    id_fence_format(p->fence, fence);
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

/* The last word about a task: it is not busy when it is heard, for the next task may be given at once. */
static void verdict(struct sim_process *p, const char *op, const char *more, int status)
{
    leave(p);
    turn_timer_stop(p->all->turn, &p->timer);
    if (p->exec) {
        frame(p, op, more);
        die(p, status, 0);
    } else {
        frame(p, op, more);
    }
}

static void done(struct sim_process *p)
{
    char more[96];
    snprintf(more, sizeof more, ",\"result\":{\"attempt\":%d}%s", p->number, p->names ? ",\"files\":[\"out.txt\"]" : "");
    verdict(p, "done", more, 0);
}

/* ---- doing ---- */

static void print_log(struct sim_process *p)
{
    struct buf b;
    buf_init(&b, 64 << 20);
    for (int i = 0; i < p->log_bytes; i++) buf_add_char(&b, (char)(i % 64 == 63 ? '\n' : 'a' + i % 26));
    say(p, CHILD_STDERR, &b);
}

static void act(struct timer *t)
{
    struct sim_process *p = CONTAINER_OF(t, struct sim_process, timer);
    if (p->log_bytes) print_log(p);
    switch (p->deed) {
    case SIM_DONE:
    case SIM_HEEDLESS: done(p); break;
    case SIM_FAIL: verdict(p, "fail", ",\"code\":\"quota\",\"message\":\"not now\",\"retry\":true", 75); break;
    case SIM_FATAL: verdict(p, "fail", ",\"message\":\"never\",\"retry\":false", 1); break;
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
    struct sim_process *p = CONTAINER_OF(t, struct sim_process, timer);
    char more[96];
    int of = p->progress + 1;
    snprintf(more, sizeof more, ",\"percent\":%d,\"message\":\"%d left\"", 100 / (of + 1), p->progress);
    p->progress--;
    p->ms -= p->ms / of;
    turn_timer(p->all->turn, t, p->ms / (of - 1), p->progress > 0 ? on_part : act);
    frame(p, "progress", more);
}

static void obey(struct timer *t)
{
    struct sim_process *p = CONTAINER_OF(t, struct sim_process, timer);
    if (p->deed == SIM_LATE) done(p);
    else if (p->exec) die(p, 0, SIGTERM);
    else verdict(p, "cancelled", "", 0);
}

static void asked_to_stop(struct sim_process *p)
{
    if (!p->busy || p->asked || p->deed == SIM_DEAF || p->deed == SIM_STUBBORN || p->deed == SIM_HEEDLESS) return;
    p->asked = true;
    turn_timer(p->all->turn, &p->timer, p->all->obey_ms, obey);
}

/* ---- being told ---- */

static enum sim_deed deed_of(const struct sim_processes *all, struct str words, int number)
{
    struct str word = str_cut(&words, ' ');
    while (--number > 0 && words.len) word = str_cut(&words, ' ');
    for (size_t i = 0; i < sizeof deeds / sizeof *deeds; i++)
        if (str_eq(word, str_of(deeds[i]))) return (enum sim_deed)i;
    if (!all->any_input) abort();
    return SIM_DONE;
}

static int64_t number_of(const struct json *j, const struct json_node *object, const char *name)
{
    int64_t n = 0;
    const struct json_node *v = json_member(j, object, str_of(name));
    return v && v->kind == JSON_NUMBER && json_int(j, v, &n) == 0 ? n : 0;
}

static struct str text_of(const struct json *j, const struct json_node *object, const char *name)
{
    const struct json_node *v = json_member(j, object, str_of(name));
    return v && v->kind == JSON_STRING && !v->escaped ? json_string(j, v, NULL) : STR_NONE;
}

static int64_t within(int64_t n, int64_t most) { return n < 0 ? 0 : n > most ? most : n; }

static void begin(struct sim_process *p, const struct json *j, const struct json_node *input)
{
    struct sim_processes *all = p->all;
    struct str plan = text_of(j, input, "do");
    p->deed = deed_of(all, plan.len ? plan : STR("done"), p->number);
    p->ms = within(number_of(j, input, "ms"), LIMIT_DELAY_MS);
    p->progress = (int)within(number_of(j, input, "progress"), 1000);
    p->log_bytes = (int)within(number_of(j, input, "log"), 16 << 20);
    p->names = number_of(j, input, "out") != 0;
    p->busy = true;
    p->began_ms = turn_mono_ms(all->turn);
    p->asked = false;
    all->runs++;
    if (all->on_begin) all->on_begin(all->user, p);
    if (p->progress > 0) turn_timer(all->turn, &p->timer, p->ms / (p->progress + 1), on_part);
    else turn_timer(all->turn, &p->timer, p->ms, act);
}

static void take_run(struct sim_process *p, const struct json *j)
{
    const struct json_node *task = json_first(json_member(j, json_root(j), STR("tasks")));
    if (p->busy || !p->ready || id_parse(&p->id, text_of(j, task, "id")) || id_fence_parse(&p->fence, text_of(j, task, "fence")))
        abort(); /* the pool's own tests hold it to this */
    p->number = (int)number_of(j, task, "attempt");
    begin(p, j, json_member(j, task, STR("input")));
}

static void on_stop(struct timer *t) { die(CONTAINER_OF(t, struct sim_process, timer), 0, 0); }

static int send(struct child *c, struct str line)
{
    struct sim_process *p = c->inside;
    if (p->closed || is_dying(p)) return ERR_IO;
    if (p->all->fail_sends > 0) {
        p->all->fail_sends--;
        return ERR_IO;
    }
    struct json j;
    struct err e;
    json_init(&j);
    if (json_parse(&j, line, &e)) abort();
    struct str op = text_of(&j, json_root(&j), "op");
    if (str_eq(op, STR("run"))) take_run(p, &j);
    if (str_eq(op, STR("cancel"))) p->all->cancels++, asked_to_stop(p);
    if (str_eq(op, STR("stop"))) p->all->stops++;
    json_release(&j);
    return 0;
}

static void close_input(struct child *c)
{
    struct sim_process *p = c->inside;
    p->closed = true;
    if (!p->exec && !p->busy) turn_timer(p->all->turn, &p->timer, p->all->obey_ms, on_stop);
}

static void signal_tree(struct child *c, int sig)
{
    struct sim_process *p = c->inside;
    if (sig == SIGKILL) p->all->kills++;
    else p->all->terms++;
    if (sig == SIGKILL) die(p, 0, sig);
    else if (p->exec && p->deed == SIM_LATE) asked_to_stop(p);
    else if (!(p->busy && p->deed == SIM_STUBBORN)) die(p, 0, sig);
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
    text(p, CHILD_FRAMES, "{\"op\":\"ready\",\"proto\":1,\"max_batch\":1,\"concurrency\":1}\n");
}

static void on_exec(struct sim_process *p, const struct child_spec *spec)
{
    struct json j;
    struct err e;
    json_init(&j);
    if (json_parse(&j, spec->input, &e) || id_parse(&p->id, str_of(spec->argv[2]))) abort();
    p->exec = p->ready = true;
    p->number = (int)strtol(spec->argv[1], NULL, 10);
    begin(p, &j, json_root(&j));
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
    list_push(&all->alive, &p->link);
    c->inside = p;
    p->number_of_all = ++all->started;
    c->pid = 1000 + (int)all->started;
    if (!spec->input.len && spec->argv[1]) str_copy(p->pool, sizeof p->pool, str_of(spec->argv[1]));
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
                                  .turn = turn, .load_ms = 1000, .obey_ms = 10};
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
    LIST_EACH(l, &all->alive) n += CONTAINER_OF(l, struct sim_process, link)->busy;
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
        leave(p);
        free(p);
    }
    all->turn = turn;
}
