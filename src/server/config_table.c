/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows. The tables of doc/config.md are made from them by scripts/make-config-doc.
 */
#include "server/config_row.h"
#include "server/config_steps.h"
#include "base/limits.h"
#include "base/text.h"
#include <assert.h>

#define NEAREST_KEYS 64

static const char *const backoffs[] = {[RETRY_FIXED] = "fixed", [RETRY_EXPONENTIAL] = "exponential", NULL};
static const char *const jitters[] = {[RETRY_JITTER_NONE] = "none", [RETRY_JITTER_FULL] = "full", NULL};
static const char *const loads[] = {"lazy", "boot", NULL};
static const char *const forever[] = {"forever", NULL};
static const char *const ages[] = {"forever", "age", NULL};  /* RETAIN_FOREVER, RETAIN_AS_TYPE */
static const char *const cores[] = {[SANDBOX_CORE_INHERITED] = "inherited", [SANDBOX_CORE_NONE] = "none",
                                    [SANDBOX_CORE_UNLIMITED] = "unlimited", NULL};
static const char *const parts[] = {"record", NULL};
static const char *const outputs[] = {
    [EXEC_STDOUT_AUTO] = "auto", [EXEC_STDOUT_JSON] = "json", [EXEC_STDOUT_TEXT] = "text", NULL};

static const struct config_key retry_keys[] = {
    {"backoff", KIND_CHOICE, FIELD(retry_policy, backoff), .initial = "exponential", .words = backoffs,
     .help = "the same delay each time, or doubled after each failure"},
    {"base", KIND_DURATION, FIELD(retry_policy, base_ms), .initial = "5s", .max = LIMIT_DELAY_MS,
     .help = "delay before the second attempt"},
    {"cap", KIND_DURATION, FIELD(retry_policy, cap_ms), .initial = "10m", .max = LIMIT_DELAY_MS,
     .help = "no computed delay is longer"},
    {"jitter", KIND_CHOICE, FIELD(retry_policy, jitter), .initial = "full", .words = jitters,
     .help = "full: anything between 0 and the computed delay, so that retries do not come in one wave"},
};
const struct config_section config_table_retry = {"retry", KEYS(retry_policy, retry_keys), .inherited = true};

