/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists over two hundred thousand tasks, in the engine `sqlite`: what few of them have is found at once, what cannot be is
 * looked for in pieces, and nobody waits for that.
 */
#include "base/mem.h"
#include "store/sqlite/sqlite_engine.h"
#include "store/sqlite/sqlite_reader.h"
#include "test/contract/contract.h"
#include "test/contract/old.h"

#include <sys/stat.h>
#include <time.h>

static struct store *open_sqlite(struct contract *c)
{
    struct sqlite_engine_conf conf = {.loop = c->loop, .events = &c->events, .path = c->path};
    struct err e;
    struct store *s = NULL;
    if (sqlite_engine_open(&s, &conf, &e) != 0) fprintf(stderr, "%s\n", e.text);
    return s;
}

static void go_elsewhere(struct contract *c, char path[static sizeof c->path])
{
    memcpy(path, c->path, sizeof c->path);
    snprintf(c->path, sizeof c->path, "%s/elsewhere.db", c->dir);
    contract_reopen(c);
}

static void come_back(struct contract *c, const char *path)
{
    memcpy(c->path, path, sizeof c->path);
    contract_reopen(c);
}

#define ROWS "200000"

/* Two hundred thousand tasks that wait for a moment far away, written past the engine, which is quicker. A list of those
 * that wait for their turn has to look at each of them: their time might have come. */
static void many_rows(struct contract *c)
{
    struct id id = contract_put(c, "q", "t");
    CHECK_INT(contract_control(c, &id, STORE_CANCEL).err, 0);
    char path[sizeof c->path];
    go_elsewhere(c, path);
    CHECK(old_exec(path, "BEGIN;"
              "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n WHERE x<" ROWS ")"
              " INSERT INTO body SELECT CAST(printf('\x01%015d', x) AS BLOB),0,1,0,1,0,0,1,1,3,0,0,1,1,NULL,NULL,x'7b7d',-1,NULL,NULL,1,NULL FROM n;"
              "INSERT INTO live SELECT id,1,1,1,0,0,0,0,0,0,9000000000000,0,0,0,0,NULL,NULL FROM body WHERE id<x'0140';"
              "COMMIT"));
    come_back(c, path);
    CHECK_INT(contract_count(c, "q").n[TASK_SCHEDULED], 200000);
}

