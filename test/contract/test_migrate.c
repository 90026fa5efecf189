/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of earlier versions, through the engine (test_migrate_cut.c has those that earlier builds left). One of version 1,
 * with a task in every kind of row, is opened: everything must be there, and what was learned since must work on it. A
 * migration that fails or loses its power in the middle must leave version 1 as it was.
 */
#include "base/buf.h"
#include "store/sqlite/sqlite_engine.h"
#include "store/sqlite/sqlite_schema.h"
#include "task/order.h"
#include "test/contract/contract.h"
#include "test/contract/old.h"
#include "test/contract/power.h"

enum { PENDING = 1, SCHEDULED, RETRYING, RUNNING, COMPLETED, CANCELLED, TASKS = CANCELLED };

static struct id id_of(int n)
{
    struct id id = {{0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x00, 0x70, 0, 0x80}};
    id.b[15] = (uint8_t)n;
    return id;
}

#define ID(n) "x'018bcfe568007000800000000000000" n "'"

/* As version 1 wrote them; ?1 to ?4 are the ranks of the live tasks. */
static const char *const rows[] = {
    "INSERT INTO lane VALUES(1,'q','t')",
    "INSERT INTO body SELECT column1,0,1,0,1700000000000,0,0,30000,5000,3,0,0,1000,60000,column2,column3,x'5b315d' "
    "FROM (VALUES"
    " (" ID("1") ",'ann','{\"lang\":\"de\",\"n\":\"1\"}'),(" ID("2") ",NULL,NULL),(" ID("3") ",NULL,NULL),(" ID(
        "4") ",NULL,NULL),"
             " (" ID("5") ",'ann',NULL),(" ID("6") ",NULL,'{\"lang\":\"de\"}'))",
    "INSERT INTO tag VALUES('lang','de'," ID("1") "),('n','1'," ID("1") "),('lang','de'," ID("6") ")",
    "INSERT INTO live VALUES(" ID("1") ",1,2,1,0,0,0,0,0,?1,0,0,0),(" ID(
        "2") ",1,1,1,0,0,0,0,0,?2,1700000005000,0,0),"
             "(" ID("3") ",1,1,1,1,1,0,0,0,?3,1700000001000,0,1700000000000),(" ID(
                 "4") ",1,3,1,1,0,0,0,77,?4,0,0,1700000000000)",
    "INSERT INTO attempt VALUES(" ID(
        "3") ",1,1,71,1700000000000,1700000000009,1,'worker_error','no','d','T',x'6c6f67'),"
             "(" ID("5") ",1,1,72,1700000000001,1700000000002,1,'worker_error','no',NULL,NULL,NULL)",
    "INSERT INTO past VALUES(" ID("5") ",1,5,1,1,1,0,0,0,1700000000001,1700000000002,'worker_error','no',NULL,NULL,1,"
                                       "1700000000002,NULL,NULL,NULL)",
    "INSERT INTO done VALUES(" ID(
        "5") ",1,4,2,1,0,0,0,0,1700000000003,1700000000004,NULL,NULL,NULL,NULL,0,0,'{\"percent\":9}',"
             "'[\"a\"]',x'5b325d')",
    "INSERT INTO done VALUES(" ID(
        "6") ",1,6,1,0,0,0,1,0,0,1700000000005,'cancelled','it was',NULL,NULL,0,1700000000005,NULL,NULL,NULL)",
    "INSERT INTO queue VALUES('q',1),('r',0)",
    "INSERT INTO tally VALUES('q',4,1),('q',6,1)",
};

static void run(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s;
    CHECK_INT(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    int64_t ranks[] = {order_rank(0, T0), order_rank(0, T0 + 5000), order_rank(0, T0 + 1000), order_rank(0, T0 + 1)};
    for (int i = 0; i < sqlite3_bind_parameter_count(s); i++) sqlite3_bind_int64(s, i + 1, ranks[i]);
    CHECK_INT(sqlite3_step(s), SQLITE_DONE);
    sqlite3_finalize(s);
}

static void exec(const char *path, const char *sql)
{
    CHECK(old_exec(path, sql));
}

static void make_version_1(const char *path)
{
    char mark[160];
    snprintf(mark, sizeof mark, "PRAGMA application_id=%d; PRAGMA user_version=1", SQLITE_SCHEMA_APPLICATION);
    exec(path, "PRAGMA page_size=4096; PRAGMA journal_mode=WAL");
    exec(path, sqlite_schema_migrations[0]);
    exec(path, mark);
    sqlite3 *db;
    CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) run(db, rows[i]);
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
}

