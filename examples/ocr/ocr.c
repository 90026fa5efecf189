/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker that reads the text in pictures: the example of a worker in C that takes tasks in batches (run_batch,
 * bide.h).
 *
 *   input   {"image": PATH or "data:TYPE;base64,...", "language"?: "eng", "layout"?: "page" "block" "line" "sparse"}
 *   result  {"text", "confidence", "lines": [{"text", "confidence", "box"}], "language", "width", "height", "ms",
 *            "load_ms", "together"}                                                          boxes: x, y, width, height
 *
 * Tesseract reads one picture at a time. What a batch gives it is company: its pictures are read by several threads at
 * once, each with models of its own (reader.h). All that is said to bide is said by the thread that was given the
 * batch:
 *
 *     this thread      inputs ──▶ WAITING ·····▶ every 50 ms: progress, cancel?              ENDED ──▶ verdict
 *                                    │                                                         ▲
 *     a reading thread               └── takes the next ──▶ READING: picture.c, reader.c ──────┘
 *
 * A picture that cannot be read fails alone. A verdict is given when its picture is done, not when its batch is.
 */
#include "picture.h"
#include "reader.h"
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MODELS "/usr/share/tesseract-ocr/5/tessdata"
#define BATCH_MAX 16 /* pictures taken at once; batch.max of the configuration lowers it */
#define THREADS_MAX 8
#define LOOK_MS 50 /* between two looks at progress and cancels: far below half of any sensible grace */

enum job_state { WAITING, READING, ENDED };

/* One picture of the batch. `state` belongs to the crew's lock; the rest to the thread that reads it while it is
 * READING, else to the thread of the batch. */
struct job {
    struct bide_task *task;
    enum job_state state;
    bool told;   /* the verdict is given */
    int percent; /* the last that was told */
    struct bide_text image;
    char language[32];
    struct reading reading;
    int width, height;
    enum reader_result result;
    const char *code; /* of the failure; NULL: it is done or cancelled */
    char why[PATH_MAX + 200];
};

/* The batch under way and those who read it. */
struct crew {
    const char *directory; /* borrowed: the models */
    int threads;
    struct reader readers[THREADS_MAX]; /* each used by one thread at a time; they stay when a batch is over */
    pthread_mutex_t lock;
    pthread_cond_t ended; /* a job has ended */
    struct job *jobs;     /* of this batch, n of them */
    size_t n, next, n_ended;
};

struct hand {
    struct crew *crew;
    struct reader *reader;
    pthread_t thread;
};

/* ---- Inputs ---- */

/* True when there is no member or it is a text; `to` is left alone when there is none. */
static bool take_word(const char *input, const char *name, char *to, size_t cap)
{
    enum bide_json found = bide_json_string(input, name, to, cap);
    return found == BIDE_JSON_FOUND || found == BIDE_JSON_ABSENT;
}

static bool take_layout(const char *input, TessPageSegMode *ret_layout)
{
    static const struct {
        const char *name;
        TessPageSegMode mode;
    } layouts[] = {
        {"page", PSM_AUTO}, {"block", PSM_SINGLE_BLOCK}, {"line", PSM_SINGLE_LINE}, {"sparse", PSM_SPARSE_TEXT}};
    char name[16] = "page";
    if (!take_word(input, "layout", name, sizeof name)) return false;
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        if (strcmp(layouts[i].name, name) != 0) continue;
        *ret_layout = layouts[i].mode;
        return true;
    }
    return false;
}

/* Whether the input can be used; if not, job->why says what was expected. */
static bool job_ask(struct job *job, const struct crew *crew)
{
    const char *input = bide_task_input(job->task);
    char known[512];
    snprintf(job->language, sizeof job->language, "eng");
    job->reading.language = job->language;
    if (bide_json_text(input, "image", &job->image) || !job->image.len) {
        snprintf(job->why, sizeof job->why, "image: the path of a picture or data:TYPE;base64,... is needed");
        return false;
    }
    if (!take_word(input, "language", job->language, sizeof job->language) ||
        !reader_has(crew->directory, job->language)) {
        reader_languages(crew->directory, known, sizeof known);
        snprintf(job->why, sizeof job->why, "language: one of%s is needed", known);
        return false;
    }
    if (take_layout(input, &job->reading.layout)) return true;
    snprintf(job->why, sizeof job->why, "layout: one of page block line sparse is needed");
    return false;
}

