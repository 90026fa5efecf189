/* SPDX-License-Identifier: Apache-2.0
 *
 * libbide: the C library of the bide job server. Two halves:
 *
 *   - a worker: a program that loads something slow once and then takes task after task (bide_worker_run);
 *   - a client: submit tasks and follow them over HTTP (bide_client_*).
 *
 * Rules that hold for all of it:
 *   - Functions that can fail return 0, or -1 with the reason in a struct bide_error (which may be NULL), unless they
 * say otherwise. What is returned by pointer (`ret_x`) is untouched on failure.
 *   - The library never prints, never ends the process, never raises SIGPIPE; out of memory is an error like another
 *     (`no_memory`).
 *   - Times and durations are int64_t milliseconds. Texts are UTF-8 and end with a NUL. JSON is text (RFC 8259).
 *   - One task or client object belongs to one thread at a time; different objects do not know of each other. So a
 *     thread that submits has a client of its own. bide_client_new also initialises libcurl, which may need to happen
 *     before other threads run: see curl_global_init(3).
 *
 * Linking: pkg-config --cflags --libs bide, or bide-static for libbide.a. All symbols are versioned (BIDE_0.1). See
 * doc/libbide.md.
 */
#ifndef BIDE_H
#define BIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BIDE_VERSION "0.1.0"
#define BIDE_PROTO 1 /* of the worker protocol */

#if defined(__GNUC__)
#define BIDE_API __attribute__((visibility("default")))
#else
#define BIDE_API
#endif

/* Why something failed. */
struct bide_error {
    int http_status; /* of the server's answer; 0 when there was none */
    char code[64];   /* a stable word: the server's (`unknown_type`, `queue_full`, ...) or the library's own: `away` no
                      * answer (what was asked for may have been done all the same), `timeout` the wait ran out,
                      * `no_memory`, `invalid`, `invalid_json`, `io`, `too_large`, `bad_answer` what answered is no bide
                      * server */
    char pointer[128]; /* JSON pointer (RFC 6901) to the offending member of a request, "" when there is none */
    char text[512];    /* one line for a person, without a full stop at the end */
};

/* Bytes that the library made and the caller owns: bide_text_free() when done. Start from a zeroed one. */
struct bide_text {
    char *p;    /* NUL-terminated; NULL when empty */
    size_t len; /* bytes, without the NUL */
    size_t cap; /* private */
    int err;    /* not 0: something did not fit in memory and the text is incomplete */
};

BIDE_API void bide_text_free(struct bide_text *text); /* accepts a zeroed text, leaves a zeroed one */

/* ---- Worker ------------------------------------------------------------------------------------------------------
 *
 *     static int transcribe(void *user, struct bide_task *task)
 *     {
 *         char path[4096];
 *         struct bide_failure no_audio = {.code = "invalid_input", .message = "audio: a path is needed"};
 *         if (bide_json_string(bide_task_input(task), "audio", path, sizeof path))
 *             return bide_task_fail(task, &no_audio);
 *         ...
 *         return bide_task_done(task, "{\"text\":\"hello\"}");
 *     }
 *     int main(void) { return bide_worker_run(&(struct bide_worker){.run = transcribe}) ? 1 : 0; }
 *
 * The worker speaks bide/1: JSON lines in on descriptor BIDE_IN (3 when unset), out on BIDE_OUT (4). Standard output
 * and error are free: bide keeps what is written there as the log of the task. Every frame carries the fence of its
 * attempt. Unless told to, the worker does not ask for pings, since it cannot answer while `run` computes; slow is then
 * never mistaken for dead.
 *
 * With BIDE_PULL=http://HOST:PORT in its environment the same program pulls: it asks that server for tasks of the types in
 * BIDE_PULL_TYPES, and a thread of the library's own beats while `run` computes. bide_task_dir() is then a directory of
 * this machine; its files go to the server with the verdict. What is printed stays here: bide_task_log() is the task's log.
 */

/* One attempt at one task: given to `run`, valid until `run` returns. */
struct bide_task;

