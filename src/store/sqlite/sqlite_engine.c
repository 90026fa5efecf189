/* SPDX-License-Identifier: Apache-2.0
 *
 * Two threads and what passes between them and the loop. A batch comes back as one round: news first, then answers.
 */
#include "store/sqlite/sqlite_engine.h"

#include "base/mem.h"
#include "loop/gate.h"
#include "loop/thread.h"
#include "store/local.h"
#include "store/ready_key_rate.h"
#include "store/sqlite/sqlite_load.h"
#include "store/sqlite/sqlite_lock.h"
#include "store/sqlite/sqlite_reader.h"
#include "store/sqlite/sqlite_schema.h"
#include "store/sqlite/sqlite_secret.h"
#include "store/sqlite/sqlite_shelf.h"

#include <stdlib.h>

#define WAL_FRAME (4096 + 24) /* a page of the log and its header */

struct round { /* one batch, on its way back */
    struct list link;
    struct list answered;
    struct local_news news;
};

struct sqlite_engine {
    struct store store;
    struct thread *writer, *reader; /* owned */
    struct gate *gate;              /* owned */
    int lock;                       /* descriptor of the lock file */
    struct sqlite_reader reads;     /* the reader thread's */
    struct sqlite_shelf shelf;      /* the writer thread's from here on, after open */
    struct ready ready;
    struct apply apply;
    int wal_pages, checkpoint_at;
    struct store_work work;
    struct local_news news;         /* the loop's: what was told last */
    struct later first;             /* tells what stands at open */
    size_t outstanding;             /* requests not answered yet; the loop's */
    void (*on_closed)(void *user);  /* NULL: not asked to close */
    void *closed_user;
};

/* ---- the writer thread ---- */

static int on_wal(void *user, sqlite3 *db, const char *name, int pages)
{
    (void)db, (void)name;
    struct sqlite_engine *s = user;
    if (pages < s->wal_pages) s->checkpoint_at = SQLITE_ENGINE_CHECKPOINT_PAGES; /* the log began anew */
    s->wal_pages = pages;
    return SQLITE_OK;
}

/* After the answers: nobody waits for this. Passive ones leave the log to grow when a reader's snapshot is in the way;
 * past the bound our readers are held for a moment, so that the next write starts the log again. A reader that is not
 * ours (a backup, a shell) is not waited for: another try comes when as many pages again have been written. */
static void checkpoint(struct sqlite_engine *s)
{
    if (s->wal_pages < s->checkpoint_at) return;
    bool hold = s->wal_pages >= SQLITE_ENGINE_WAL_PAGES;
    if (hold) gate_shut(s->gate);
    int mode = hold ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;
    sqlite3_busy_timeout(s->shelf.db.db, 0);
    /* busy, or failed: the log still has everything, and the next commit would show a disk that is in trouble */
    (void)sqlite3_wal_checkpoint_v2(s->shelf.db.db, NULL, mode, NULL, NULL);
    sqlite3_busy_timeout(s->shelf.db.db, SQLITE_DB_BUSY_MS);
    s->checkpoint_at = s->wal_pages + SQLITE_ENGINE_CHECKPOINT_PAGES;
    if (hold) gate_open(s->gate);
}

static int changes_of(const struct list *requests)
{
    int n = 0;
    LIST_EACH(l, requests) n += store_op_is_change(CONTAINER_OF(l, struct store_req, link)->op);
    return n;
}

static void apply_measured(struct sqlite_engine *s, struct list *requests)
{
    int changes = changes_of(requests);
    int64_t since_ms = changes ? turn_mono_ms(s->store.turn) : 0;
    apply_batch(&s->apply, requests);
    if (changes) work_count(&s->work, turn_mono_ms(s->store.turn) - since_ms, changes);
    s->work.log_bytes = (int64_t)s->wal_pages * WAL_FRAME;
}

static void answer_counts(struct sqlite_engine *s, struct store_counts *r)
{
    r->bytes = 4096 * sqlite_db_int(&s->shelf.db, "PRAGMA page_count", 0);
    r->work = s->work;
}