#define AGE(status)                                                                                                    \
    {#status, KIND_DURATION, FIELD(retain_rules, status##_ms), .initial = "age", .max = LIMIT_DELAY_MS, .words = ages, \
     .help = "the same for " #status " tasks"}
#define PART(name, n, what)                                                                                            \
    {name, KIND_DURATION, FIELD(retain_rules, part_ms[n]), .initial = "record", .max = LIMIT_DELAY_MS, .words = parts, \
     .help = what " may go before the record"}

static const struct config_key retain_keys[] = {
    {"age", KIND_DURATION, FIELD(retain_rules, age_ms), .initial = "7d", .max = LIMIT_DELAY_MS, .words = forever,
     .help = "how long the record of an ended task is kept; `retain: 7d` says the same"},
    AGE(completed),
    AGE(failed),
    AGE(cancelled),
    AGE(expired),
    PART("input", 0, "its input"),
    PART("result", 1, "its result"),
    PART("log", 2, "the logs of its attempts"),
    PART("files", 3, "its output files"),
    {"count", KIND_INT, FIELD(retain_rules, count), .initial = "0", .max = INT32_MAX, .unit = "tasks",
     .help = "records kept of each status of a type, the newest; 0 is no limit"},
    {"bytes", KIND_SIZE, FIELD(retain_rules, bytes), .initial = "0", .max = INT64_MAX,
     .help = "of their inputs, results and logs together; 0 is no limit"},
};
const struct config_section config_table_retain = {"retain", KEYS(retain_rules, retain_keys), .plain = "age",
                                                   .inherited = true};

/* Keys that `defaults` and each type share; a type inherits what it does not say. */
#define RULES(type, at, attempts, timeout, grace)                                                                      \
    {"max_attempts",        KIND_INT,           FIELD(type, at max_attempts),           .initial = attempts, .min = 1, \
     .max = LIMIT_ATTEMPTS, .unit = "attempts", .help = "tries before a task is failed"},                              \
        {"timeout", KIND_DURATION,         FIELD(type, at timeout_ms),          .initial = timeout,                    \
         .min = 1,  .max = LIMIT_DELAY_MS, .help = "longest run of one attempt"},                                      \
        {"grace",                                                                                                      \
         KIND_DURATION,                                                                                                \
         FIELD(type, at grace_ms),                                                                                     \
         .initial = grace,                                                                                             \
         .min = 1,                                                                                                     \
         .max = LIMIT_DELAY_MS,                                                                                        \
         .help = "from being asked to stop to being killed"},                                                          \
    {                                                                                                                  \
        "retry", KIND_SECTION, FIELD(type, at retry), .section = &config_table_retry, .help = "when to try again"      \
    },                                                                                                                 \
    {                                                                                                                  \
        "retain", KIND_SECTION, FIELD(type, at retain), .section = &config_table_retain,                               \
        .help = "how long ended tasks are kept"                                                                        \
    }

static const struct config_key defaults_keys[] = {RULES(config_rules, , "3", "1h", "10s")};
const struct config_section config_table_defaults = {"defaults", KEYS(config_rules, defaults_keys)};

static const struct config_key queue_keys[] = {
    {"concurrency", KIND_INT, FIELD(config_queue, concurrency), .initial = "5", .min = 1, .max = 100000,
     .unit = "tasks", .help = "tasks of this queue that run at one time"},
    {"capacity", KIND_INT, FIELD(config_queue, capacity), .initial = "0", .max = INT32_MAX, .unit = "tasks",
     .help = "tasks that may wait; beyond it a submit is answered 429; 0 is no limit"},
    {"paused", KIND_BOOL, FIELD(config_queue, paused), .initial = "false",
     .help = "starts paused; later the API's pause and resume are remembered"},
    {"key_concurrency", KIND_INT, FIELD(config_queue, key_concurrency), .initial = "0", .max = 100000, .unit = "tasks",
     .help = "tasks with the same `limit_key` that run at one time; the others wait their turn aside; 0 is no limit"},
    {"rate", KIND_RATE, FIELD(config_queue, rate), .initial = "0",
     .help = "tasks of this queue that start in each second, minute, hour or day; up to the burst (as many, unless it is said) "
             "may start together; 0 is no limit"},
    {"key_rate", KIND_RATE, FIELD(config_queue, key_rate), .initial = "0",
     .help = "the same of the tasks with the same `limit_key`: each key has a rate of its own; the others wait their turn aside; 0 is no limit"},
    {"fair", KIND_BOOL, FIELD(config_queue, fair), .initial = "false",
     .help = "within a priority, one task of each `limit_key` after the other instead of the oldest first; tasks without one "
             "count as of one key"},
};
const struct config_section config_table_queue = {"queues.NAME", KEYS(config_queue, queue_keys)};

static const struct config_key batch_keys[] = {
    {"max", KIND_INT, FIELD(worker_batch_conf, max), .initial = "0", .max = LIMIT_BATCH, .unit = "tasks",
     .help = "tasks of one batch, at most what the process says; 0 is what it says"},
    {"delay", KIND_DURATION, FIELD(worker_batch_conf, delay_ms), .initial = "0", .max = 60 * 1000,
     .help = "how long the oldest task of a batch that is not full waits for others; with 0 a free process takes what is there"},
    {"cost", KIND_INT, FIELD(worker_batch_conf, cost), .initial = "0", .max = INT32_MAX, .unit = "cost",
     .help = "most that the costs of its tasks may add up to; a task over it runs alone; 0 is no limit"},
};
const struct config_section config_table_batch = {"batch", KEYS(worker_batch_conf, batch_keys)};

static const struct config_key warmup_keys[] = {
    {"type", KIND_TYPE, FIELD(worker_warmup_conf, type), .required = true, .help = "which of the pool's types it is a task of"},
    {"input", KIND_JSON, FIELD(worker_warmup_conf, input), .initial = "{}", .help = "its input: a map or a list, or JSON in a text"},
};
const struct config_section config_table_warmup = {"warmup", KEYS(worker_warmup_conf, warmup_keys)};

static const struct config_key limits_keys[] = {
    {"memory", KIND_SIZE, FIELD(sandbox_limits, memory), .initial = "0", .max = INT64_MAX,
     .help = "of address space of each process (RLIMIT_AS); 0: as the server, here and below"},
    {"files", KIND_INT, FIELD(sandbox_limits, files), .initial = "0", .max = INT32_MAX, .unit = "files",
     .help = "open files of each process"},
    {"processes", KIND_INT, FIELD(sandbox_limits, processes), .initial = "0", .max = INT32_MAX, .unit = "processes",
     .help = "processes and threads of its user, all that he has anywhere; not for root"},
    {"cpu", KIND_DURATION, FIELD(sandbox_limits, cpu_ms), .initial = "0s", .max = LIMIT_DELAY_MS,
     .help = "computing time of each process, in whole seconds; then SIGXCPU, and SIGKILL 5 s later"},
    {"file_size", KIND_SIZE, FIELD(sandbox_limits, file_size), .initial = "0", .max = INT64_MAX,
     .help = "of each file that it writes; beyond it SIGXFSZ"},
    {"core", KIND_CHOICE, FIELD(sandbox_limits, core), .initial = "inherited", .words = cores,
     .help = "core files: as the server, none, or as large as its hard limit lets them be"},
};
const struct config_section config_table_limits = {"limits", KEYS(sandbox_limits, limits_keys)};

/* Keys that pools and exec types share. */
#define SANDBOX(type, at, with, before)                                                                                \
    {"user", KIND_USER, FIELD(type, at user), .needs = with,                                                           \
     .help = before "whom it runs as: NAME, NAME:GROUP, UID or UID:GID; takes a server that may change to it"},        \
        {"limits", KIND_SECTION, FIELD(type, at limits), .section = &config_table_limits, .needs = with,               \
         .help = before "of what each of its processes takes"},                                                        \
        {"no_new_privileges", KIND_BOOL, FIELD(type, at no_new_privileges), .initial = "true", .needs = with,          \
         .help = before "what it starts has no more rights than itself: sudo and ping fail"},                          \
        {"writable", KIND_PATHS, FIELD(type, at writable), .needs = with,                                              \
         .help = before "it can change nothing but what is below these, and its attempt's directory"},                 \
    {                                                                                                                  \
        "read_only", KIND_PATHS, FIELD(type, at read_only), .needs = with,                                             \
        .help = before "it can read and run nothing but what is below these, and below what it can change"             \
    }

static const struct config_key worker_keys[] = {
    {"command", KIND_COMMAND, FIELD(worker_pool_conf, command), .required = true,
     .help = "program and arguments; no shell. A program with a / in it is relative to the file"},
    {"instances", KIND_INT, FIELD(worker_pool_conf, instances), .initial = "1", .min = 1, .max = 1000,
     .unit = "processes", .help = "processes of this pool"},
    {"concurrency", KIND_INT, FIELD(worker_pool_conf, concurrency), .initial = "0", .max = LIMIT_OPEN, .unit = "tasks",
     .help = "most tasks a process is given while others are open, if it says it can; 1 is a batch at a time; 0 is what it says"},
    {"batch", KIND_SECTION, FIELD(worker_pool_conf, batch), .section = &config_table_batch,
     .help = "tasks that are handed to a process together, if it says it can"},
    {"needs", KIND_AMOUNTS, FIELD(worker_pool_conf, needs),
     .help = "how much of `resources` each process holds from its start until it is dead; it is started when that is free"},
    {"load", KIND_CHOICE, FIELD(worker_pool_conf, load_at_boot), .initial = "lazy", .words = loads,
     .help = "start with the first task that needs it, or with the server"},
    {"keep_alive", KIND_DURATION, FIELD(worker_pool_conf, keep_alive_ms), .initial = "10m", .max = LIMIT_DELAY_MS,
     .words = forever, .help = "how long an idle process is kept; 0 ends it after its task"},
    {"ready_timeout", KIND_DURATION, FIELD(worker_pool_conf, ready_timeout_ms), .initial = "2m", .min = 1,
     .max = LIMIT_DELAY_MS, .help = "longest time from its start to its `ready`, and to the end of its `warmup`"},
    {"warmup", KIND_SECTION, FIELD(worker_pool_conf, warmup), .section = &config_table_warmup,
     .help = "a task that each process does first, for nobody"},
    {"ping_timeout", KIND_DURATION, FIELD(worker_pool_conf, ping_timeout_ms), .initial = "30s", .min = 1, .max = LIMIT_DELAY_MS,
     .help = "of a busy process that said `ping`: longest time without a pong, then it is killed"},
    {"stall_timeout", KIND_DURATION, FIELD(worker_pool_conf, stall_timeout_ms), .initial = "0", .max = LIMIT_DELAY_MS,
     .help = "longest time without a frame about a task, then it is stopped as by its timeout; 0 is no limit"},
    {"max_tasks", KIND_INT, FIELD(worker_pool_conf, max_tasks), .initial = "0", .max = INT32_MAX, .unit = "tasks",
     .help = "a process is replaced after so many, up to a tenth fewer by chance; 0 is no limit"},
    {"max_age", KIND_DURATION, FIELD(worker_pool_conf, max_age_ms), .initial = "0", .max = LIMIT_DELAY_MS,
     .help = "a process is replaced after the first task that ends so long after its start; 0 is no limit"},
    {"max_rss", KIND_SIZE, FIELD(worker_pool_conf, max_rss), .initial = "0", .max = INT64_MAX,
     .help = "a process is replaced when it has more memory than this after a task; 0 is no limit"},
    {"prefer_warm", KIND_INT, FIELD(worker_pool_conf, prefer_warm), .initial = "4", .max = 1000, .unit = "times",
     .help = "with `needs`: a process with more to do goes on for so many times as long as its loading took, a second at least, though another pool waits for what it holds; 0: in the order of waiting"},
    {"env", KIND_ENV, FIELD(worker_pool_conf, env), .help = "added to the server's environment; {instance} in a value is the number of the process, from 0"},
    {"secret_env", KIND_SECRETS, FIELD(worker_pool_conf, secret_env),
     .help = "as `env`, each value read from file:PATH or credential:NAME"},
    {"cwd", KIND_PATH, FIELD(worker_pool_conf, cwd), .initial = ".", .help = "working directory"},
    SANDBOX(worker_pool_conf, sandbox., NULL, ""),
};
const struct config_section config_table_worker = {"workers.NAME", KEYS(worker_pool_conf, worker_keys)};

static const struct config_key poll_keys[] = {
    {"status", KIND_COMMAND, FIELD(exec_poll_conf, status), .required = true,
     .help = "the command that is asked how it goes; {remote.id} is filled in, and what `exec` has"},
    {"result", KIND_COMMAND, FIELD(exec_poll_conf, result),
     .help = "the command whose stdout is the result; without it, the last answer of `status` is"},
    {"cancel", KIND_COMMAND, FIELD(exec_poll_conf, cancel),
     .help = "the command that ends the work there, when the task is cancelled, times out or the server stops"},
    {"every", KIND_DURATION, FIELD(exec_poll_conf, every_ms), .initial = "2s", .min = 1, .max = LIMIT_DELAY_MS,
     .help = "from one answer to the next call"},
    {"call_timeout", KIND_DURATION, FIELD(exec_poll_conf, call_timeout_ms), .initial = "1m", .min = 1, .max = LIMIT_DELAY_MS,
     .help = "longest time of each call, that of `exec` included"},
    {"tries", KIND_INT, FIELD(exec_poll_conf, tries), .initial = "5", .min = 1, .max = LIMIT_ATTEMPTS,
     .unit = "answers", .help = "answers in a row that are of no use before the attempt fails as bad_result"},
    {"id", KIND_POINTER, FIELD(exec_poll_conf, id), .initial = "/id", .help = "where the remote id is in what `exec` says"},
    {"state", KIND_POINTER, FIELD(exec_poll_conf, state), .initial = "/status",
     .help = "where the state is in what `status` says"},
    {"progress", KIND_POINTER, FIELD(exec_poll_conf, progress), .initial = "/progress", .help = "there: percent"},
    {"message", KIND_POINTER, FIELD(exec_poll_conf, message), .initial = "/message", .help = "there: what it is doing"},
    {"error", KIND_POINTER, FIELD(exec_poll_conf, error), .initial = "/error", .help = "there: why it failed"},
    {"done", KIND_WORDS, FIELD(exec_poll_conf, done), .initial = "completed", .help = "states that mean done"},
    {"failed", KIND_WORDS, FIELD(exec_poll_conf, failed), .initial = "failed, cancelled",
     .help = "states that mean failed; every other state means that it is not over"},
};
const struct config_section config_table_poll = {"poll", KEYS(exec_poll_conf, poll_keys)};

static const struct config_key pull_keys[] = {
    {"lease", KIND_DURATION, FIELD(pull_conf, lease_ms), .initial = "30s", .min = 1000, .max = LIMIT_DELAY_MS,
     .help = "a puller that was not heard of for so long is gone, and its task goes back to the queue; at least 1s"},
};
const struct config_section config_table_pull = {"pull", KEYS(pull_conf, pull_keys), .optional = true,
                                                 .said = offsetof(struct pull_conf, said)};

static const struct config_key type_keys[] = {
    {"queue", KIND_QUEUE, FIELD(config_type, queue), .initial = "default", .help = "the queue its tasks wait in"},
    {"worker", KIND_WORKER, FIELD(config_type, worker), .help = "the pool that runs it"},
    {"exec", KIND_COMMAND, FIELD(config_type, exec.command),
     .help = "or: a program started for each attempt; {input.path}, {id}, {attempt}, {dir} are filled in"},
    {"stdout", KIND_CHOICE, FIELD(config_type, exec.result), .initial = "auto", .words = outputs, .needs = "exec",
     .help = "exec: the result is stdout as JSON, as {\"stdout\": text}, or (auto) JSON when it is JSON"},
    {"poll", KIND_SECTION, FIELD(config_type, exec.poll), .section = &config_table_poll, .needs = "exec",
     .help = "exec: the program only submits; other commands ask until it is done"},
    {"env", KIND_ENV, FIELD(config_type, exec.env), .needs = "exec", .help = "exec: added to the server's environment"},
    {"secret_env", KIND_SECRETS, FIELD(config_type, exec.secret_env), .needs = "exec",
     .help = "exec: as `env`, each value read from file:PATH or credential:NAME"},
    {"cwd", KIND_PATH, FIELD(config_type, exec.cwd), .initial = ".", .needs = "exec",
     .help = "exec: working directory"},
    SANDBOX(config_type, exec.sandbox., "exec", "exec: "),
    {"pull", KIND_SECTION, FIELD(config_type, pull), .section = &config_table_pull,
     .help = "or: workers elsewhere ask for its tasks over HTTP; `pull: {}` takes the defaults"},
    {"steps", KIND_LIST, FIELD(config_type, steps), .count = offsetof(struct config_type, n_steps), .section = &config_steps_table,
     .help = "or: a chain: tasks of other types do its work, one after the other"},
    {"result", KIND_MAPPING, FIELD(config_type, result), .needs = "steps",
     .help = "steps: the result, from `input`, `task` and the steps; without it, that of the last one"},
    {"on_success", KIND_JSON, FIELD(config_type, on_success),
     .help = "tasks that follow when one of this type completes: a list of types, or of submissions; without `input` they get the task that ended. A submit may say others"},
    {"on_failure", KIND_JSON, FIELD(config_type, on_failure), .help = "the same when it ends otherwise: failed, cancelled, expired"},
    {"webhook", KIND_SECTION, FIELD(config_type, webhook), .section = &config_table_webhook,
     .help = "who is told of the endings of its tasks, over HTTP; a submit may say another"},
    {"notify", KIND_JSON, FIELD(config_type, notify),
     .help = "a notification when one of this type ends: `title`, `message`, `kind`, `on`, `data`. A submit may say another, or `null`"},
    {"http", KIND_SECTION, FIELD(config_type, http), .section = &config_table_http,
     .help = "or: a request to somebody else's server; its answer is the result"},
    {"input", KIND_SCHEMA, FIELD(config_type, input),
     .help = "JSON Schema (2020-12) of its inputs, a file or a map: a submit that does not fit is answered 422, and defaults are filled in"},
    {"priority", KIND_INT, FIELD(config_type, priority), .initial = "0", .min = -LIMIT_PRIORITY, .max = LIMIT_PRIORITY,
     .help = "larger runs first"},
    RULES(config_type, rules., NULL, NULL, NULL),
};
const struct config_section config_table_type = {"types.NAME", KEYS(config_type, type_keys)};

/* In the order in which they are read: types name queues and workers and inherit the defaults. */
static const struct config_key top_keys[] = {
    {"listen", KIND_ADDRESSES, FIELD(config, listen), .initial = "127.0.0.1:8080", .fixed = true,
     .help = "HOST:PORT or unix:PATH, one or a list"},
    {"store", KIND_STORE, FIELD(config, store), .initial = "sqlite:bide.db", .fixed = true,
     .help = "sqlite:FILE, or mem: (forgets everything)"},
    {"data_dir", KIND_PATH, FIELD(config, data_dir), .initial = ".", .fixed = true,
     .help = "files and the attempts' directories"},
    {"disk_reserve", KIND_SIZE, FIELD(config, disk_reserve), .initial = "64M", .max = INT64_MAX,
     .help = "submits are refused while the disk of the store or of data_dir has less free; 0: never"},
    {"files", KIND_SECTION, FIELD(config, files), .section = &config_table_files, .help = "what clients upload"},
    {"notifications", KIND_SECTION, FIELD(config, notices), .section = &config_table_notices, .help = "how long they are kept"},
    {"commands", KIND_BOOL, FIELD(config, commands), .initial = "true", .fixed = true,
     .help = "whoever can read run.key in data_dir may submit command lines: `bide run`"},
    {"dashboard", KIND_BOOL, FIELD(config, dashboard), .initial = "true",
     .help = "the dashboard is at `/`, where no route of `routes` is, and at `/ui`"},
    {"defaults", KIND_SECTION, FIELD(config, defaults), .section = &config_table_defaults,
     .help = "what tasks get when neither their submit nor their type says"},
    {"queues", KIND_NAMED, FIELD(config, queues), .count = offsetof(struct config, n_queues),
     .section = &config_table_queue, .help = "`default` is always there"},
    {"resources", KIND_AMOUNTS, FIELD(config, resources),
     .help = "what the processes of pools share and there is only so much of: names, each with a size (`24G`) or a whole number"},
    {"workers", KIND_NAMED, FIELD(config, workers), .count = offsetof(struct config, n_workers),
     .section = &config_table_worker, .help = "pools of long-lived processes that hold a loaded model"},
    {"types", KIND_NAMED, FIELD(config, types), .count = offsetof(struct config, n_types),
     .section = &config_table_type, .help = "what can be submitted; a trailing * is a prefix, the longest match wins"},
    {"webhooks", KIND_SECTION, FIELD(config, webhooks), .section = &config_table_webhooks, .help = "how people's servers are told of endings"},
    {"words", KIND_MAPPING, FIELD(config, words), .help = "other words for statuses, in all routes: `{running: processing}`"},
    {"routes", KIND_LIST, FIELD(config, routes), .count = offsetof(struct config, n_routes),
     .section = &config_table_route, .help = "addresses of an existing application, and what each does"},
};
const struct config_section config_table_top = {"", KEYS(config, top_keys)};

const struct config_key *config_table_find(const struct config_section *s, struct str key)
{
    for (size_t i = 0; i < s->n; i++)
        if (str_eq(str_of(s->keys[i].key), key)) return &s->keys[i];
    return NULL;
}

const struct config_key *config_table_required(const struct config_section *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->keys[i].required) return &s->keys[i];
    return NULL;
}

