/* SPDX-License-Identifier: Apache-2.0
 *
 * A migration that does not come to its end. Stores that earlier builds have left, closed and with all of it in the
 * log, are brought forward by a process that is killed before and after each statement, and before, in the middle of
 * and after each write; and on a disk that loses its power in each sync. What is left is of one version or of another,
 * whole: every table and row of it is compared. The next start brings it to where an undisturbed one would have.
 *
 * The migration runs in a child, which kills itself: a trace of SQLite tells of the statements, its table of system
 * calls of the writes. Its parent is a process that was forked before anything else and stays small: a fork of one that
 * has stores in its memory takes a sanitizer fifty milliseconds.
 */
#include "store/sqlite/sqlite_schema.h"
#include "test.h"
#include "test/contract/old.h"
#include "test/contract/power.h"

#include <glob.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define STEP 7 /* forks are slow under them */
#else
#define STEP 1
#endif
#ifdef __SANITIZE_THREAD__
#define EACH_WAY 4 /* two ways to lose power for a store, others for the next: it looks for races, and there is one thread */
#else
#define EACH_WAY 1
#endif

static char dir[64], path[80], left_path[80], made_path[80]; /* made: to be copied again and again */
static struct buf states[SQLITE_SCHEMA_VERSION + 1]; /* of the store in hand, as of each version; not all are used */
static struct {
    int kills, cuts, stores;
    int left[SQLITE_SCHEMA_VERSION + 1]; /* how often that version was left */
} seen;

static int prepare(const char *file)
{
    struct sqlite_db d;
    struct err e;
    int err = sqlite_db_open(&d, file, false, &e);
    if (!err) err = sqlite_schema_prepare(&d, file, &e);
    sqlite_db_close(&d);
    return err;
}

static void remove_store(const char *file)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    for (int i = 0; i < 4; i++) {
        char name[100];
        snprintf(name, sizeof name, "%s%s", file, ends[i]);
        (void)remove(name);
    }
}

/* Makes the store, and what an undisturbed step after the other makes of it. `sql_path` NULL: one that was not there.
 * Returns its version. */
static int make_states(const char *sql_path, bool log)
{
    char mark[128];
    for (int i = 0; i <= SQLITE_SCHEMA_VERSION; i++) buf_release(&states[i]), states[i] = (struct buf){0};
    remove_store(path), remove_store(made_path);
    if (sql_path) CHECK(old_make(sql_path, path, false) && old_make(sql_path, made_path, log));
    int first = old_dump(path, &states[0]);
    CHECK(first >= 0);
    for (int v = first;; v++) {
        if (v > 0) CHECK_INT(old_dump(path, &states[v]), v);
        if (v == SQLITE_SCHEMA_VERSION) return first;
        snprintf(mark, sizeof mark, "PRAGMA application_id=%d; PRAGMA user_version=%d", SQLITE_SCHEMA_APPLICATION,
                 v + 1);
        CHECK(old_exec(path, sqlite_schema_migrations[v]) && old_exec(path, mark));
    }
}

static void check_whole(const char *file)
{
    struct buf now;
    int version = old_dump(file, &now);
    CHECK(version >= 0 && version <= SQLITE_SCHEMA_VERSION && states[version].len == now.len);
    CHECK(str_eq(buf_str(&now), buf_str(&states[version])));
    seen.left[version]++;
    buf_release(&now);
}

/* One version or another; then, or at once (what is left in the log is the start's to recover), the present one. */
static void check_left(const char *file, bool look_first)
{
    if (look_first) check_whole(file);
    CHECK_INT(prepare(file), 0);
    struct buf now;
    CHECK_INT(old_dump(file, &now), SQLITE_SCHEMA_VERSION);
    CHECK(str_eq(buf_str(&now), buf_str(&states[SQLITE_SCHEMA_VERSION])));
    buf_release(&now);
}

/* ---- killed ---- */

static struct {
    int steps, at; /* gone through so far; where it ends */
    ssize_t (*pwrite)(int fd, const void *from, size_t len, off_t at);
    int (*truncate)(int fd, off_t len);
    int (*remove)(const char *name);
} killing;

static void die(void)
{
    (void)kill(getpid(), SIGKILL);
    for (;;) pause();
}