static int version_of(const char *path)
{
    struct buf text;
    int version = old_dump(path, &text);
    buf_release(&text);
    return version;
}

static size_t n_attempts(struct contract *c, int n, size_t runs)
{
    struct store_history h = {.id = id_of(n), .limit = 10};
    ASK(c, history, &h);
    CHECK(h.req.err == 0 && h.found == 0);
    CHECK_INT(h.n_runs, runs);
    size_t attempts = h.n_attempts;
    store_release(&h.req);
    return attempts;
}

static struct task get(struct contract *c, int n, enum task_state state)
{
    struct id id = id_of(n);
    struct arena keep;
    struct task t = contract_get(c, &id, &keep);
    CHECK_INT(t.life.state, state);
    CHECK_STR(t.body.input, "[1]");
    CHECK_INT(t.body.created_at_ms, T0);
    if (n == PENDING || n == CANCELLED) CHECK_STR(t.body.tags[0].value, "de");
    if (n == COMPLETED) {
        CHECK_STR(t.ending.result, "[2]");
        CHECK_STR(t.ending.files, "[\"a\"]");
        CHECK_STR(t.ending.progress, "{\"percent\":9}");
    }
    if (n == CANCELLED) CHECK_STR(t.ending.failure.message, "it was");
    if (n == RETRYING) CHECK_STR(t.last.type, "T");
    arena_release(&keep);
    return t;
}

/* What was in the file, after the attempt that ran was ended as lost. */
static void check_everything(struct contract *c)
{
    CHECK_INT(get(c, PENDING, TASK_PENDING).body.n_tags, 2);
    CHECK_INT(get(c, SCHEDULED, TASK_SCHEDULED).life.due_at_ms, T0 + 5000);
    CHECK_INT(get(c, RETRYING, TASK_SCHEDULED).life.failures, 1);
    CHECK_INT(get(c, RUNNING, TASK_PENDING).life.attempt, 1);
    CHECK_INT(get(c, COMPLETED, TASK_COMPLETED).life.run, 2);
    (void)get(c, CANCELLED, TASK_CANCELLED);
    CHECK_INT(n_attempts(c, RETRYING, 0), 1);
    CHECK_INT(n_attempts(c, RUNNING, 0), 1);
    CHECK_INT(n_attempts(c, COMPLETED, 2), 1);
    CHECK_INT(n_attempts(c, CANCELLED, 1), 0);
    struct store_log log = {.id = id_of(RETRYING)};
    ASK(c, log, &log);
    CHECK_STR(log.log, "log");
    store_release(&log.req);
    struct store_filter all = {.n_tags = 0}, ann = {.subject = STR("ann")},
                        tag = {.tags = {{STR("lang"), STR("de")}}, .n_tags = 1};
    CHECK_INT(contract_listed(c, &all), TASKS);
    CHECK_INT(contract_listed(c, &ann), 2);
    CHECK_INT(contract_listed(c, &tag), 2);
    static const int64_t wanted[TASK_STATES] = {0, 2, 2, 0, 1, 0, 1, 0};
    struct store_count q = contract_count(c, "q"), r = contract_count(c, "r");
    for (int i = 0; i < TASK_STATES; i++) CHECK_INT(q.n[i], wanted[i]);
    CHECK(q.set.paused && q.pause_known && !q.set.draining && q.set.concurrency == 0 && q.set.capacity == -1);
    CHECK(!r.set.paused && r.pause_known && r.set.capacity == -1);
}

static struct store_control_item act(struct contract *c, int n, enum store_verb verb)
{
    static const struct task_tag tags[] = {{STR("new"), STR("1")}};
    struct store_patch p = {.has_priority = true, .priority = 5, .has_tags = true, .tags = tags, .n_tags = 1};
    struct store_control_item it = {
        .id = id_of(n), .verb = verb, .patch = &p, .result = STR("1"), .failure.code = STR("x")};
    it = contract_act(c, &it);
    CHECK(it.err == 0 && it.changed);
    return it;
}

static bool add_keyed(struct contract *c)
{
    struct task_body b = contract_body(c, "q", "t");
    struct store_add_item item = {.body = &b, .key = STR("key")};
    struct store_add add = {.items = &item, .n = 1};
    ASK(c, add, &add);
    CHECK(add.req.err == 0 && item.err == 0);
    return item.replayed;
}

