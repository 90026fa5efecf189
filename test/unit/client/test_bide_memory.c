/* SPDX-License-Identifier: Apache-2.0
 *
 * Out of memory: each allocation of a call fails in turn, and the library must return an error (or have managed
 * without) and neither crash, nor end the process, nor keep what it had. The allocator is replaced for this program, so
 * not under a sanitizer, which has its own.
 */
#include "bide.h"
#include "base/sse.h"
#include "test/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void __libc_free(void *p);
void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t size);
void free(void *p);

static long countdown; /* allocations until one fails; 0: none does */
static bool failed;
static long live; /* pieces of memory in use */

static bool fails(void)
{
    if (countdown == 0 || --countdown > 0) return false;
    failed = true;
    errno = ENOMEM;
    return true;
}

static void *counted(void *p)
{
    if (p) live++;
    return p;
}

void *malloc(size_t size) { return fails() ? NULL : counted(__libc_malloc(size)); }
void *calloc(size_t n, size_t size) { return fails() ? NULL : counted(__libc_calloc(n, size)); }

void *realloc(void *p, size_t size)
{
    if (fails()) return NULL;
    return p ? __libc_realloc(p, size) : counted(__libc_realloc(p, size));
}

void free(void *p)
{
    if (p) live--;
    __libc_free(p);
}

/* Calls `f` with allocation n failing, for every n it makes. Twice for each: what a library keeps for good, and where
 * it came to, differs from one n to the next, but doing the same again must not keep more. */
static void each_fails(void (*f)(void))
{
    long n = 0;
    do {
        long before = 0;
        n++;
        for (int again = 0; again < 2; again++) {
            before = live;
            failed = false;
            countdown = n;
            f();
            countdown = 0;
        }
        CHECK(live <= before);
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
static void get_from_nowhere(void)
{
    char id[200];
    struct bide_error e = {0};
    struct bide_text task = {0};
    long armed = countdown;
    memset(id, 'i', sizeof id);
    id[sizeof id - 1] = '\0';
    countdown = 0;
    struct bide_client *c = bide_client_new(&(struct bide_client_options){.server = "127.0.0.1:1"}, &e);
    CHECK(c != NULL);
    countdown = armed;
    CHECK_INT(bide_client_get(c, id, &task, &e), -1);
    CHECK(strcmp(e.code, "away") == 0 || (failed && strcmp(e.code, "no_memory") == 0));
    CHECK_INT(bide_client_list(c, &(struct bide_filter){.subject = id}, &task, &e), -1);
    CHECK(strcmp(e.code, "away") == 0 || (failed && strcmp(e.code, "no_memory") == 0));
    bide_client_free(c);
}

TEST(a_request_without_memory_says_so) { each_fails(get_from_nowhere); }

static bool on_event(struct sse *s) { return s->has_data; }

static void parse_events(void)
{
    char text[600] = "id: 1\nevent: a\ndata: ";
    struct sse s;
    memset(text + strlen(text), 'x', sizeof text - 1 - strlen(text));
    text[sizeof text - 1] = '\0';
    memcpy(text + sizeof text - 3, "\n\n", 2);
    sse_init(&s, 1000, on_event, NULL);
    int rc = sse_add(&s, str_of(text));
    CHECK_INT(rc, failed ? ERR_NOMEM : 0);
    sse_release(&s);
}

TEST(events_without_memory_are_an_error) { each_fails(parse_events); }

static bool nothing(void *user, const struct bide_event *event)
{
    (void)user, (void)event;
    return true;
}

static void follow_nowhere(void)
{
    struct bide_error e = {0};
    long armed = countdown;
    countdown = 0;
    struct bide_client *c = bide_client_new(&(struct bide_client_options){.server = "127.0.0.1:1"}, &e);
    CHECK(c != NULL);
    countdown = armed;
    CHECK_INT(bide_client_follow(c, &(struct bide_follow){.id = "i", .last_id = "1", .on_event = nothing}, &e), -1);
    CHECK(strcmp(e.code, "away") == 0 || (failed && strcmp(e.code, "no_memory") == 0));
    bide_client_free(c);
}

TEST(following_without_memory_says_so) { each_fails(follow_nowhere); }

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
    if (bide_task_add_next(t, "{\"type\":\"u\"}")) return -1;
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

/* A server in a process of its own, whose memory is not wanting: it has one answer for everything. */
static pid_t serve(char server[64])
{
    static const char body[] = "{\"id\":\"t1\",\"status\":\"completed\",\"items\":["
                               "{\"index\":0,\"status\":202,\"id\":\"t1\"},"
                               "{\"index\":1,\"status\":422,\"error\":{\"code\":\"no\\n\"}}]}";
    char all[1024];
    snprintf(all, sizeof all, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", sizeof body - 1, body);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_INT(bind(listener, (struct sockaddr *)&a, sizeof a), 0);
    CHECK_INT(getsockname(listener, (struct sockaddr *)&a, &len), 0);
    CHECK_INT(listen(listener, 64), 0);
    snprintf(server, 64, "http://127.0.0.1:%d", ntohs(a.sin_port));
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid > 0) {
        close(listener);
        return pid;
    }
    for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd)) {
        char request[8192];
        size_t have = 0;
        for (ssize_t n; (n = read(fd, request + have, sizeof request - 1 - have)) > 0;) {
            have += (size_t)n;
            request[have] = '\0';
            char *end = strstr(request, "\r\n\r\n"), *length = strstr(request, "Content-Length: ");
            if (!end || have < (size_t)(end - request) + 4 + (length ? strtoul(length + 16, NULL, 10) : 0)) continue;
            if (write(fd, all, strlen(all)) < 0) break;
            have = 0;
        }
    }
    _exit(0);
}