struct bide_worker {
    /* Called once, before `ready` is sent: load the model here. Returns 0, or anything else with the reason in `error`
     * (or in `user`, or printed): the worker then ends without having been ready. NULL: nothing to load. */
    int (*load)(void *user, struct bide_error *error);
    /* Called for each task. Ends it with bide_task_done or bide_task_fail, or returns when bide_task_cancelled says so
     * (the loop then reports `cancelled`). Returns 0, or anything else for a failure: when no verdict was given the
     * loop reports `worker_error` (not 0) or `no_reply` (0), both to be retried. Not NULL unless run_batch is given. */
    int (*run)(void *user, struct bide_task *task);
    /* Instead of `run`: all tasks of one batch at once, each with its own verdict. */
    int (*run_batch)(void *user, struct bide_task **tasks, size_t n);
    /* Called once at the end when load succeeded. NULL: nothing to unload. */
    void (*unload)(void *user);
    void *user;    /* yours */
    int max_batch; /* the most tasks to be given at once; 0 means 1. Without run_batch they are run one after another, or
                    * by as many threads as `concurrency` says */
    /* How many tasks are run at a time: 1..256, 0 means 1, anything else is an error (`invalid`). Above 1 `run` is called
     * in as many threads of the library's own, which have the signal mask of the one that called bide_worker_run, each
     * task in one of them from the beginning to the end; what it says goes to that task, whatever the others say. So
     * what `user` points to is shared: what may not be is yours to keep apart. `load` and `unload` are called once, by
     * the thread that called bide_worker_run, before the first `run` and when the last has returned: after a `stop` or
     * the end of BIDE_IN those that run are waited for. Pings are answered at once, also while `run` computes. A puller
     * asks for as many tasks, one by one. With run_batch it is 1: a batch at a time. */
    int concurrency;
    bool ping;     /* bide may ask whether the process still moves; pings are answered between tasks and in
                    * bide_task_cancelled, so `run` calls that about ten times a second */
    struct bide_error *error; /* where bide_worker_run leaves its reason; may be NULL */
    /* A puller: a program that bide does not start, on another machine perhaps, and that asks a server for its tasks. */
    const char *pull;         /* the server, as bide_client_options.server; NULL: BIDE_PULL of the environment; neither: started by bide */
    const char *pull_types;   /* what to ask for, with commas: "transcribe,remote.*"; NULL: BIDE_PULL_TYPES */
    const char *pull_name;    /* its name for GET /v1/workers; NULL: BIDE_PULL_NAME, else host and process */
    const volatile int *stop; /* a puller: not 0: finish what was begun, give back the rest and return; set by
                               __atomic_store_n, as a signal handler may, since other threads look at it; NULL: never */
};

/* Serves tasks until told to stop (a `stop` frame, the end of BIDE_IN, `stop` of a puller); then unloads and returns 0. -1 with the
 * reason in worker->error: load failed, the descriptors are missing, a write met a broken pipe (bide is gone), or
 * bide sent what is not bide/1; or, pulling, the server will not give work: an unknown type, no permission. While it is
 * away it is waited for. The descriptors stay open and are marked close-on-exec, so that what the worker starts
 * does not inherit them. */
BIDE_API int bide_worker_run(const struct bide_worker *worker);

/* What is asked. All pointers are valid until `run` returns. */
BIDE_API const char *bide_task_id(const struct bide_task *task);
BIDE_API const char *bide_task_type(const struct bide_task *task);
BIDE_API int bide_task_attempt(const struct bide_task *task);        /* from 1; 0: a warm-up */
BIDE_API int64_t bide_task_timeout_ms(const struct bide_task *task); /* of this attempt; 0: none was told */
BIDE_API const char *bide_task_dir(const struct bide_task *task);    /* this attempt's directory; "": there is none */
BIDE_API const char *bide_task_input(const struct bide_task *task);  /* JSON text, wherever it travelled; never NULL */
BIDE_API size_t bide_task_input_len(const struct bide_task *task);   /* bytes */
BIDE_API const char *bide_task_resume(const struct bide_task *task); /* JSON an earlier attempt saved; NULL: none */

