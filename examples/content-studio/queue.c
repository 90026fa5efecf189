/* SPDX-License-Identifier: Apache-2.0
 *
 * The operations of the studio from C, with libbide.
 *
 *     cc queue.c -o queue $(pkg-config --cflags --libs bide)
 *     ./queue submit ACCOUNT TOPIC [PRIORITY] | get ID | status ID | list [STATUS [ACCOUNT]] | cancel ID
 *     ./queue complete ID | fail ID MESSAGE | size | empty | join
 */
#include <bide.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char QUEUE[] = "content";
static const char *const UNFINISHED[] = {"running", "pending", "scheduled", "retrying", "blocked"};
enum { N_UNFINISHED = sizeof UNFINISHED / sizeof *UNFINISHED };

/* What a verb gets, and the buffers it may use. */
struct call {
    struct bide_client *client;
    int argc;
    char **argv; /* behind the verb */
    struct bide_text text;
    struct bide_error error;
};

static const char *arg(const struct call *c, int n) { return n < c->argc ? c->argv[n] : NULL; }

static int show(const struct call *c)
{
    printf("%s\n", c->text.p);
    return 0;
}

static int submit(struct call *c)
{
    struct bide_text input = {0};
    bide_json_write_open(&input, '{');
    bide_json_write_key(&input, "account");
    bide_json_write_string(&input, arg(c, 0));
    bide_json_write_key(&input, "topic");
    bide_json_write_string(&input, arg(c, 1));
    bide_json_write_close(&input, '}');
    struct bide_tag account = {"account", arg(c, 0)};
    struct bide_submit submit = {.type = "content",
                                 .input = input.p,
                                 .subject = arg(c, 1),
                                 .priority = arg(c, 2) ? (int)strtol(arg(c, 2), NULL, 10) : 5,
                                 .tags = &account,
                                 .n_tags = 1};
    int failed = bide_client_submit(c->client, &submit, &c->text, &c->error);
    bide_text_free(&input);
    return failed ? -1 : show(c);
}

static int get(struct call *c) { return bide_client_get(c->client, arg(c, 0), &c->text, &c->error) ? -1 : show(c); }

static int status(struct call *c)
{
    struct bide_task_view task;
    if (bide_client_get(c->client, arg(c, 0), &c->text, &c->error)) return -1;
    if (bide_task_view_read(&task, c->text.p, &c->error)) return -1;
    printf("%s, attempt %d of %d%s%s\n", task.status, task.attempt, task.max_attempts, task.message[0] ? ": " : "",
           task.message);
    return 0;
}

static int list(struct call *c)
{
    struct bide_tag account = {"account", arg(c, 1)};
    struct bide_filter filter = {.queue = QUEUE, .status = arg(c, 0), .tags = &account, .n_tags = arg(c, 1) ? 1 : 0};
    return bide_client_list(c->client, &filter, &c->text, &c->error) ? -1 : show(c);
}

static int cancel(struct call *c)
{
    return bide_client_cancel(c->client, arg(c, 0), &c->text, &c->error) ? -1 : show(c);
}

/* The status of a task is said from outside: it was done, or given up, elsewhere. */
static int settle(struct call *c, const char *verb, const char *body)
{
    char path[128];
    int n = snprintf(path, sizeof path, "/v1/tasks/%s/%s", arg(c, 0), verb);
    if (n < 0 || (size_t)n >= sizeof path) {
        snprintf(c->error.text, sizeof c->error.text, "that is no id");
        return -1;
    }
    return bide_client_call(c->client, "POST", path, body, &c->text, NULL, &c->error) ? -1 : show(c);
}

static int complete(struct call *c) { return settle(c, "complete", "{}"); }

static int fail(struct call *c)
{
    struct bide_text body = {0};
    bide_json_write_open(&body, '{');
    bide_json_write_key(&body, "message");
    bide_json_write_string(&body, arg(c, 1));
    bide_json_write_close(&body, '}');
    int failed = settle(c, "fail", body.p);
    bide_text_free(&body);
    return failed;
}

/* How many have not ended; negative: it cannot be told. */
static int64_t count(struct call *c)
{
    if (bide_client_queue(c->client, QUEUE, &c->text, &c->error)) return -1;
    int64_t all = 0;
    for (int i = 0; i < N_UNFINISHED; i++) {
        char path[32];
        int64_t n = 0;
        snprintf(path, sizeof path, "depth.%s", UNFINISHED[i]);
        if (bide_json_int(c->text.p, path, &n)) return -1;
        all += n;
    }
    return all;
}

static int size(struct call *c)
{
    int64_t n = count(c);
    if (n >= 0) printf("%" PRId64 "\n", n);
    return n < 0 ? -1 : 0;
}

static int empty(struct call *c)
{
    int64_t n = count(c);
    if (n >= 0) printf("%s\n", n ? "no" : "yes");
    return n < 0 ? -1 : 0;
}

/* Waits for one task that has not ended, if there is one. */
static int wait_for_one(struct call *c)
{
    for (int i = 0; i < N_UNFINISHED; i++) {
        struct bide_filter filter = {.queue = QUEUE, .status = UNFINISHED[i], .limit = 1};
        char id[40];
        if (bide_client_list(c->client, &filter, &c->text, &c->error)) return -1;
        if (bide_json_string(c->text.p, "items.0.id", id, sizeof id)) continue;
        if (!bide_client_wait(c->client, id, -1, &c->text, &c->error)) return 0;
        return strcmp(c->error.code, "not_found") == 0 ? 0 : -1; /* it has ended, and was removed */
    }
    return 0;
}

static int join(struct call *c)
{
    int64_t n;
    while ((n = count(c)) > 0) {
        if (wait_for_one(c)) return -1;
    }
    return n < 0 ? -1 : 0;
}

static const struct {
    const char *name;
    int args; /* at least */
    int (*run)(struct call *c);
} VERBS[] = {{"submit", 2, submit}, {"get", 1, get},           {"status", 1, status}, {"list", 0, list},
             {"cancel", 1, cancel}, {"complete", 1, complete}, {"fail", 2, fail},     {"size", 0, size},
             {"empty", 0, empty},   {"join", 0, join}};

int main(int argc, char **argv)
{
    size_t verb = 0, n = sizeof VERBS / sizeof *VERBS;
    while (argc > 1 && verb < n && strcmp(VERBS[verb].name, argv[1]) != 0) verb++;
    if (argc < 2 || verb == n || argc - 2 < VERBS[verb].args) {
        fprintf(
            stderr,
            "usage: queue submit ACCOUNT TOPIC [PRIORITY] | get ID | status ID | list [STATUS [ACCOUNT]] | cancel ID\n"
            "             | complete ID | fail ID MESSAGE | size | empty | join\n");
        return 64;
    }
    struct call call = {.argc = argc - 2, .argv = argv + 2};
    call.client = bide_client_new(NULL, &call.error); /* BIDE_SERVER, or 127.0.0.1:8080 */
    int failed = call.client ? VERBS[verb].run(&call) : -1;
    if (failed) fprintf(stderr, "queue: %s: %s\n", call.error.code, call.error.text);
    bide_text_free(&call.text);
    bide_client_free(call.client);
    return failed ? 1 : 0;
}
