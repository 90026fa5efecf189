/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker that counts words: progress, streamed output, a checkpoint that a later attempt goes on from, cancel. It
 * takes up to four tasks at once and gives each its own verdict.
 *
 *   input   {"text": STRING, "pause_ms"?: INTEGER}        pause_ms after each word, so that there is something to see
 *   result  {"words": INTEGER}
 *
 *     cc worker.c -o worker $(pkg-config --cflags --libs bide)
 *
 *     workers: {counter: {command: [./worker]}}
 *     types:   {count: {worker: counter}}
 */
#include <bide.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

/* One more word: says so. Not 0: bide is gone, or the task was cancelled. */
static int tell(struct bide_task *task, int64_t words, double percent, const char *word, size_t len)
{
    char saved[64];
    snprintf(saved, sizeof saved, "{\"words\":%lld}", (long long)words);
    if (bide_task_progress(task, percent, "counting")) return -1;
    if (bide_task_output(task, word, len) || bide_task_output(task, "\n", 1)) return -1;
    return bide_task_save(task, saved) || bide_task_cancelled(task) ? -1 : 0;
}

static int count(struct bide_task *task)
{
    const struct bide_failure no_text = {.code = "invalid_input", .message = "text: a string is needed"};
    struct bide_text text = {0};
    int64_t words = 0, saved = 0, pause_ms = 0;
    char result[64];
    (void)bide_json_int(bide_task_input(task), "pause_ms", &pause_ms);
    if (bide_task_resume(task)) (void)bide_json_int(bide_task_resume(task), "words", &saved);
    if (bide_json_text(bide_task_input(task), "text", &text)) return bide_task_fail(task, &no_text);
    int stopped = 0;
    const char *at = text.p ? text.p : "";
    while (!stopped && *(at += strspn(at, " \n"))) {
        size_t len = strcspn(at, " \n");
        words++;
        if (words > saved) { /* an earlier attempt has told the others */
            stopped = tell(task, words, 100.0 * (double)(at + len - text.p) / (double)text.len, at, len);
            if (pause_ms > 0) (void)poll(NULL, 0, (int)pause_ms);
        }
        at += len;
    }
    bide_text_free(&text);
    if (stopped) return 0; /* reported for us */
    snprintf(result, sizeof result, "{\"words\":%lld}", (long long)words);
    return bide_task_done(task, result);
}

static int count_all(void *user, struct bide_task **tasks, size_t n)
{
    (void)user;
    for (size_t i = 0; i < n; i++) (void)count(tasks[i]); /* one that went wrong does not take the others with it */
    return 0;
}

int main(void)
{
    struct bide_error error = {0};
    struct bide_worker worker = {.run_batch = count_all, .max_batch = 4, .error = &error};
    if (bide_worker_run(&worker) == 0) return 0;
    fprintf(stderr, "%s\n", error.text);
    return 1;
}
