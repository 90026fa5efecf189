/* SPDX-License-Identifier: Apache-2.0
 *
 * The contract against the engine `sqlite`, and what only a file and two threads can get wrong.
 */
#include "base/mem.h"
#include "store/sqlite/sqlite_engine.h"
#include "store/sqlite/sqlite_schema.h"
#include "test/contract/contract.h"

#include <sys/stat.h>

static int try_open(struct contract *c, struct store **ret, struct err *e)
{
    struct sqlite_engine_conf conf = {.loop = c->loop, .events = &c->events, .path = c->path};
    return sqlite_engine_open(ret, &conf, e);
}

static struct store *open_sqlite(struct contract *c)
{
    struct err e;
    struct store *s = NULL;
    if (try_open(c, &s, &e) != 0) fprintf(stderr, "%s\n", e.text);
    return s;
}

static void sql(const char *path, const char *text)
{
    sqlite3 *db;
    CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
    CHECK_INT(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
}

static struct str read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) return STR_NONE;
    struct stat st;
    CHECK_INT(fstat(fileno(f), &st), 0);
    char *p = mem_new((size_t)st.st_size + 1);
    CHECK_INT(fread(p, 1, (size_t)st.st_size, f), st.st_size);
    fclose(f);
    return (struct str){p, (size_t)st.st_size};
}

static void write_file(const char *path, struct str bytes)
{
    FILE *f = fopen(path, "wb");
    CHECK(f);
    CHECK_INT(fwrite(bytes.p, 1, bytes.len, f), bytes.len);
    CHECK_INT(fclose(f), 0);
}

CASE(a_second_server_is_refused_while_the_first_lives)
{
    struct err e;
    struct store *other = NULL;
    CHECK_INT(try_open(c, &other, &e), ERR_LOCKED);
    CHECK(other == NULL);
    CHECK(strstr(e.text, "pid") != NULL);
    (void)contract_put(c, "q", "t"); /* the first is unharmed */
    contract_reopen(c);
    CHECK_INT(contract_count(c, "q").n[TASK_PENDING], 1);
}

/* The path of the store is given away to a file that is not ours: it must be refused and stay as it is. */
static void check_refused(struct contract *c, const char *path, const char *word)
{
    char own[sizeof c->path], log[sizeof c->path + 8];
    memcpy(own, c->path, sizeof own);
    snprintf(log, sizeof log, "%s-wal", path);
    struct str before = read_file(path), log_before = read_file(log);
    snprintf(c->path, sizeof c->path, "%s", path);
    struct err e;
    struct store *other = NULL;
    CHECK_INT(try_open(c, &other, &e), ERR_FOREIGN);
    CHECK(strstr(e.text, word) != NULL);
    memcpy(c->path, own, sizeof own);
    struct str after = read_file(path), log_after = read_file(log);
    CHECK(str_eq(before, after));
    CHECK(str_eq(log_before, log_after));
    free((char *)before.p), free((char *)after.p), free((char *)log_before.p), free((char *)log_after.p);
}

CASE(files_that_are_not_ours_are_refused_and_stay_as_they_are)
{
    char path[96];
    snprintf(path, sizeof path, "%s/notes.txt", c->dir);
    write_file(path, STR("these are notes, many of them, and no database at all, though of more than sixteen bytes\n"));
    check_refused(c, path, "not a bide store");
    snprintf(path, sizeof path, "%s/other.db", c->dir);
    sql(path, "CREATE TABLE mine(a); INSERT INTO mine VALUES(1)");
    check_refused(c, path, "another program");
    snprintf(path, sizeof path, "%s/newer.db", c->dir);
    char text[128];
    snprintf(text, sizeof text, "CREATE TABLE x(a); PRAGMA application_id=%d; PRAGMA user_version=%d",
             SQLITE_SCHEMA_APPLICATION, SQLITE_SCHEMA_VERSION + 1);
    sql(path, text);
    check_refused(c, path, "newer");
}

CASE(a_foreign_file_keeps_its_log_too)
{
    char path[96], log[104], copy[96], copy_log[104];
    snprintf(path, sizeof path, "%s/other.db", c->dir);
    snprintf(log, sizeof log, "%s-wal", path);
    snprintf(copy, sizeof copy, "%s/copy.db", c->dir);
    snprintf(copy_log, sizeof copy_log, "%s-wal", copy);
    sqlite3 *db;
    CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
    CHECK_INT(sqlite3_exec(db, "PRAGMA journal_mode=WAL; CREATE TABLE mine(a); INSERT INTO mine VALUES(1)", NULL, NULL, NULL), 0);
    struct str main_part = read_file(path), log_part = read_file(log); /* as a crash would leave them */
    CHECK(log_part.len > 0);
    write_file(copy, main_part);
    write_file(copy_log, log_part);
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
    check_refused(c, copy, "another program");
    free((char *)main_part.p), free((char *)log_part.p);
}

