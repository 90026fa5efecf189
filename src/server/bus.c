/* SPDX-License-Identifier: Apache-2.0
 *
 * The ring is by number: event n lies at n modulo its size. A listener of all looks at every event from its place on; one of a
 * task goes from event to event of it, so that what happens to others costs it nothing and cannot push it out.
 */
#include "server/bus.h"

#include "base/limits.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define WAKE_MOST 256 /* listeners told in one turn: others have their turn between */

struct bus_task { /* one that somebody listens to, or did */
    struct id id;
    struct list listeners;
    struct bus_interest interest;
    uint64_t last;    /* its last event; 0: none */
    struct list link; /* lingering */
};

static const char *const words[BUS_KINDS] = {
    [BUS_CREATED] = "task.created",   [BUS_STARTED] = "task.started",     [BUS_PROGRESS] = "task.progress",
    [BUS_OUTPUT] = "task.output",     [BUS_LOG] = "task.log",             [BUS_RETRYING] = "task.retrying",
    [BUS_COMPLETED] = "task.completed", [BUS_FAILED] = "task.failed",     [BUS_CANCELLED] = "task.cancelled",
    [BUS_EXPIRED] = "task.expired",   [BUS_NOTIFICATION] = "notification.created",
};

const char *bus_word(enum bus_kind kind) { return words[kind]; }

int bus_kind_of(struct str word)
{
    struct str prefix = STR("task.");
    for (int k = 0; k < BUS_KINDS; k++) {
        struct str known = str_of(words[k]);
        bool plain = str_starts(known, prefix) && str_eq(word, str_sub(known, prefix.len, known.len));
        if (str_eq(word, known) || plain) return k;
    }
    return -1;
}

enum bus_kind bus_ending(enum task_state ending)
{
    if (ending == TASK_COMPLETED) return BUS_COMPLETED;
    if (ending == TASK_CANCELLED) return BUS_CANCELLED;
    return ending == TASK_EXPIRED ? BUS_EXPIRED : BUS_FAILED;
}

static bool is_wordy(enum bus_kind kind) { return (BUS_BIT(kind) & BUS_WORDY) != 0; }

/* ---- the ring ---- */

static struct bus_event *at(const struct bus *b, uint64_t seq) { return b->ring[seq % BUS_EVENTS]; }

static bool has(const struct bus *b, uint64_t seq) { return seq && seq >= b->first && seq <= b->last; }

static struct str keep(char **p, struct str s)
{
    if (!s.p) return s;
    struct str kept = {*p, s.len};
    if (s.len) memcpy(*p, s.p, s.len);
    *p += s.len;
    return kept;
}

/* One block of memory: the event, its tags, all texts. */
static struct bus_event *copy(const struct bus_event *e)
{
    size_t size = sizeof *e + e->n_tags * sizeof *e->tags + e->type.len + e->queue.len + e->subject.len + e->data.len + e->with_result.len;
    for (size_t i = 0; i < e->n_tags; i++) size += e->tags[i].key.len + e->tags[i].value.len;
    struct bus_event *kept = mem_new(size);
    struct task_tag *tags = (struct task_tag *)(kept + 1);
    char *p = (char *)(tags + e->n_tags);
    *kept = *e;
    kept->size = size;
    kept->tags = tags;
    for (size_t i = 0; i < e->n_tags; i++) tags[i] = (struct task_tag){keep(&p, e->tags[i].key), keep(&p, e->tags[i].value)};
    kept->type = keep(&p, e->type);
    kept->queue = keep(&p, e->queue);
    kept->subject = keep(&p, e->subject);
    kept->data = keep(&p, e->data);
    kept->with_result = keep(&p, e->with_result);
    return kept;
}

static void forget_first(struct bus *b)
{
    struct bus_event *e = at(b, b->first);
    b->bytes -= e->size;
    b->ring[b->first % BUS_EVENTS] = NULL;
    b->first++;
    free(e);
}

static struct bus_event *append(struct bus *b, const struct bus_event *e)
{
    struct bus_event *kept = copy(e);
    kept->seq = ++b->last;
    kept->next_of_task = 0;
    if (b->last - b->first == BUS_EVENTS) forget_first(b);
    b->ring[kept->seq % BUS_EVENTS] = kept;
    b->bytes += kept->size;
    while (b->bytes > LIMIT_EVENTS && b->first < b->last) forget_first(b);
    return kept;
}

/* ---- who is interested ---- */

static bool lasts(const struct bus *b, const struct bus_interest *i)
{
    return i->listeners > 0 || i->until_ms > turn_mono_ms(b->turn);
}

static struct bus_task *task_of(const struct bus *b, const struct id *id) { return map_get(&b->tasks, id_key(id)); }