/* What happens. All return 0, or -1 when bide is gone, the argument is not acceptable, or the verdict is already given;
 * bide_task_error() then says why. */
/* percent: 0..100, negative: not known; message: may be NULL. */
BIDE_API int bide_task_progress(struct bide_task *task, double percent, const char *message);
/* The same with a JSON object of your own, at most 16 KiB; NULL: none. */
BIDE_API int bide_task_progress_data(struct bide_task *task, double percent, const char *message, const char *data);
/* level: debug info warn error; NULL means info. */
BIDE_API int bide_task_log(struct bide_task *task, const char *level, const char *text);
/* Streamed output, UTF-8, in order: what clients read with GET /v1/tasks/{id}/output while the task runs, and after it. The
 * pieces are numbered here, from 0 in each attempt; the server keeps the first 1 MiB of one. */
BIDE_API int bide_task_output(struct bide_task *task, const char *data, size_t len);
/* A checkpoint of at most 1 MiB of JSON, for bide_task_resume of the next attempt of the same run: the last one counts,
 * "null" forgets it. bide stores at most one a second, so it may be saved as often as is convenient. */
BIDE_API int bide_task_save(struct bide_task *task, const char *json);
/* An output file that is there, its name relative to the directory; told with `done`. */
BIDE_API int bide_task_add_file(struct bide_task *task, const char *name);
/* A task to follow when this one completes by its `done`, with which it is told: the fields of a submit as a JSON object,
 * {"type":"publish"}; nothing follows a `fail`. Without `input` it gets the task that ended, with its result, without
 * `subject` its subject. At most 16 of a task, of half a MiB together. One that the server refuses (an unknown type) makes
 * the `done` a failure, bad_result. */
BIDE_API int bide_task_add_next(struct bide_task *task, const char *submit_json);

/* Whether this attempt should end: asks without blocking; cheap enough for every step of a loop. Once true, it stays
 * true. */
BIDE_API bool bide_task_cancelled(struct bide_task *task);

/* The verdicts: exactly one per task, final. */
/* `result_json`: any JSON text, at most 16 MiB; over 1 MiB it travels as a file in the task's directory. */
BIDE_API int bide_task_done(struct bide_task *task, const char *result_json);

struct bide_failure {
    const char *code;       /* a word: invalid_input, or your own; NULL means worker_error */
    const char *message;    /* one line for a person (4 KiB are kept) */
    const char *detail;     /* a traceback, the tail of an output (32 KiB are kept); may be NULL */
    const char *type;       /* class of the error, "ValueError"; may be NULL */
    bool retry;             /* about the task: another attempt may succeed */
    int64_t retry_after_ms; /* with retry: not before this long; 0: as the retry policy says */
    bool recycle;           /* about this process: replace it before the next task */
};
BIDE_API int bide_task_fail(struct bide_task *task, const struct bide_failure *failure);

/* Why the last call about this task returned -1; its text is "" when none did. */
BIDE_API const struct bide_error *bide_task_error(const struct bide_task *task);

/* ---- JSON ---------------------------------------------------------------------------------------------------------
 *
 * Enough to read an input and write a result without a JSON library. `path` is member names separated by dots, an
 * array's element by its number: "options.language", "segments.0.text"; "" is the whole. A name that has a dot cannot
 * be reached. Each call reads the whole text once.
 */
enum bide_json {
    BIDE_JSON_FOUND = 0,
    BIDE_JSON_ABSENT = -1,  /* no such member */
    BIDE_JSON_KIND = -2,    /* there is one, of another kind (null included), or a number out of range */
    BIDE_JSON_LONG = -3,    /* it does not fit in the memory given */
    BIDE_JSON_INVALID = -4, /* the text is not JSON */
    BIDE_JSON_MEMORY = -5,  /* out of memory */
    BIDE_JSON_HUGE = -6     /* a text of 4 GiB or more */
};