bool config_table_is_there(const struct config_section *s, const void *base)
{
    const struct config_key *first = config_table_required(s);
    const void *value = NULL;
    if (s->optional) return *(const bool *)((const char *)base + s->said);
    if (first) memcpy(&value, (const char *)base + first->offset, sizeof value);
    return !first || value;
}

const char *config_table_nearest(const struct config_section *s, struct str key)
{
    const char *names[NEAREST_KEYS + 1] = {NULL};
    assert(s->n <= NEAREST_KEYS);
    for (size_t i = 0; i < s->n; i++) names[i] = s->keys[i].key;
    return text_nearest(key, names);
}

const char *config_table_kind_word(enum config_kind kind)
{
    switch (kind) {
    case KIND_PATH: return "path";
    case KIND_STORE: return "store";
    case KIND_ADDRESSES: return "address or list";
    case KIND_DURATION: return "duration";
    case KIND_INT: return "number";
    case KIND_SIZE: return "size";
    case KIND_RATE: return "rate";
    case KIND_BOOL: return "true or false";
    case KIND_CHOICE: return "word";
    case KIND_COMMAND: return "list";
    case KIND_ENV: return "map of texts";
    case KIND_SECRETS: return "map of secrets";
    case KIND_AMOUNTS: return "map of amounts";
    case KIND_POINTER: return "JSON pointer";
    case KIND_URL: return "URL";
    case KIND_WORDS: return "word or list";
    case KIND_PATHS: return "list of paths";
    case KIND_USER: return "user";
    case KIND_TEXT: return "text";
    case KIND_TYPE: return "type";
    case KIND_JSON: return "JSON";
    case KIND_MAPPING: return "mapping";
    case KIND_SCHEMA: return "path or schema";
    case KIND_QUEUE: return "queue";
    case KIND_WORKER: return "worker";
    case KIND_SECTION: return "map";
    case KIND_NAMED: return "map of maps";
    case KIND_LIST: return "list of maps";
    }
    return "";
}

bool config_table_is_scalar(enum config_kind kind)
{
    switch (kind) {
    case KIND_PATH:
    case KIND_STORE:
    case KIND_ADDRESSES: /* several with commas */
    case KIND_DURATION:
    case KIND_INT:
    case KIND_SIZE:
    case KIND_RATE:
    case KIND_BOOL:
    case KIND_CHOICE:
    case KIND_POINTER:
    case KIND_URL:
    case KIND_TEXT:
    case KIND_WORDS: /* several with commas */
    case KIND_USER:
    case KIND_TYPE:
    case KIND_JSON:
    case KIND_MAPPING:
    case KIND_SCHEMA:
    case KIND_QUEUE:
    case KIND_WORKER: return true;
    case KIND_COMMAND:
    case KIND_PATHS:
    case KIND_ENV:
    case KIND_SECRETS:
    case KIND_AMOUNTS:
    case KIND_SECTION:
    case KIND_NAMED:
    case KIND_LIST: return false;
    }
    return false;
}