static void step(void)
{
    if (++killing.steps == killing.at) die();
}

static ssize_t on_pwrite(int fd, const void *from, size_t len, off_t at)
{
    step();
    if (++killing.steps == killing.at) {
        (void)killing.pwrite(fd, from, len / 2, at);
        die();
    }
    ssize_t done = killing.pwrite(fd, from, len, at);
    step();
    return done;
}

static int on_truncate(int fd, off_t len)
{
    step();
    int done = killing.truncate(fd, len);
    step();
    return done;
}

static int on_remove(const char *name)
{
    step();
    int done = killing.remove(name);
    step();
    return done;
}

static int on_statement(unsigned what, void *user, void *statement, void *text)
{
    (void)what, (void)user, (void)statement, (void)text;
    step();
    return 0;
}

static int on_connection(sqlite3 *db, const char **ret_error, const void *routines)
{
    (void)ret_error, (void)routines;
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE, on_statement, NULL);
}

static sqlite3_syscall_ptr wrap(sqlite3_vfs *vfs, const char *name, sqlite3_syscall_ptr by)
{
    sqlite3_syscall_ptr real = vfs->xGetSystemCall(vfs, name);
    if (real && vfs->xSetSystemCall(vfs, name, by) != SQLITE_OK) abort();
    return real;
}

static void migrate_and_die(int at)
{
    killing.at = at;
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    /* which of the two it calls was decided when the library was built */
    sqlite3_syscall_ptr wide = wrap(vfs, "pwrite64", (sqlite3_syscall_ptr)(void (*)(void))on_pwrite);
    sqlite3_syscall_ptr narrow = wrap(vfs, "pwrite", (sqlite3_syscall_ptr)(void (*)(void))on_pwrite);
    killing.pwrite = (ssize_t(*)(int, const void *, size_t, off_t))(void (*)(void))(wide ? wide : narrow);
    killing.truncate =
        (int (*)(int, off_t))(void (*)(void))wrap(vfs, "ftruncate", (sqlite3_syscall_ptr)(void (*)(void))on_truncate);
    killing.remove =
        (int (*)(const char *))(void (*)(void))wrap(vfs, "unlink", (sqlite3_syscall_ptr)(void (*)(void))on_remove);
    if (!killing.pwrite) abort();
    (void)sqlite3_auto_extension((void (*)(void))on_connection);
    _exit(prepare(path) == 0 ? 0 : 1);
}

static struct {
    pid_t pid;
    int at, status; /* pipes: a number to it, how its child ended from it */
} forker;

/* A child for each number it reads, until there is no more. */
static void fork_each(int at, int ret_status)
{
    int number, status = 0;
    while (read(at, &number, sizeof number) == sizeof number) {
        pid_t child = fork();
        if (child == 0) migrate_and_die(number);
        if (child < 0 || waitpid(child, &status, 0) != child || write(ret_status, &status, sizeof status) < 0) _exit(1);
    }
    _exit(0);
}

static bool start_forker(void)
{
    int to[2], from[2];
    if (pipe(to) < 0 || pipe(from) < 0 || (forker.pid = fork()) < 0) return false;
    if (forker.pid == 0) {
        close(to[1]), close(from[0]);
        fork_each(to[0], from[1]);
    }
    close(to[0]), close(from[1]);
    forker.at = to[1];
    forker.status = from[0];
    return true;
}

static bool end_forker(void)
{
    int status;
    close(forker.at), close(forker.status);
    return waitpid(forker.pid, &status, 0) == forker.pid && status == 0;
}

/* False: it was not killed, for there are not so many steps. */
static bool is_killed(int at)
{
    int status;
    CHECK_INT(write(forker.at, &at, sizeof at), sizeof at);
    CHECK_INT(read(forker.status, &status, sizeof status), sizeof status);
    if (WIFSIGNALED(status)) CHECK_INT(WTERMSIG(status), SIGKILL);
    else CHECK_INT(WEXITSTATUS(status), 0);
    return WIFSIGNALED(status);
}