static char server_address[64];
static struct bide_text answer;
static struct bide_error why;

/* libcurl cannot always say that memory was what it wanted: then there is no answer. */
static void expect(int rc)
{
    if (rc == 0) return;
    CHECK(failed);
    if (strcmp(why.code, "away") != 0) CHECK_STR(str_of(why.code), "no_memory");
}

static void all_calls(void)
{
    struct bide_tag tag = {"k", "v w"};
    struct bide_submit submits[] = {{.type = "t",
                                     .input = "{\"text\":\"a\"}",
                                     .subject = "s",
                                     .on_success = "[{\"type\":\"u\"}]",
                                     .tags = &tag,
                                     .n_tags = 1,
                                     .more = "{\"key\":\"k\"}",
                                     .idempotency_key = "i"},
                                    {.type = "u"}};
    struct bide_submitted each[2];
    struct bide_task_view view;
    int priority = 1;
    struct bide_client *c =
        bide_client_new(&(struct bide_client_options){.server = server_address, .token = "t"}, &why);
    expect(c ? 0 : -1);
    if (!c) return;
    int rc = bide_client_submit(c, submits, &answer, &why);
    expect(rc);
    if (rc == 0) expect(bide_task_view_read(&view, answer.p, &why));
    submits[0].idempotency_key = NULL;
    rc = bide_client_submit_many(c, submits, 2, "i", each, &why);
    expect(rc);
    if (rc == 0) CHECK_STR(str_of(each[1].error.code), "no\n");
    expect(bide_client_get(c, "t1", &answer, &why));
    expect(bide_client_wait(c, "t1", 5000, &answer, &why));
    expect(bide_client_latest(c, "a subject", &answer, &why));
    expect(bide_client_list(c, &(struct bide_filter){.subject = "s s", .tags = &tag, .n_tags = 1}, &answer, &why));
    expect(bide_client_patch(c, "t1", &(struct bide_patch){.priority = &priority}, &answer, &why));
    expect(bide_client_result(c, "t1", &answer, &why));
    expect(bide_client_delete(c, "t1", &why));
    bide_text_free(&answer);
    bide_client_free(c);
}

TEST(every_call_of_the_client_survives_want_of_memory)
{
    struct bide_client *keeps = bide_client_new(NULL, &why); /* what libcurl initialises once */
    pid_t pid = serve(server_address);
    each_fails(all_calls);
    bide_client_free(keeps);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

#endif

TEST_MAIN