/* ---- Reading ---- */

static void job_read(struct job *job, struct reader *reader)
{
    PIX *pix = picture_read(job->image.p, job->why, sizeof job->why);
    if (!pix) {
        job->code = "invalid_input";
        return;
    }
    job->width = pixGetWidth(pix);
    job->height = pixGetHeight(pix);
    job->result = reader_read(reader, pix, &job->reading);
    pixDestroy(&pix);
    if (job->result == READER_NO_MODEL) {
        job->code = "worker_error";
        snprintf(job->why, sizeof job->why, "the model of %s cannot be loaded", job->language);
    } else if (job->result == READER_FAILED) {
        job->code = "worker_error";
        snprintf(job->why, sizeof job->why, "Tesseract gave up on a picture of %d x %d pixels", job->width,
                 job->height);
    }
}

/* The next job that waits; NULL when there is none. The lock is held. */
static struct job *crew_next(struct crew *crew)
{
    while (crew->next < crew->n) {
        struct job *job = &crew->jobs[crew->next++];
        if (job->state == WAITING) return job;
    }
    return NULL;
}

/* A reading thread: one job after the other until none waits. */
static void *hand_run(void *user)
{
    struct hand *hand = user;
    struct crew *crew = hand->crew;
    struct job *job;
    pthread_mutex_lock(&crew->lock);
    while ((job = crew_next(crew))) {
        job->state = READING;
        pthread_mutex_unlock(&crew->lock);
        job_read(job, hand->reader);
        pthread_mutex_lock(&crew->lock);
        job->state = ENDED;
        crew->n_ended++;
        pthread_cond_signal(&crew->ended);
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

/* ---- What bide is told ---- */

static void write_member_ms(struct bide_text *json, const char *key, double ms)
{
    bide_json_write_key(json, key);
    bide_json_write_double(json, round(ms * 10) / 10);
}

static void tell_done(struct job *job, size_t together)
{
    struct bide_text json = {0};
    bide_json_write_open(&json, '{');
    bide_json_write_key(&json, "text");
    bide_json_write_raw(&json, job->reading.text.p);
    bide_json_write_key(&json, "confidence");
    bide_json_write_int(&json, job->reading.confidence);
    bide_json_write_key(&json, "lines");
    bide_json_write_raw(&json, job->reading.lines.p);
    bide_json_write_key(&json, "language");
    bide_json_write_string(&json, job->language);
    bide_json_write_key(&json, "width");
    bide_json_write_int(&json, job->width);
    bide_json_write_key(&json, "height");
    bide_json_write_int(&json, job->height);
    write_member_ms(&json, "ms", job->reading.read_ms);
    write_member_ms(&json, "load_ms", job->reading.load_ms);
    bide_json_write_key(&json, "together");
    bide_json_write_int(&json, (int64_t)together);
    bide_json_write_close(&json, '}');
    bool is_whole = !json.err && !job->reading.text.err && !job->reading.lines.err;
    bide_task_done(job->task, is_whole ? json.p : NULL);
    bide_text_free(&json);
}

/* A verdict that does not go out is seen by the loop that called us, which settles what is open. That loop would say
 * `cancelled`, too, but when the batch is over; a failure after a cancel counts as that, and does not wait. */
static void tell_verdict(struct job *job, size_t together)
{
    struct bide_failure failure = {.code = job->code, .message = job->why};
    if (job->result == READER_CANCELLED) failure = (struct bide_failure){.code = "cancelled", .message = "as asked"};
    else failure.retry = job->code && strcmp(job->code, "invalid_input") != 0;
    if (failure.code) bide_task_fail(job->task, &failure);
    else tell_done(job, together);
    job->told = true;
}

/* ---- A batch ---- */

/* Until a job has ended that was not told yet, or it is time to look. */
static void crew_wait(struct crew *crew, size_t told)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += LOOK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&crew->lock);
    int timed_out = 0;
    while (crew->n_ended <= told && !timed_out) timed_out = pthread_cond_timedwait(&crew->ended, &crew->lock, &until);
    pthread_mutex_unlock(&crew->lock);
}

/* Takes a job that waits out of the hands' way; one that is read ends by itself, soon. */
static void job_cancel(struct job *job, struct crew *crew)
{
    atomic_store(&job->reading.cancelled, true);
    pthread_mutex_lock(&crew->lock);
    if (job->state == WAITING) {
        job->state = ENDED;
        job->result = READER_CANCELLED;
        crew->n_ended++;
    }
    pthread_mutex_unlock(&crew->lock);
}