bool bus_wants(const struct bus *b, enum bus_kind kind, const struct id *id)
{
    return lasts(b, is_wordy(kind) ? &b->words : &b->states) || (b->tasks.n > 0 && task_of(b, id));
}

bool bus_follows(const struct bus *b, const struct id *id) { return b->tasks.n > 0 && task_of(b, id); }

static void begin(struct bus *b, struct bus_interest *i)
{
    if (!lasts(b, i)) i->number = ++b->interests;
    i->listeners++;
}

static void end(const struct bus *b, struct bus_interest *i)
{
    if (--i->listeners == 0) i->until_ms = turn_mono_ms(b->turn) + BUS_LINGER_MS;
}

static void forget_task(struct bus *b, struct bus_task *t)
{
    list_remove(&t->link);
    b->n_lingering--;
    (void)map_remove(&b->tasks, id_key(&t->id));
    free(t);
}

static void on_sweep(struct timer *timer)
{
    struct bus *b = CONTAINER_OF(timer, struct bus, sweep);
    while (!list_empty(&b->lingering)) {
        struct bus_task *t = CONTAINER_OF(b->lingering.next, struct bus_task, link);
        int64_t left_ms = t->interest.until_ms - turn_mono_ms(b->turn);
        if (left_ms > 0) {
            turn_timer(b->turn, &b->sweep, left_ms, on_sweep);
            return;
        }
        forget_task(b, t);
    }
}

static struct bus_task *join_task(struct bus *b, const struct id *id)
{
    struct bus_task *t = task_of(b, id);
    if (t && t->interest.listeners == 0) {
        list_remove(&t->link);
        b->n_lingering--;
    }
    if (!t) {
        t = mem_new(sizeof *t);
        t->id = *id;
        list_init(&t->listeners);
        list_init(&t->link);
        (void)map_put(&b->tasks, id_key(&t->id), t);
    }
    begin(b, &t->interest);
    return t;
}

static void leave_task(struct bus *b, struct bus_task *t)
{
    end(b, &t->interest);
    if (t->interest.listeners > 0) return;
    list_push(&b->lingering, &t->link);
    if (++b->n_lingering > BUS_LINGERING) forget_task(b, CONTAINER_OF(b->lingering.next, struct bus_task, link));
    if (!timer_is_set(&b->sweep)) turn_timer(b->turn, &b->sweep, BUS_LINGER_MS, on_sweep);
}

/* ---- who hears what ---- */

static bool text_fits(struct str wanted, struct str is) { return !wanted.p || (is.p && str_eq(wanted, is)); }

static bool tag_is_there(const struct bus_event *e, const struct task_tag *wanted)
{
    for (size_t i = 0; i < e->n_tags; i++)
        if (str_eq(e->tags[i].key, wanted->key)) return str_eq(e->tags[i].value, wanted->value);
    return false;
}

static bool fits(const struct listener *l, const struct bus_event *e)
{
    if (!(l->kinds & BUS_BIT(e->kind))) return false;
    if (l->one) return id_cmp(&l->id, &e->id) == 0;
    const struct store_filter *f = &l->filter;
    bool all = text_fits(f->type, e->type) && text_fits(f->queue, e->queue) && text_fits(f->subject, e->subject);
    for (size_t i = 0; all && i < f->n_tags; i++) all = tag_is_there(e, &f->tags[i]);
    return all;
}

/* The first event for it from `seq` on; 0: none. */
static uint64_t first_for(const struct bus *b, const struct listener *l, uint64_t seq)
{
    if (seq < b->first) seq = b->first;
    for (; seq && seq <= b->last; seq++)
        if (fits(l, at(b, seq))) return seq;
    return 0;
}

static void on_wake(struct later *later)
{
    struct bus *b = CONTAINER_OF(later, struct bus, wake);
    for (int n = 0; n < WAKE_MOST && !list_empty(&b->woken); n++) {
        struct listener *l = CONTAINER_OF(list_shift(&b->woken), struct listener, woken);
        l->on_news(l);
    }
    if (!list_empty(&b->woken)) turn_next(b->turn, &b->wake, on_wake);
}

static void wake(struct bus *b, struct listener *l)
{
    if (!list_empty(&l->woken)) return;
    list_push(&b->woken, &l->woken);
    turn_later(b->turn, &b->wake, on_wake);
}

static void tell_those(struct bus *b, struct list *listeners, const struct bus_event *e)
{
    LIST_EACH(it, listeners)
    {
        struct listener *l = CONTAINER_OF(it, struct listener, link);
        if (!fits(l, e)) continue;
        if (!l->next) l->next = e->seq;
        wake(b, l);
    }
}

void bus_tell(struct bus *b, const struct bus_event *told)
{
    if (b->closed) return;
    struct bus_event *e = append(b, told);
    struct bus_task *t = b->tasks.n > 0 ? task_of(b, &e->id) : NULL;
    if (t) {
        if (has(b, t->last)) at(b, t->last)->next_of_task = e->seq;
        t->last = e->seq;
        tell_those(b, &t->listeners, e);
    }
    tell_those(b, &b->all, e);
}