CASE(an_empty_file_becomes_a_store)
{
    snprintf(c->path, sizeof c->path, "%s/empty.db", c->dir);
    write_file(c->path, STR(""));
    contract_reopen(c);
    (void)contract_put(c, "q", "t");
}

static int64_t ask_file(const char *path, const char *question)
{
    struct sqlite_db d;
    CHECK_INT(sqlite_db_open(&d, path, true, NULL), 0);
    int64_t n = sqlite_db_int(&d, question, -1);
    sqlite_db_close(&d);
    return n;
}

CASE(of_a_deleted_task_no_row_is_left)
{
    static const char rows[] = "SELECT (SELECT count(*) FROM body)+(SELECT count(*) FROM live)+(SELECT count(*) FROM done)+"
                               "(SELECT count(*) FROM past)+(SELECT count(*) FROM attempt)+(SELECT count(*) FROM tag)";
    static const struct task_tag tags[] = {{STR("a"), STR("1")}, {STR("b"), STR("2")}};
    struct task_body b = contract_body(c, "q", "t");
    b.tags = tags;
    b.n_tags = 2;
    (void)contract_add(c, &b);
    for (int run = 1; run <= 2; run++) {
        struct store_claim_item got = contract_claim_one(c, "q", "t");
        (void)contract_end(c, &b.id, &got.life, LIFE_RELEASED);
        struct store_patch p = {.has_tags = true, .tags = &tags[1], .n_tags = 1};
        (void)contract_act(c, &(struct store_control_item){.id = b.id, .verb = STORE_PATCH, .patch = &p});
        (void)contract_control(c, &b.id, STORE_COMPLETE);
        if (run == 1) (void)contract_control(c, &b.id, STORE_RETRY);
    }
    CHECK_INT(ask_file(c->path, rows), 6); /* a body, two endings, two attempts, a tag */
    CHECK_INT(contract_control(c, &b.id, STORE_DELETE).err, 0);
    CHECK_INT(ask_file(c->path, rows), 0);
    CHECK_INT(ask_file(c->path, "SELECT sum(n) FROM tally"), 0);
}

static int answered_before; /* requests answered before the read was */

static void on_read_done(struct store_req *r)
{
    answered_before = ((struct contract *)r->user)->n_answered;
    contract_on_done(r);
}

/* Asked for after them, in the same breath: when it was too late, the reader being quicker, it is tried again. */
CASE(a_short_question_does_not_wait_for_all_large_results_before_it)
{
    enum { LARGE = 40, TRIES = 20 };
    const size_t len = 1024 * 1024;
    char *text = mem_new(len);
    memset(text, 'x', len);
    struct task_body b = contract_body(c, "q", "t");
    b.input = (struct str){text, len};
    (void)contract_add(c, &b);
    int went_before = 0;
    for (int i = 0; i < TRIES && !went_before; i++) {
        struct store_get large[LARGE], small = {.id = b.id, .input_max = 10, .result_max = LIMIT_INLINE};
        int before = c->n_answered;
        for (int k = 0; k < LARGE; k++) {
            large[k] = (struct store_get){.id = b.id, .input_max = len, .result_max = LIMIT_RESULT};
            SUBMIT(c, get, &large[k]);
        }
        c->pending++;
        store_get(c->store, &small, on_read_done, c);
        contract_wait(c);
        went_before = answered_before < before + LARGE;
        for (int k = 0; k < LARGE; k++) {
            CHECK_INT(large[k].task.body.input.len, len);
            store_release(&large[k].req);
        }
        store_release(&small.req);
    }
    CHECK(went_before);
    free(text);
}

CASE(reads_do_not_wait_for_the_writes_before_them)
{
    enum { LOAD = 4000 };
    struct id id = contract_put(c, "q", "t");
    struct task_body *bodies = mem_new(LOAD * sizeof *bodies);
    struct store_add_item *items = mem_new(LOAD * sizeof *items);
    struct store_add *adds = mem_new(LOAD * sizeof *adds);
    for (int i = 0; i < LOAD; i++) {
        bodies[i] = contract_body(c, "q", "t");
        items[i] = (struct store_add_item){.body = &bodies[i]};
        adds[i] = (struct store_add){.items = &items[i], .n = 1};
        SUBMIT(c, add, &adds[i]);
    }
    struct store_get get = {.id = id};
    c->pending++;
    store_get(c->store, &get, on_read_done, c);
    contract_wait(c);
    CHECK_INT(get.found, 0);
    CHECK(answered_before < LOAD);
    for (int i = 0; i < LOAD; i++) CHECK(adds[i].req.err == 0 && items[i].err == 0);
    store_release(&get.req);
    free(bodies), free(items), free(adds);
}

int main(int argc, char **argv)
{
    static const struct contract_engine sqlite = {.name = "sqlite", .has_loop = true, .survives = true, .open = open_sqlite};
    int contract = contract_main(&sqlite, argc, argv);
    int own = test_main(argc, argv);
    return contract || own;
}