/* What version 1 did not know, on its rows. */
static void check_new_operations(struct contract *c)
{
    CHECK_INT(act(c, PENDING, STORE_PATCH).life.rank, order_rank(5, T0));
    CHECK_INT(act(c, SCHEDULED, STORE_COMPLETE).life.state, TASK_COMPLETED);
    CHECK_INT(act(c, RETRYING, STORE_FAIL).life.state, TASK_FAILED);
    (void)act(c, COMPLETED, STORE_DELETE);
    CHECK_INT(act(c, CANCELLED, STORE_RETRY).life.run, 2);
    CHECK_INT(act(c, CANCELLED, STORE_CANCEL).life.run, 2);
    struct store_queue set = {.queue = STR("q"), .parts = STORE_QUEUE_CAPACITY, .set.capacity = 30};
    ASK(c, queue, &set);
    CHECK(!add_keyed(c));
    for (int i = 0; i < 2; i++) {
        struct store_filter tag = {.tags = {{STR("lang"), STR("de")}}, .n_tags = 1},
                            new = {.tags = {{STR("new"), STR("1")}}, .n_tags = 1};
        CHECK_INT(contract_listed(c, &tag), 1);
        CHECK_INT(contract_listed(c, &new), 1);
        struct store_get g = {.id = id_of(COMPLETED)};
        ASK(c, get, &g);
        CHECK_INT(g.found, ERR_NOT_FOUND);
        CHECK_INT(n_attempts(c, CANCELLED, 2), 0);
        struct store_count q = contract_count(c, "q");
        CHECK(q.set.paused && q.set.capacity == 30);
        CHECK(q.n[TASK_COMPLETED] == 1 && q.n[TASK_FAILED] == 1 && q.n[TASK_CANCELLED] == 1);
        CHECK(add_keyed(c));
        if (i == 0) contract_reopen(c);
    }
    struct store_claim_item got = contract_claim_one(c, "q", "t");
    CHECK_INT(id_of(PENDING).b[15], got.body.id.b[15]);
    CHECK_INT(got.body.rules.priority, 5);
}

/* ---- opening ---- */

static struct {
    int cut_at; /* the sync of the next open in which the power goes, 0: never */
    bool was_cut;
    int left[SQLITE_SCHEMA_VERSION + 1]; /* how often a cut left that version */
    struct buf before;
} power;

static int try_open(struct contract *c, struct store **ret, struct err *e)
{
    struct sqlite_engine_conf conf = {.loop = c->loop, .events = &c->events, .path = c->path};
    return sqlite_engine_open(ret, &conf, e);
}

/* What is left of the file: one version or the other, whole. */
static struct store *open_left(struct contract *c)
{
    char path[sizeof c->path];
    memcpy(path, c->path, sizeof path);
    snprintf(c->path, sizeof c->path, "%s/left.db", c->dir);
    power_restore(path, c->path);
    power_on(0);
    struct buf after;
    int version = old_dump(c->path, &after);
    if (version == 1) CHECK(str_eq(buf_str(&after), buf_str(&power.before)));
    buf_release(&after);
    power.left[version]++;
    struct err e;
    struct store *s = NULL;
    if (try_open(c, &s, &e) != 0) fprintf(stderr, "%s\n", e.text);
    return s;
}

static struct store *open_store(struct contract *c)
{
    struct err e;
    struct store *s = NULL;
    if (power.cut_at) power_cut_at_sync(power.cut_at);
    int err = try_open(c, &s, &e);
    power.was_cut = power.cut_at && power_is_cut();
    if (power.cut_at && !power.was_cut) power_cut_at_sync(0);
    power.cut_at = 0;
    if (err && power.was_cut) return open_left(c);
    if (err) fprintf(stderr, "%s\n", e.text);
    return s;
}

static void use_old(struct contract *c)
{
    snprintf(c->path, sizeof c->path, "%s/old.db", c->dir);
    make_version_1(c->path);
}

CASE(a_store_of_version_1_has_everything_and_learns_what_is_new)
{
    use_old(c);
    CHECK_INT(version_of(c->path), 1);
    contract_reopen(c);
    check_everything(c);
    CHECK_INT(c->n_lost, 1);
    contract_reopen(c);
    check_everything(c);
    CHECK_INT(version_of(c->path), SQLITE_SCHEMA_VERSION);
    check_new_operations(c);
}