static void cut_those(struct bus *b, struct list *listeners)
{
    LIST_EACH(it, listeners)
    {
        struct listener *l = CONTAINER_OF(it, struct listener, link);
        l->cut = true;
        l->next = 0;
        wake(b, l);
    }
}

/* Nobody can go on from before it, neither who listens nor who comes back. */
void bus_gap(struct bus *b)
{
    size_t at_entry = 0;
    for (struct map_entry *e; (e = map_next(&b->tasks, &at_entry));) {
        struct bus_task *t = e->value;
        t->interest.number = ++b->interests;
        cut_those(b, &t->listeners);
    }
    b->states.number = ++b->interests;
    b->words.number = ++b->interests;
    cut_those(b, &b->all);
}

/* ---- coming and going ---- */

static const struct bus_interest *interest_of(const struct bus *b, const struct listener *l)
{
    if (l->one) return &l->task->interest;
    return l->kinds & BUS_WORDY ? &b->words : &b->states;
}

struct bus_place bus_place_after(const struct bus *b, const struct listener *l, const struct bus_event *e)
{
    return (struct bus_place){interest_of(b, l)->number, e ? e->seq : b->last};
}

/* Were all events since then told, and are they still there? */
static bool knows_all(const struct bus *b, const struct listener *l, const struct bus_place *after)
{
    if (after->interest != interest_of(b, l)->number || after->seq > b->last) return false;
    return after->seq + 1 >= b->first || (l->one && l->task->last <= after->seq);
}

bool bus_join(struct bus *b, struct listener *l, const struct bus_place *after)
{
    assert(!l->listening);
    l->next = 0;
    l->cut = false;
    l->over = b->closed;
    l->listening = true;
    list_init(&l->woken);
    b->n_listeners++;
    if (l->one) {
        l->task = join_task(b, &l->id);
        list_push(&l->task->listeners, &l->link);
    } else {
        begin(b, &b->states);
        if (l->kinds & BUS_WORDY) begin(b, &b->words);
        list_push(&b->all, &l->link);
    }
    bool whole = !after->interest || knows_all(b, l, after);
    if (after->interest && whole) l->next = first_for(b, l, after->seq + 1);
    if (l->next || l->over) wake(b, l);
    return whole;
}

void bus_leave(struct bus *b, struct listener *l)
{
    if (!l->listening) return;
    l->listening = false;
    list_remove(&l->link);
    list_remove(&l->woken);
    b->n_listeners--;
    if (l->one) {
        leave_task(b, l->task);
        l->task = NULL;
        return;
    }
    end(b, &b->states);
    if (l->kinds & BUS_WORDY) end(b, &b->words);
}

const struct bus_event *bus_read(struct bus *b, struct listener *l, bool *ret_cut)
{
    bool cut = l->cut || (l->next && l->next < b->first);
    *ret_cut = cut;
    l->cut = false;
    if (cut) {
        b->cuts++;
        l->next = 0;
    }
    if (!l->next) return NULL;
    const struct bus_event *e = at(b, l->next);
    l->next = l->one ? e->next_of_task : first_for(b, l, e->seq + 1);
    while (l->one && l->next && has(b, l->next) && !fits(l, at(b, l->next))) l->next = at(b, l->next)->next_of_task;
    return e;
}

/* ---- the whole ---- */

void bus_init(struct bus *b, struct turn *turn)
{
    *b = (struct bus){.turn = turn, .first = 1};
    map_init(&b->tasks);
    list_init(&b->lingering);
    list_init(&b->all);
    list_init(&b->woken);
    list_init(&b->wake.link);
}

static void tell_over(struct bus *b, struct list *listeners)
{
    LIST_EACH(it, listeners)
    {
        struct listener *l = CONTAINER_OF(it, struct listener, link);
        l->over = true;
        wake(b, l);
    }
}

void bus_close(struct bus *b)
{
    size_t at_entry = 0;
    b->closed = true;
    turn_timer_stop(b->turn, &b->sweep);
    for (struct map_entry *e; (e = map_next(&b->tasks, &at_entry));) tell_over(b, &((struct bus_task *)e->value)->listeners);
    tell_over(b, &b->all);
}

void bus_release(struct bus *b)
{
    size_t at_entry = 0;
    assert(b->n_listeners == 0);
    turn_later_cancel(&b->wake);
    turn_timer_stop(b->turn, &b->sweep);
    while (b->first <= b->last) forget_first(b);
    for (struct map_entry *e; (e = map_next(&b->tasks, &at_entry));) free(e->value);
    map_release(&b->tasks);
}