/* A string unescaped, with its NUL, into `cap` bytes; the same, of any length. */
BIDE_API enum bide_json bide_json_string(const char *json, const char *path, char *to, size_t cap);
BIDE_API enum bide_json bide_json_text(const char *json, const char *path, struct bide_text *ret_text);
BIDE_API enum bide_json bide_json_int(const char *json, const char *path, int64_t *ret_value);
BIDE_API enum bide_json bide_json_double(const char *json, const char *path, double *ret_value);
BIDE_API enum bide_json bide_json_bool(const char *json, const char *path, bool *ret_value);
/* Where the value stands in `json`, byte for byte (borrowed from it); the number of elements or members. */
BIDE_API enum bide_json bide_json_span(const char *json, const char *path, const char **ret_start, size_t *ret_len);
BIDE_API enum bide_json bide_json_count(const char *json, const char *path, size_t *ret_count);

/* Appends to a text (at first zeroed); commas are put where they are needed. Out of memory is seen in text->err, and by
 * bide_task_done, which refuses an incomplete text. */
BIDE_API void bide_json_write_open(struct bide_text *json, char bracket);       /* '{' or '[' */
BIDE_API void bide_json_write_close(struct bide_text *json, char bracket);      /* '}' or ']' */
BIDE_API void bide_json_write_key(struct bide_text *json, const char *key);     /* escaped */
BIDE_API void bide_json_write_string(struct bide_text *json, const char *text); /* escaped; NULL becomes null */
BIDE_API void bide_json_write_int(struct bide_text *json, int64_t value);
BIDE_API void bide_json_write_double(struct bide_text *json, double value); /* null when not finite */
BIDE_API void bide_json_write_bool(struct bide_text *json, bool value);
BIDE_API void bide_json_write_raw(struct bide_text *json, const char *value); /* JSON text as it is; NULL: null */

/* ---- Client -------------------------------------------------------------------------------------------------------
 *
 *     struct bide_client *client = bide_client_new(NULL, &error);
 *     struct bide_text task = {0}, ended = {0};
 *     struct bide_submit submit = {.type = "transcribe", .input = "{\"audio\":\"a.wav\"}"};
 *     if (client && bide_client_submit(client, &submit, &task, &error) == 0
 *         && bide_task_view_read(&view, task.p, &error) == 0
 *         && bide_client_wait(client, view.id, 60000, &ended, &error) == 0) ...
 *
 * Answers are the server's JSON, untouched, in a text the caller frees; what the text held before is freed first. One
 * connection, kept between calls. Answers over 64 MiB are refused (`too_large`).
 */
struct bide_client;

struct bide_client_options {
    const char *server;         /* http://HOST:PORT, https://..., unix:PATH; NULL: BIDE_SERVER of the environment,
                                 * else http://127.0.0.1:8080 */
    const char *token;          /* sent as `Authorization: Bearer`; NULL: none */
    int64_t connect_timeout_ms; /* 0: 10 s */
    int64_t answer_timeout_ms;  /* longest silence before an answer, long polls excepted; 0: 60 s */
};

/* NULL on failure: the address is not one, out of memory. Does not connect yet. `options` may be NULL. */
BIDE_API struct bide_client *bide_client_new(const struct bide_client_options *options, struct bide_error *error);
BIDE_API void bide_client_free(struct bide_client *client);                /* accepts NULL */
BIDE_API const char *bide_client_server(const struct bide_client *client); /* the address in use */

struct bide_tag {
    const char *key, *value;
};

