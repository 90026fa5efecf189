/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker on libbide that does what its task says; pulled.py is the same in Python. With max_batch 4 when BATCH is set, as many
 * at a time as THREADS says.
 *
 *   input   {"text"?, "log"?, "output"?: streamed before the sleep and after it, "sleep_ms"?, "spin"?: until cancelled, "file"?: name, "fail"?: code, "result_bytes"?, "next"?: submits to follow}
 *           or {"save": text}: the first attempt saves it and fails, the next has {"resume": text} as its result
 *   result  {"text": bytes of text, "attempt", "pid", "batch", "pad": result_bytes of x}
 */
#include "bide.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile int stop;
static void on_term(int number)
{
    (void)number;
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
}

static int write_file(struct bide_task *t, const char *name)
{
    char path[8192];
    snprintf(path, sizeof path, "%s/%s", bide_task_dir(t), name);
    FILE *f = fopen(path, "w");
    if (!f) return -1;
    fputs("content of ", f);
    fputs(name, f);
    fclose(f);
    return bide_task_add_file(t, name);
}

static int finish(struct bide_task *t, size_t text, int64_t pad, size_t batch)
{
    struct bide_text out = {0};
    char *x = malloc((size_t)pad + 1);
    if (!x) return -1;
    memset(x, 'x', (size_t)pad);
    x[pad] = '\0';
    bide_json_write_open(&out, '{');
    bide_json_write_key(&out, "text");
    bide_json_write_int(&out, (int64_t)text);
    bide_json_write_key(&out, "attempt");
    bide_json_write_int(&out, bide_task_attempt(t));
    bide_json_write_key(&out, "pid");
    bide_json_write_int(&out, getpid());
    bide_json_write_key(&out, "batch");
    bide_json_write_int(&out, (int64_t)batch);
    bide_json_write_key(&out, "pad");
    bide_json_write_string(&out, x);
    bide_json_write_close(&out, '}');
    int rc = bide_task_done(t, out.p);
    bide_text_free(&out);
    free(x);
    return rc;
}

static int save(struct bide_task *t, const char *what)
{
    char json[512];
    if (!bide_task_resume(t)) {
        snprintf(json, sizeof json, "\"%s\"", what);
        if (bide_task_save(t, json)) return -1;
        return bide_task_fail(t, &(struct bide_failure){.code = "quota", .message = "not now", .retry = true, .retry_after_ms = 10});
    }
    snprintf(json, sizeof json, "{\"resume\":%s}", bide_task_resume(t));
    return bide_task_done(t, json);
}

static int add_next(struct bide_task *t)
{
    char path[32];
    const char *one;
    size_t len;
    for (int i = 0; i < 16; i++) {
        snprintf(path, sizeof path, "next.%d", i);
        if (bide_json_span(bide_task_input(t), path, &one, &len)) return 0;
        char *json = strndup(one, len);
        int rc = json ? bide_task_add_next(t, json) : -1;
        free(json);
        if (rc) return -1;
    }
    return 0;
}

static int work(struct bide_task *t, size_t batch)
{
    const char *input = bide_task_input(t);
    struct bide_text text = {0};
    char word[256];
    int64_t sleep_ms = 0, pad = 0;
    bool spin = false;
    (void)bide_json_text(input, "text", &text);
    size_t len = text.len;
    bide_text_free(&text);
    (void)bide_json_int(input, "sleep_ms", &sleep_ms);
    (void)bide_json_int(input, "result_bytes", &pad);
    (void)bide_json_bool(input, "spin", &spin);
    if (bide_json_string(input, "log", word, sizeof word) == 0 && bide_task_log(t, "info", word)) return -1;
    if (bide_json_string(input, "file", word, sizeof word) == 0 && write_file(t, word)) return -1;
    bool streams = bide_json_string(input, "output", word, sizeof word) == 0;
    if (streams && bide_task_output(t, word, strlen(word))) return -1;
    if (bide_task_progress(t, 50, "half")) return -1;
    if (sleep_ms) (void)poll(NULL, 0, (int)sleep_ms);
    if (streams && bide_task_output(t, word, strlen(word))) return -1;
    while (spin && !bide_task_cancelled(t)) (void)poll(NULL, 0, 5);
    if (spin) return 0;
    if (bide_json_string(input, "save", word, sizeof word) == 0) return save(t, word);
    if (bide_json_string(input, "fail", word, sizeof word) == 0)
        return bide_task_fail(t, &(struct bide_failure){.code = word, .message = "as asked", .retry = false});
    if (add_next(t)) return -1;
    return finish(t, len, pad, batch);
}

static int run(void *user, struct bide_task *t)
{
    (void)user;
    return work(t, 1);
}

static int run_batch(void *user, struct bide_task **tasks, size_t n)
{
    (void)user;
    for (size_t i = 0; i < n; i++) (void)work(tasks[i], n);
    return 0;
}

int main(void)
{
    struct bide_error error = {0};
    const char *threads = getenv("THREADS");
    struct bide_worker worker = {.run = run, .error = &error, .stop = &stop, .concurrency = threads ? (int)strtol(threads, NULL, 10) : 0};
    if (getenv("BATCH")) worker = (struct bide_worker){.run_batch = run_batch, .max_batch = 4, .error = &error, .stop = &stop};
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_term}, NULL);
    if (bide_worker_run(&worker) == 0) return 0;
    fprintf(stderr, "%s\n", error.text);
    return 1;
}