/* The store as it was before later versions, which `sql` takes away, and forward again. */
static void reopen_as(struct contract *c, int version, const char *sql)
{
    char first[sizeof c->path];
    memcpy(first, c->path, sizeof first);
    snprintf(c->path, sizeof c->path, "%s/aside.db", c->dir);
    contract_reopen(c); /* the first is closed */
    exec(first, sql);
    CHECK_INT(version_of(first), version);
    memcpy(c->path, first, sizeof first);
    contract_reopen(c);
}

/* Version 15 added tables, and nothing else. */
CASE(a_store_of_version_14_is_told_of_notifications_by_what_it_owed)
{
    struct task_body body = contract_body(c, "q", "t");
    body.sequel = STR("{}");
    (void)contract_add(c, &body);
    CHECK(contract_control(c, &body.id, STORE_CANCEL).ended);
    reopen_as(c, 14, "DROP TABLE notice; DROP TABLE notice_total; DROP TABLE secret; PRAGMA user_version=14");
    struct notice n = {.id = id_make(&c->ids), .task = body.id, .run = 1, .type = STR("t"), .kind = STR("t"), .status = TASK_CANCELLED,
                       .title = STR("it is over"), .created_at_ms = c->clock.wall_ms};
    struct store_add pay = {.pays = true, .paid = body.id, .paid_run = 1, .notices = &n, .n_notices = 1};
    ASK(c, add, &pay);
    CHECK(pay.req.err == 0 && !pay.unowed && n.serial == 1);
    contract_reopen(c);
    struct store_notice_list list = {.limit = 5, .subject = STR_NONE};
    ASK(c, notice_list, &list);
    CHECK(list.req.err == 0 && list.n == 1 && list.total.unread == 1);
    CHECK_STR(list.items[0].title, "it is over");
    store_release(&list.req);
    CHECK_INT(version_of(c->path), SQLITE_SCHEMA_VERSION);
}

/* So did version 16. */
CASE(a_store_of_version_15_is_given_a_secret_once)
{
    static const uint8_t none[STORE_SECRET];
    reopen_as(c, 15, "DROP TABLE secret; PRAGMA user_version=15");
    uint8_t secret[STORE_SECRET];
    memcpy(secret, c->store->secret, sizeof secret);
    CHECK(memcmp(secret, none, sizeof secret) != 0);
    contract_reopen(c);
    CHECK(memcmp(secret, c->store->secret, sizeof secret) == 0);
    exec(c->path, "SELECT CASE count(*) WHEN 1 THEN 1 ELSE abs('-9223372036854775808') END FROM secret");
}

CASE(a_migration_that_fails_in_its_middle_leaves_version_1_as_it_was)
{
    char first[sizeof c->path];
    memcpy(first, c->path, sizeof first);
    use_old(c);
    exec(c->path, "CREATE TABLE idempotency(in_the_way)");
    struct buf before, after;
    CHECK_INT(old_dump(c->path, &before), 1);
    struct err e;
    struct store *s = NULL;
    CHECK(try_open(c, &s, &e) != 0);
    CHECK(s == NULL && strstr(e.text, "idempotency") != NULL);
    CHECK_INT(old_dump(c->path, &after), 1);
    CHECK(str_eq(buf_str(&before), buf_str(&after)));
    buf_release(&before), buf_release(&after);
    exec(c->path, "DROP TABLE idempotency");
    contract_reopen(c);
    check_everything(c);
}

CASE(power_lost_during_a_migration_leaves_one_version_or_the_other_whole)
{
    (void)c; /* each try has a store of its own */
    for (uint64_t seed = 0; seed < 20; seed++) {
        for (int k = 1;; k++) {
            power_on(seed);
            struct contract *own = contract_new(test_fail);
            use_old(own);
            CHECK_INT(old_dump(own->path, &power.before), 1);
            power.cut_at = k;
            contract_reopen(own);
            bool was_cut = power.was_cut;
            check_everything(own);
            if (k == 1) check_new_operations(own);
            contract_free(own);
            buf_release(&power.before);
            power_off();
            if (!was_cut) break;
        }
    }
    for (int i = 1; i <= SQLITE_SCHEMA_VERSION; i++) CHECK(power.left[i] > 5); /* the cuts were where they should be */
}

int main(int argc, char **argv)
{
    static const struct contract_engine sqlite = {
        .name = "sqlite", .has_loop = true, .survives = true, .open = open_store};
    contract_use(&sqlite);
    return test_main(argc, argv);
}