/* A task to submit. Zero and NULL leave a field to the server's defaults. */
struct bide_submit {
    const char *type;
    const char *input; /* JSON text, sent byte for byte but for blanks around it; NULL: {} */
    size_t input_len;  /* bytes; 0: up to its NUL */
    const char *queue;
    int priority;            /* -100..100, larger runs first */
    int64_t run_at_ms;       /* not before this time, UTC since 1970; not together with delay_ms */
    int64_t delay_ms;        /* not before this long from now */
    int64_t timeout_ms;      /* of one attempt */
    int64_t start_within_ms; /* expires when it has not started by then */
    int max_attempts;
    const char *subject;
    const struct bide_tag *tags; /* n_tags of them */
    size_t n_tags;
    /* Further members of the request, as a JSON object: {"retry":{"backoff":"fixed"},"webhook":{"url":"https://..."},
     * "notify":{"title":"{task.subject} is over"}}; NULL: none. */
    const char *more;
    /* A text of your own, 1..255 visible characters of ASCII, sent as Idempotency-Key: the same submit sent twice with
     * it is one task, and the second answer is the first one again. NULL: none. */
    const char *idempotency_key;
    /* What follows it, when it completes and when it ends otherwise (failed, cancelled, expired): 0 to 16 submits each, as
     * a JSON array of objects with the fields of a request: [{"type":"publish","priority":5}]. One without `input` gets the
     * task that ended, as bide_client_get shows it, with all of its input and result; one without `subject`, its subject.
     * NULL: those of its type; "[]": nothing. What is no array is not sent (`invalid_json`); what the server refuses has a
     * pointer like /on_success/0/type. */
    const char *on_success, *on_failure;
};
/* Code `away`: no answer came. The task may exist all the same: the library never sends a submit twice by itself, and
 * what is sent again without an idempotency key may be a second task. */
BIDE_API int bide_client_submit(struct bide_client *client, const struct bide_submit *submit,
                                struct bide_text *ret_task, struct bide_error *error);

/* What became of one of many. */
struct bide_submitted {
    int status;              /* the HTTP status it would have had alone: 202, 400, 422, 429, ... */
    char id[40];             /* of the task; "" when it was refused */
    struct bide_error error; /* why it was refused; code "" when it was not */
};
/* Submits `n` tasks in one request of at most 16 MiB, refusals of one not holding up the others, and fills `ret_each`,
 * `n` of them in their order. Returns 0 when the server has spoken about each, be it to refuse them all. -1: the
 * request as a whole failed (after `away` some may exist) or one of them cannot be sent, and then none was. The key is
 * for all together, as in struct bide_submit, where it must be NULL; NULL: none. */
BIDE_API int bide_client_submit_many(struct bide_client *client, const struct bide_submit *submits, size_t n,
                                     const char *idempotency_key, struct bide_submitted *ret_each,
                                     struct bide_error *error);

BIDE_API int bide_client_get(struct bide_client *client, const char *id, struct bide_text *ret_task,
                             struct bide_error *error);
/* Long poll of one request: answers when the task has ended, or after `wait_s` seconds (at most 60),
 * whichever comes first. */
BIDE_API int bide_client_poll(struct bide_client *client, const char *id, int wait_s, struct bide_text *ret_task,
                              struct bide_error *error);
/* Waits for the ending, whatever it is, by long polls of 30 seconds. After `timeout_ms` (negative: no limit) -1 with
 * code `timeout`. Once the server has answered, up to 30 seconds of its absence (a restart) are waited out. */
BIDE_API int bide_client_wait(struct bide_client *client, const char *id, int64_t timeout_ms,
                              struct bide_text *ret_task, struct bide_error *error);

/* Which tasks to list, newest first; NULL and 0 mean any. */
struct bide_filter {
    const char *status, *type, *queue, *subject;
    const struct bide_tag *tags;
    size_t n_tags;
    int limit;          /* 1..200; 0: 50 */
    const char *cursor; /* `next_cursor` of the page before */
};
BIDE_API int bide_client_list(struct bide_client *client, const struct bide_filter *filter, struct bide_text *ret_page,
                              struct bide_error *error);

/* The newest task about a subject; code `not_found` when there is none. */
BIDE_API int bide_client_latest(struct bide_client *client, const char *subject, struct bide_text *ret_task,
                                struct bide_error *error);
/* The same of one type only; `type` NULL: of any. */
BIDE_API int bide_client_latest_of(struct bide_client *client, const char *subject, const char *type,
                                   struct bide_text *ret_task, struct bide_error *error);