static void work_some(struct sqlite_engine *s, struct list *batch)
{
    struct round *r = mem_new(sizeof *r);
    list_init(&r->link);
    list_init(&r->answered);
    for (int n = 0; n < SQLITE_ENGINE_BATCH && !list_empty(batch); n++) list_push(&r->answered, list_shift(batch));
    apply_measured(s, &r->answered);
    LIST_EACH(l, &r->answered)
    {
        struct store_req *q = CONTAINER_OF(l, struct store_req, link);
        if (q->err) q->why = sqlite3_errstr(s->shelf.db.trouble);
        if (q->op == STORE_COUNTS) answer_counts(s, (struct store_counts *)q);
    }
    local_collect(&r->news, &s->apply);
    struct list give;
    list_init(&give);
    list_push(&give, &r->link);
    thread_give(s->writer, &give);
    checkpoint(s);
}

static void on_write(void *user, struct list *batch)
{
    while (!list_empty(batch)) work_some(user, batch);
}

static void on_writer_end(void *user)
{
    struct sqlite_engine *s = user;
    /* the last connection to close would checkpoint anyway: here its result is not needed, the log is the truth */
    (void)sqlite3_wal_checkpoint_v2(s->shelf.db.db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite_shelf_release(&s->shelf);
}

/* ---- the reader thread ---- */

static void on_read(void *user, struct list *batch)
{
    sqlite_reader_work(&((struct sqlite_engine *)user)->reads, batch);
}

static void on_reader_end(void *user)
{
    sqlite_reader_close(&((struct sqlite_engine *)user)->reads);
}

/* ---- the loop ---- */

static void tell(struct sqlite_engine *s, struct local_news *news)
{
    news->told_due_ms = s->news.told_due_ms;
    local_tell(news, s->store.events);
    s->news.told_due_ms = news->told_due_ms;
}

static void close_when_idle(struct sqlite_engine *s);

static void on_written(void *user, struct list *given)
{
    struct sqlite_engine *s = user;
    for (struct list *l; (l = list_shift(given));) {
        struct round *r = CONTAINER_OF(l, struct round, link);
        tell(s, &r->news);
        local_answer(&r->answered, &s->outstanding);
        local_release(&r->news);
        free(r);
    }
    close_when_idle(s);
}

static void on_answered(void *user, struct list *given)
{
    struct sqlite_engine *s = user;
    local_answer(given, &s->outstanding);
    close_when_idle(s);
}

static void on_first(struct later *l)
{
    struct sqlite_engine *s = CONTAINER_OF(l, struct sqlite_engine, first);
    struct local_news news = s->news;
    s->news = (struct local_news){0};
    apply_tell_recovered(&s->apply, s->store.events);
    apply_forget(&s->apply);
    tell(s, &news);
    local_release(&news);
}

static void submit(struct store *store, struct store_req *r)
{
    struct sqlite_engine *s = CONTAINER_OF(store, struct sqlite_engine, store);
    s->outstanding++;
    switch (r->op) {
    case STORE_ADD:
    case STORE_CLAIM:
    case STORE_SETTLE:
    case STORE_SAVE:
    case STORE_CONTROL:
    case STORE_TICK:
    case STORE_PURGE:
    case STORE_FILE_ADD:
    case STORE_FILE_DROP:
    case STORE_FILE_SWEEP:
    case STORE_NOTICE_READ:
    case STORE_NOTICE_DROP:
    case STORE_NOTICE_SWEEP:
    case STORE_QUEUE:
    case STORE_DECLARE:
    case STORE_WHERE:
    case STORE_COUNTS: thread_send(s->writer, &r->link); return;
    case STORE_GET:
    case STORE_LIST:
    case STORE_LOG:
    case STORE_KEPT:
    case STORE_OWED:
    case STORE_FILE_GET:
    case STORE_FILE_LIST:
    case STORE_NOTICE_GET:
    case STORE_NOTICE_LIST:
    case STORE_HISTORY: thread_send(s->reader, &r->link); return;
    case STORE_OPS: break;
    }
    abort();
}

static void on_writer_closed(void *user)
{
    struct sqlite_engine *s = user;
    void (*on_closed)(void *user) = s->on_closed;
    void *closed_user = s->closed_user;
    apply_forget(&s->apply);
    ready_release(&s->ready);
    local_release(&s->news);
    gate_free(s->gate);
    sqlite_lock_drop(s->lock);
    free(s);
    on_closed(closed_user);
}

static void on_reader_closed(void *user)
{
    struct sqlite_engine *s = user;
    thread_close(s->writer, on_writer_closed, s);
}

/* An answer may ask again (a cancel shows the task): the threads end when nothing is on its way. */
static void close_when_idle(struct sqlite_engine *s)
{
    if (!s->on_closed || s->outstanding > 0 || !s->reader) return;
    struct thread *reader = s->reader;
    s->reader = NULL;
    thread_close(reader, on_reader_closed, s);
}

static void close_sqlite(struct store *store, void (*on_closed)(void *user), void *user)
{
    struct sqlite_engine *s = CONTAINER_OF(store, struct sqlite_engine, store);
    s->on_closed = on_closed;
    s->closed_user = user;
    turn_later_cancel(&s->first);
    close_when_idle(s);
}

static const struct store_engine engine = {.name = "sqlite", .submit = submit, .close = close_sqlite};

/* ---- opening ---- */

static int open_file(struct sqlite_engine *s, const struct sqlite_engine_conf *conf, struct err *e)
{
    int err = sqlite_db_open(&s->shelf.db, conf->path, false, e);
    if (err) return err;
    err = sqlite_schema_prepare(&s->shelf.db, conf->path, e);
    if (!err) err = sqlite_secret_read(&s->shelf.db, s->store.secret, e);
    if (!err && conf->extra_sql) err = sqlite_db_exec(&s->shelf.db, conf->extra_sql, e);
    ready_key_rate_now(&s->ready, turn_mono_ms(loop_turn(conf->loop)), turn_wall_ms(loop_turn(conf->loop)));
    if (!err) err = sqlite_load(&s->shelf.db, &s->ready, e);
    if (err) {
        sqlite_db_close(&s->shelf.db);
        return err;
    }
    sqlite3_wal_hook(s->shelf.db.db, on_wal, s);
    sqlite_shelf_init(&s->shelf);
    err = apply_recover(&s->apply, turn_wall_ms(loop_turn(conf->loop)));
    if (err) err = err_set(e, err, "%s: %s", conf->path, sqlite3_errmsg(s->shelf.db.db));
    if (!err) err = sqlite_reader_open(&s->reads, conf->path, s->gate, loop_turn(conf->loop)->clock, e);
    if (err) sqlite_shelf_release(&s->shelf);
    return err;
}

static int open_threads(struct sqlite_engine *s, struct loop *loop, struct err *e)
{
    struct thread_conf reader = {"bide-reader", s, on_read, on_answered, on_reader_end};
    struct thread_conf writer = {"bide-writer", s, on_write, on_written, on_writer_end};
    int err = thread_open(&s->reader, loop, &reader, e);
    s->reads.thread = s->reader;
    return err ? err : thread_open(&s->writer, loop, &writer, e);
}

int sqlite_engine_open(struct store **ret, const struct sqlite_engine_conf *conf, struct err *e)
{
    /* Its own account of memory takes a global lock at each allocation; refused when SQLite is in use already, which
     * changes nothing else. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    struct sqlite_engine *s = mem_new(sizeof *s);
    s->store = (struct store){.engine = &engine, .turn = loop_turn(conf->loop), .events = conf->events};
    s->apply = (struct apply){.ready = &s->ready, .shelf = &s->shelf.shelf};
    s->checkpoint_at = SQLITE_ENGINE_CHECKPOINT_PAGES;
    s->gate = gate_new();
    ready_init(&s->ready);
    list_init(&s->first.link);
    int err = sqlite_lock_take(&s->lock, conf->path, SQLITE_LOCK_SERVER, e);
    if (!err) {
        err = open_file(s, conf, e);
        if (!err) {
            local_collect(&s->news, &s->apply);
            turn_later(s->store.turn, &s->first, on_first);
            err = open_threads(s, conf->loop, e);
            if (!err) {
                *ret = &s->store;
                return 0;
            }
        }
        sqlite_lock_drop(s->lock);
    }
    apply_forget(&s->apply);
    ready_release(&s->ready);
    gate_free(s->gate);
    free(s);
    return err;
}
