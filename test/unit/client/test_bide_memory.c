/* SPDX-License-Identifier: Apache-2.0
 *
 * Out of memory: each allocation of a call fails in turn, and the library must return an error (or have managed
 * without) and neither crash nor end the process. The allocator is replaced for this program, so not under a sanitizer,
 * which has its own.
 */
#include "bide.h"
#include "test/test.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t size);

static long countdown; /* allocations until one fails; 0: none does */
static bool failed;

static bool fails(void)
{
    if (countdown == 0 || --countdown > 0) return false;
    failed = true;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size) { return fails() ? NULL : __libc_malloc(size); }
void *calloc(size_t n, size_t size) { return fails() ? NULL : __libc_calloc(n, size); }
void *realloc(void *p, size_t size) { return fails() ? NULL : __libc_realloc(p, size); }

/* Calls `f` with allocation n failing, for every n it makes. */
static void each_fails(void (*f)(void))
{
    long n = 0;
    do {
        failed = false;
        countdown = ++n;
        f();
        countdown = 0;
    } while (failed);
    CHECK(n > 1);
}

static const char task_json[] =
    "{\"id\":\"i\",\"status\":\"failed\",\"error\":{\"code\":\"c\\n\",\"message\":\"m\"},\"tags\":{\"a\":\"b\"}}";

static void view(void)
{
    struct bide_task_view v;
    struct bide_error e = {0};
    int rc = bide_task_view_read(&v, task_json, &e);
    if (rc) CHECK_STR(str_of(e.code), "no_memory");
}

TEST(reading_a_task_survives_want_of_memory) { each_fails(view); }

static void read_json(void)
{
    struct bide_text text = {0};
    char small[8];
    enum bide_json found = bide_json_text(task_json, "error.code", &text);
    CHECK(found == BIDE_JSON_FOUND || found == BIDE_JSON_MEMORY);
    found = bide_json_string(task_json, "error.code", small, sizeof small);
    CHECK(found == BIDE_JSON_FOUND || found == BIDE_JSON_MEMORY);
    bide_text_free(&text);
}

TEST(the_json_readers_survive_want_of_memory) { each_fails(read_json); }

static void write_json(void)
{
    struct bide_text text = {0};
    bide_json_write_open(&text, '[');
    for (int i = 0; i < 100; i++) bide_json_write_string(&text, "some text");
    bide_json_write_close(&text, ']');
    CHECK((text.err != 0) == failed);
    bide_text_free(&text);
}

TEST(the_json_writers_remember_want_of_memory) { each_fails(write_json); }

static void new_client(void)
{
    struct bide_error e = {0};
    struct bide_client *c = bide_client_new(&(struct bide_client_options){.server = "127.0.0.1:1", .token = "t"}, &e);
    if (!c) CHECK_STR(str_of(e.code), "no_memory");
    bide_client_free(c);
}

TEST(a_client_survives_want_of_memory) { each_fails(new_client); }

/* Nobody listens there: the code is `away` unless memory was wanted before the connection was tried. */
static struct bide_client *nowhere;

static void get_from_nowhere(void)
{
    char id[200];
    struct bide_error e = {0};
    struct bide_text task = {0};
    memset(id, 'i', sizeof id);
    id[sizeof id - 1] = '\0';
    CHECK_INT(bide_client_get(nowhere, id, &task, &e), -1);
    if (failed) CHECK_STR(str_of(e.code), strcmp(e.code, "away") ? "no_memory" : "away");
    struct bide_filter filter = {.subject = id};
    CHECK_INT(bide_client_list(nowhere, &filter, &task, &e), -1);
    if (failed) CHECK_STR(str_of(e.code), strcmp(e.code, "away") ? "no_memory" : "away");
}

TEST(a_request_without_memory_says_so)
{
    struct bide_error e = {0};
    nowhere = bide_client_new(&(struct bide_client_options){.server = "127.0.0.1:1"}, &e);
    CHECK(nowhere != NULL);
    get_from_nowhere(); /* what libcurl allocates once */
    each_fails(get_from_nowhere);
    bide_client_free(nowhere);
}

TEST(a_long_address_without_memory_says_so_or_is_whole)
{
    static const char server[] = "a-user-with-a-name-that-makes-the-address-longer-than-64-bytes@127.0.0.1:1";
    setenv("no_proxy", "*", 1);
    do {
        struct bide_error e = {0};
        static long n;
        failed = false;
        countdown = ++n;
        struct bide_client *c = bide_client_new(&(struct bide_client_options){.server = server}, &e);
        countdown = 0;
        struct bide_text answer = {0};
        if (!c) CHECK_STR(str_of(e.code), "no_memory");
        if (c) CHECK_INT(bide_client_stats(c, &answer, &e), -1);
        if (c) CHECK(strstr(e.text, "connection refused") != NULL);
        bide_client_free(c);
    } while (failed);
}

static int echo(void *user, struct bide_task *t)
{
    (void)user;
    return bide_task_done(t, bide_task_input(t));
}

/* A worker in this thread: what it will read is already in the pipe, what it says fits into one. */
static void worker(void)
{
    static const char frames[] =
        "{\"op\":\"run\",\"tasks\":[{\"id\":\"t1\",\"fence\":\"00000000000000a1\",\"type\":\"t\",\"input\":[1,\"\\n\"],"
        "\"resume\":{\"a\":1}}]}\n{\"op\":\"stop\"}\n";
    struct bide_error e = {0};
    int in[2], out[2];
    char text[16];
    long armed = countdown;
    countdown = 0;
    CHECK_INT(pipe(in), 0);
    CHECK_INT(pipe(out), 0);
    CHECK_INT(write(in[1], frames, sizeof frames - 1), sizeof frames - 1);
    snprintf(text, sizeof text, "%d", in[0]);
    setenv("BIDE_IN", text, 1);
    snprintf(text, sizeof text, "%d", out[1]);
    setenv("BIDE_OUT", text, 1);
    countdown = armed;
    int rc = bide_worker_run(&(struct bide_worker){.run = echo, .error = &e});
    countdown = 0;
    if (rc) CHECK_STR(str_of(e.code), "no_memory");
    if (rc) CHECK(failed);
    close(in[0]);
    close(in[1]);
    close(out[0]);
    close(out[1]);
}

TEST(a_worker_survives_want_of_memory) { each_fails(worker); }

#endif

TEST_MAIN