/* What to change of a task that has not started; NULL leaves a member as it is. */
struct bide_patch {
    const int *priority;         /* -100..100 */
    const int64_t *run_at_ms;    /* UTC since 1970; 0: at once */
    const struct bide_tag *tags; /* n_tags of them are set, or removed when their value is NULL; others stay */
    size_t n_tags;
};
/* Code `conflict` when it has started. */
BIDE_API int bide_client_patch(struct bide_client *client, const char *id, const struct bide_patch *patch,
                               struct bide_text *ret_task, struct bide_error *error);
/* Removes the record of an ended task; code `conflict` when it has not ended. */
BIDE_API int bide_client_delete(struct bide_client *client, const char *id, struct bide_error *error);

/* Stops it, or keeps it from starting; harmless when it has ended. */
BIDE_API int bide_client_cancel(struct bide_client *client, const char *id, struct bide_text *ret_task,
                                struct bide_error *error);
/* Runs an ended task again, as its next run; code `conflict` when it has not ended. */
BIDE_API int bide_client_retry(struct bide_client *client, const char *id, struct bide_text *ret_task,
                               struct bide_error *error);
/* The result's bytes; code `not_ended` while there is none yet. */
BIDE_API int bide_client_result(struct bide_client *client, const char *id, struct bide_text *ret_bytes,
                                struct bide_error *error);
BIDE_API int bide_client_log(struct bide_client *client, const char *id, struct bide_text *ret_bytes,
                             struct bide_error *error);
/* What its latest attempt has streamed out so far, joined. */
BIDE_API int bide_client_output(struct bide_client *client, const char *id, struct bide_text *ret_bytes,
                                struct bide_error *error);

BIDE_API int bide_client_queues(struct bide_client *client, struct bide_text *ret_page, struct bide_error *error);
BIDE_API int bide_client_queue(struct bide_client *client, const char *queue, struct bide_text *ret_queue,
                               struct bide_error *error);
BIDE_API int bide_client_queue_pause(struct bide_client *client, const char *queue, struct bide_text *ret_queue,
                                     struct bide_error *error);
BIDE_API int bide_client_queue_resume(struct bide_client *client, const char *queue, struct bide_text *ret_queue,
                                      struct bide_error *error);
BIDE_API int bide_client_stats(struct bide_client *client, struct bide_text *ret_stats, struct bide_error *error);

/* Any request, for what has no function here. `path` starts with '/' and is sent as it is; `json` may be NULL. Fails on
 * every status but 2xx, with the server's problem in `error`. `ret_status` may be NULL. */
BIDE_API int bide_client_call(struct bide_client *client, const char *method, const char *path, const char *json,
                              struct bide_text *ret_answer, int *ret_status, struct bide_error *error);

/* A task's JSON as C fields. What is longer than its field is cut; the JSON has it whole. */
struct bide_task_view {
    char id[40], type[208], queue[208];
    char status[16]; /* blocked scheduled retrying pending running completed failed cancelled expired */
    bool ended;      /* completed failed cancelled expired */
    bool cancel_requested;
    int run, priority, attempt, max_attempts;
    double percent;      /* progress; negative: not known */
    char message[512];   /* progress */
    char waiting_on[32]; /* why it waits: dependency time retry key queue_paused ...; "" when it does not */
    char waiting_detail[256];
    int64_t position; /* place in its queue from 1; 0: not known */
    char subject[504];
    char error_code[208], error_message[1024], error_type[208]; /* "" when there is none; error.detail is in the JSON */
    int64_t created_at_ms, run_at_ms, started_at_ms, finished_at_ms; /* UTC since 1970; 0: not yet, or none */
    int64_t eta_at_ms; /* when it will probably end; 0: not known */
    int64_t queued_ms, run_ms; /* timing; negative: not known */
    int64_t input_bytes, result_bytes;
    bool has_result; /* inline in this JSON */
};
BIDE_API int bide_task_view_read(struct bide_task_view *ret_view, const char *task_json, struct bide_error *error);

#include "bide_follow.h" /* events, logs and outputs as they come */

#ifdef __cplusplus
}
#endif
#endif