/* Says what there is to say. Returns true when that was the verdict. */
static bool job_tell(struct job *job, struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    enum job_state state = job->state;
    pthread_mutex_unlock(&crew->lock); /* bide may take its time to read what is said */
    if (job->told) return false;
    if (state == ENDED) {
        tell_verdict(job, crew->n);
        return true;
    }
    int percent = atomic_load(&job->reading.percent);
    if (bide_task_cancelled(job->task)) {
        job_cancel(job, crew);
    } else if (state == READING && percent != job->percent) {
        job->percent = percent;
        bide_task_progress(job->task, percent, "reading");
    }
    return false;
}

static int read_all(struct crew *crew)
{
    struct hand hands[THREADS_MAX];
    int started = 0;
    size_t told = 0;
    while (started < crew->threads && (size_t)started < crew->n) {
        hands[started] = (struct hand){.crew = crew, .reader = &crew->readers[started]};
        if (pthread_create(&hands[started].thread, NULL, hand_run, &hands[started])) break;
        started++;
    }
    if (!started) return -1;
    while (told < crew->n) {
        crew_wait(crew, told);
        for (size_t i = 0; i < crew->n; i++) told += job_tell(&crew->jobs[i], crew);
    }
    for (int i = 0; i < started; i++) pthread_join(hands[i].thread, NULL);
    return 0;
}

static int read_batch(void *user, struct bide_task **tasks, size_t n)
{
    struct crew *crew = user;
    crew->jobs = calloc(n, sizeof *crew->jobs);
    if (!crew->jobs) return -1;
    crew->n = n;
    crew->next = crew->n_ended = 0;
    for (size_t i = 0; i < n; i++) {
        crew->jobs[i].task = tasks[i];
        crew->jobs[i].percent = -1;
        if (job_ask(&crew->jobs[i], crew)) continue;
        crew->jobs[i].code = "invalid_input";
        crew->jobs[i].state = ENDED;
        crew->n_ended++;
    }
    int failed = read_all(crew);
    for (size_t i = 0; i < n; i++) {
        bide_text_free(&crew->jobs[i].image);
        bide_text_free(&crew->jobs[i].reading.text);
        bide_text_free(&crew->jobs[i].reading.lines);
    }
    free(crew->jobs);
    return failed;
}

/* ---- The process ---- */

static int load(void *user, struct bide_error *error)
{
    struct crew *crew = user;
    char known[512];
    reader_prepare();
    setMsgSeverity(L_SEVERITY_NONE); /* what is wrong with a picture is said in its task's failure */
    reader_languages(crew->directory, known, sizeof known);
    if (known[0]) return 0;
    snprintf(error->text, sizeof error->text, "no models in %.300s: is tesseract-ocr-eng installed?", crew->directory);
    return -1;
}

static void unload(void *user)
{
    struct crew *crew = user;
    for (int i = 0; i < THREADS_MAX; i++) reader_release(&crew->readers[i]);
}

int main(int argc, char **argv)
{
    const char *models = getenv("TESSDATA_PREFIX"); /* Tesseract's own name for it */
    long processors = sysconf(_SC_NPROCESSORS_ONLN), threads = processors < THREADS_MAX ? processors : THREADS_MAX;
    struct crew crew = {
        .directory = models ? models : MODELS, .lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};
    struct bide_error error = {0};
    if (argc == 3 && strcmp(argv[1], "--threads") == 0) threads = strtol(argv[2], NULL, 10);
    if ((argc != 1 && argc != 3) || (argc == 3 && strcmp(argv[1], "--threads") != 0) || threads < 1 ||
        threads > THREADS_MAX) {
        fprintf(stderr, "usage: ocr [--threads 1..%d]\n", THREADS_MAX);
        return 64;
    }
    crew.threads = (int)threads;
    struct bide_worker worker = {.load = load,
                                 .run_batch = read_batch,
                                 .unload = unload,
                                 .user = &crew,
                                 .max_batch = BATCH_MAX,
                                 .ping = true,
                                 .error = &error};
    if (bide_worker_run(&worker) == 0) return 0;
    fprintf(stderr, "ocr: %s\n", error.text);
    return 1;
}