/* What this process computed: unlike time, it does not pass while other processes have the machine. */
static int64_t computed_ms(void)
{
    struct timespec t;
    CHECK_INT(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

CASE(a_list_that_finds_nothing_in_many_rows_stops_in_time_goes_on_and_ends)
{
    many_rows(c);
    struct store_filter f = {.word = "pending"};
    struct store_list r = {.filter = f, .limit = 50};
    int pages = 0;
    int64_t longest_ms = 0;
    for (bool more = true; more; pages++) {
        int64_t since_ms = computed_ms();
        ASK(c, list, &r);
        int64_t took_ms = computed_ms() - since_ms;
        if (took_ms > longest_ms) longest_ms = took_ms;
        CHECK(r.req.err == 0 && r.n == 0);
        more = r.more;
        struct store_list next = {.filter = f, .limit = 50, .has_after = true, .after = r.last};
        if (r.has_after && more) CHECK(id_cmp(&r.last, &r.after) < 0);
        store_release(&r.req);
        r = next;
        CHECK(pages < 10000);
    }
    CHECK(pages > 1);
    CHECK(longest_ms < 5 * SQLITE_READER_BUDGET_MS); /* the bound, and what is around it */
}

/* How many it lists, page after page. */
static size_t listed_of_many(struct contract *c, struct store_filter filter, size_t *ret_pages)
{
    size_t n = 0;
    struct store_list r = {.filter = filter, .limit = 50};
    *ret_pages = 0;
    for (bool more = true; more && *ret_pages < 1000; (*ret_pages)++) {
        ASK(c, list, &r);
        CHECK_INT(r.req.err, 0);
        more = r.more;
        n += r.n;
        struct store_list next = {.filter = filter, .limit = 50, .has_after = true, .after = r.last};
        store_release(&r.req);
        r = next;
    }
    return n;
}

/* Of that many: completed, of a type, with a subject and a tag; a few are something else, the oldest among them. */
static void many_ended(struct contract *c)
{
    (void)contract_put(c, "q", "t");
    (void)contract_put(c, "q", "seldom");
    char path[sizeof c->path];
    go_elsewhere(c, path);
    CHECK(old_exec(path, "BEGIN;"
              "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n WHERE x<" ROWS ")"
              " INSERT INTO body SELECT CAST(printf('\x01%015d', x) AS BLOB),0,1+(x%50000=1),0,1,0,0,1,1,3,0,0,1,1,"
              "iif(x%70000=1,'ann','all'),NULL,x'7b7d',-1,NULL,NULL,1,NULL FROM n;"
              "INSERT INTO done SELECT id,lane,4+(CAST(substr(id,2) AS INTEGER)%60000=1),1,1,0,0,0,0,1,2,NULL,NULL,NULL,NULL,0,0,"
              "NULL,NULL,NULL,0,1,NULL FROM body WHERE id<x'0140';"
              "INSERT INTO tag SELECT 'of', iif(CAST(substr(id,2) AS INTEGER)%80000=1,'few','all'), id FROM done;"
              "COMMIT"));
    come_back(c, path);
}

CASE(what_few_of_many_tasks_have_is_found_at_once)
{
    many_ended(c);
    static const struct task_tag few = {STR("of"), STR("few")}, all = {STR("of"), STR("all")};
    const struct {
        struct store_filter filter;
        size_t n;
    } asked[] = {
        {{.type = STR("seldom"), .word = "completed"}, 3},
        {{.type = STR("seldom")}, 5},
        {{.type = STR("seldom"), .word = "pending"}, 1},
        {{.queue = STR("q"), .word = "failed"}, 4},
        {{.word = "failed", .subject = STR("all")}, 3},
        {{.word = "failed", .tags = {all}, .n_tags = 1}, 3},
        {{.word = "running"}, 0},
        {{.word = "expired", .tags = {all}, .n_tags = 1}, 0},
        {{.subject = STR("ann"), .tags = {all}, .n_tags = 1}, 2},
        {{.type = STR("seldom"), .subject = STR("ann"), .tags = {few}, .n_tags = 1, .word = "failed"}, 1},
    };
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        size_t pages, n = listed_of_many(c, asked[i].filter, &pages);
        CHECK_INT(n, asked[i].n);
        CHECK(pages <= 5); /* one, where nobody else has the machine; looking at every row takes dozens */
    }
}

#define TYPES 9000

/* As many types as a prefix lets its users name, in one queue; every tenth of the tasks is cancelled. */
static void many_types(struct contract *c)
{
    char path[sizeof c->path];
    (void)contract_put(c, "q", "t1");
    go_elsewhere(c, path);
    CHECK(old_exec(path, "BEGIN;"
              "WITH RECURSIVE n(x) AS (SELECT 2 UNION ALL SELECT x+1 FROM n WHERE x<9000)"
              " INSERT INTO lane SELECT x, iif(x%1000=0,'r','q'), 't'||x FROM n;"
              "WITH RECURSIVE n(x) AS (SELECT 2 UNION ALL SELECT x+1 FROM n WHERE x<9000)"
              " INSERT INTO body SELECT CAST(printf('\x01%015d', x) AS BLOB),0,x,0,1,0,0,1,1,3,0,0,1,1,NULL,NULL,x'7b7d',-1,NULL,NULL,1,NULL FROM n;"
              "INSERT INTO live SELECT id,lane,2,1,0,0,0,0,0,0,0,0,0,0,0,NULL,NULL FROM body WHERE id<x'0140' AND lane%10<>0;"
              "INSERT INTO done SELECT id,lane,6,1,1,0,0,0,0,1,2,NULL,NULL,NULL,NULL,0,0,NULL,NULL,NULL,0,1,NULL FROM body"
              " WHERE id<x'0140' AND lane%10=0;"
              "COMMIT"));
    come_back(c, path);
}

CASE(however_many_types_there_are_a_page_is_no_work)
{
    many_types(c);
    size_t pages;
    CHECK_INT(listed_of_many(c, (struct store_filter){.queue = STR("q")}, &pages), TYPES - 9);
    CHECK(pages <= TYPES / 50 * 2); /* page after page of fifty: merging the types would have a page for each task */
    CHECK_INT(listed_of_many(c, (struct store_filter){.word = "pending"}, &pages), TYPES - TYPES / 10);
    CHECK(pages <= TYPES / 50 * 2);
    CHECK_INT(listed_of_many(c, (struct store_filter){.queue = STR("q"), .word = "cancelled"}, &pages), TYPES / 10 - 9);
    CHECK_INT(listed_of_many(c, (struct store_filter){.queue = STR("r")}, &pages), 9);
    CHECK_INT(listed_of_many(c, (struct store_filter){.type = STR("t2000")}, &pages), 1);
    CHECK_INT(listed_of_many(c, (struct store_filter){.queue = STR("q"), .type = STR("t2000")}, &pages), 0);
    CHECK_INT(listed_of_many(c, (struct store_filter){.word = "failed"}, &pages), 0);
    CHECK_INT(listed_of_many(c, (struct store_filter){.type = STR("none")}, &pages), 0);
}

struct ask_later {
    struct timer timer;
    struct contract *c;
    struct store_get get;
};

static void on_ask(struct timer *t)
{
    struct ask_later *a = CONTAINER_OF(t, struct ask_later, timer);
    store_get(a->c->store, &a->get, contract_on_done, a->c);
}

CASE(a_get_during_a_list_is_answered_before_the_list)
{
    many_rows(c);
    struct id id = contract_put(c, "q", "t");
    int in_time = 0;
    for (int i = 0; i < 500 && in_time < 5; i++) {
        struct store_list list = {.filter.word = "pending", .limit = 50};
        struct ask_later ask = {.c = c, .get = {.id = id, .input_max = 10}};
        int before = c->n_answered;
        SUBMIT(c, list, &list);
        c->pending++;
        turn_timer(&c->turn, &ask.timer, 1 + i % 5, on_ask);
        contract_wait(c);
        CHECK(list.more);
        CHECK_INT(ask.get.found, 0);
        /* a busy machine may have let us ask too late, when the list had used up its budget already */
        bool was_in_time = ask.get.req.since_ms - list.req.since_ms < SQLITE_READER_BUDGET_MS - 2;
        if (was_in_time) CHECK(c->answered[before % 16] == &ask.get.req);
        in_time += was_in_time;
        store_release(&list.req);
        store_release(&ask.get.req);
    }
    CHECK(in_time > 0);
}

static bool reading; /* lists are asked for again as long as this holds */

static void on_listed(struct store_req *r)
{
    struct contract *c = r->user;
    struct store_list *list = (struct store_list *)r;
    store_release(r);
    *list = (struct store_list){.req.user = c, .filter.word = "pending", .limit = 5};
    if (reading) store_list(c->store, list, on_listed, c);
    else contract_on_done(r);
}

CASE(the_log_is_bounded_while_a_reader_is_always_busy)
{
    many_rows(c);
    char log[sizeof c->path + 8];
    snprintf(log, sizeof log, "%s-wal", c->path);
    const size_t len = 1024 * 1024;
    char *text = mem_new(len);
    memset(text, 'x', len);
    struct store_list lists[2] = {{.filter.word = "pending", .limit = 5}, {.filter.word = "pending", .limit = 5}};
    reading = true;
    for (int i = 0; i < 2; i++) store_list(c->store, &lists[i], on_listed, c);
    off_t longest = 0;
    for (int i = 0; i < 120; i++) { /* 120 MiB in all */
        struct task_body b = contract_body(c, "q", "t");
        b.input = (struct str){text, len};
        struct store_add_item item = {.body = &b};
        struct store_add add = {.items = &item, .n = 1};
        ASK(c, add, &add);
        CHECK_INT(add.req.err, 0);
        struct stat st;
        CHECK_INT(stat(log, &st), 0);
        if (st.st_size > longest) longest = st.st_size;
    }
    reading = false;
    c->pending += 2;
    contract_wait(c);
    CHECK(longest > 16 * 1024 * 1024); /* the readers were in the way */
    CHECK(longest < 80 * 1024 * 1024);
    free(text);
}

int main(int argc, char **argv)
{
    static const struct contract_engine sqlite = {.name = "sqlite", .has_loop = true, .survives = true, .open = open_sqlite};
    contract_use(&sqlite);
    return test_main(argc, argv);
}