static int kill_everywhere(const char *sql_path, bool log)
{
    int kills = 0, first = make_states(sql_path, log);
    int by = sql_path && !log ? 3 * STEP : STEP; /* a closed store goes through the same statements and writes */
    for (int at = 1 + seen.stores % by;; at += by) {
        remove_store(path);
        if (sql_path) CHECK(old_copy(made_path, path));
        bool killed = is_killed(at);
        check_left(path, at % 5 < 3);
        if (!killed) break;
        kills++;
    }
    CHECK(kills > (first == SQLITE_SCHEMA_VERSION ? 10 : 30) / by);
    seen.kills += kills;
    seen.stores++;
    return kills;
}

/* ---- without power ---- */

static void cut_everywhere(const char *sql_path, bool log)
{
    (void)make_states(sql_path, log);
    for (int way = seen.stores % EACH_WAY; way < POWER_WAYS; way += EACH_WAY) {
        for (int k = 1;; k++) {
            remove_store(path), remove_store(left_path);
            CHECK(old_copy(made_path, path));
            power_on((uint64_t)(k * 100 + seen.stores));
            power_set_way((enum power_way)way);
            power_cut_at_sync(k);
            (void)prepare(path);
            bool was_cut = power_is_cut();
            power_cut();
            power_restore(path, left_path);
            power_off();
            check_left(left_path, k % 2 == 0);
            if (!was_cut) break;
            seen.cuts++;
        }
    }
    seen.stores++;
}

static void each_old_store(void (*each)(const char *sql_path, bool log))
{
    glob_t found;
    CHECK_INT(glob(OLD_FILES, 0, NULL, &found), 0);
    CHECK(found.gl_pathc >= 6);
    memset(&seen, 0, sizeof seen);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        each(found.gl_pathv[i], false);
        each(found.gl_pathv[i], true);
    }
    globfree(&found);
    printf("%d stores: %d kills, %d cuts of the power; looked at, they were of version", seen.stores, seen.kills,
           seen.cuts);
    for (int v = 0; v <= SQLITE_SCHEMA_VERSION; v++)
        printf(" %d %d times%s", v, seen.left[v], v < SQLITE_SCHEMA_VERSION ? "," : "\n");
    for (int v = 1; v <= SQLITE_SCHEMA_VERSION; v++) CHECK(seen.left[v] > 10 / STEP);
}

static void kill_one(const char *sql_path, bool log) { (void)kill_everywhere(sql_path, log); }

TEST(a_start_killed_at_any_statement_or_write_of_a_migration_loses_nothing) { each_old_store(kill_one); }

TEST(a_start_killed_while_it_makes_a_store_leaves_a_file_that_opens)
{
    printf("%d kills\n", kill_everywhere(NULL, false));
}

TEST(a_start_whose_power_goes_in_any_sync_of_a_migration_loses_nothing)
{
    each_old_store(cut_everywhere);
    CHECK(seen.cuts >= 100);
}

TEST(where_a_later_build_has_written_what_is_kept_for_ever_stays_so)
{
    remove_store(path);
    CHECK(old_make("test/upgrade/files/0aaac5d.sql", path, false));
    CHECK(old_exec(path, "UPDATE body SET retain=-2 WHERE id=(SELECT max(id) FROM body)"));
    CHECK_INT(prepare(path), 0);
    struct sqlite_db d;
    struct err e;
    CHECK_INT(sqlite_db_open(&d, path, true, &e), 0);
    CHECK_INT(sqlite_db_int(&d, "SELECT count(*) FROM body WHERE retain<>-1", 0), 1);
    sqlite_db_close(&d);
}

int main(int argc, char **argv)
{
    snprintf(dir, sizeof dir, "%s/bide-cut-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(dir)) return 1;
    snprintf(path, sizeof path, "%s/bide.db", dir);
    snprintf(left_path, sizeof left_path, "%s/left.db", dir);
    snprintf(made_path, sizeof made_path, "%s/made.db", dir);
    if (!start_forker()) return 1;
    int failed = test_main(argc, argv);
    if (!end_forker()) failed = 1;
    remove_store(path), remove_store(left_path), remove_store(made_path);
    (void)rmdir(dir);
    for (int i = 0; i <= SQLITE_SCHEMA_VERSION; i++) buf_release(&states[i]);
    return failed;
}
