/* SPDX-License-Identifier: Apache-2.0
 *
 * A worker that writes down what is said in a recording: the example of a worker in C (bide_worker_run, bide.h).
 *
 *   input   {"audio": PATH, "grammar"?: PATH}
 *   result  {"text", "words": [{"word", "start", "end"}], "seconds", "real_time_factor"}     times in seconds
 *
 *   PATH ──▶ ffmpeg, 16 kHz mono ──pipe──▶ PocketSphinx ──▶ words
 *
 * The model is loaded once and serves every task; with `grammar` (JSGF) only its sentences can be heard, without it the
 * packaged language model decides. One task must never change the words of the next: the decoder adapts to a voice
 * while it listens, so what it had learned is put back before each task. Paths count from the worker's directory.
 */
#include "bide.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <pocketsphinx.h>
#include <signal.h>
#include <spawn.h>
#include <sphinxbase/err.h>
#include <sphinxbase/feat.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RATE 16000         /* samples a second */
#define CHUNK (RATE / 10)  /* samples between two looks at whether the task was cancelled */
#define MODELS "/usr/share/pocketsphinx/model"
#define GRAMMAR "grammar"  /* the name of a task's grammar inside the decoder */

struct speech {
    const char *model;     /* "en-us", or a directory with what MODELS/en-us has */
    cmd_ln_t *config;      /* owned */
    ps_decoder_t *decoder; /* owned */
    char language[64];     /* the language model's name inside the decoder */
    cmn_t fresh;           /* the cepstral mean as it was after loading; its arrays owned */
    char trouble[512];     /* the last error PocketSphinx reported */
};

/* A program that runs beside us: its standard output comes through a pipe, its standard error is kept. */
struct program {
    pid_t pid;
    int out, err;
};

/* One task under way. */
struct job {
    struct speech *speech;
    struct bide_task *task;
    char audio[PATH_MAX], grammar[PATH_MAX]; /* grammar "": none */
    double length;                           /* seconds, as the file says; 0: it does not */
    int64_t samples;                         /* heard so far */
    FILE *text;                              /* owned; what was understood so far, into `said` */
    char *said;                              /* owned */
    size_t said_len;
    struct bide_text words;                  /* owned; the same as JSON */
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Ends the task as failed for good: the same input would fail again. */
__attribute__((format(printf, 2, 3))) static int refuse(struct job *job, const char *format, ...)
{
    char message[PATH_MAX + 600];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return bide_task_fail(job->task, &(struct bide_failure){.code = "invalid_input", .message = message});
}

/* ---- ffmpeg and ffprobe ---- */

/* Returns 0 or an errno. */
static int program_start(struct program *p, const char *const *argv)
{
    int ends[2], failed;
    posix_spawn_file_actions_t actions;
    if (pipe2(ends, O_CLOEXEC)) return errno;
    p->err = memfd_create("stderr", MFD_CLOEXEC);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    if (p->err >= 0) posix_spawn_file_actions_adddup2(&actions, p->err, 2);
    failed = posix_spawnp(&p->pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    p->out = ends[0];
    if (failed) {
        close(p->out);
        if (p->err >= 0) close(p->err);
    }
    return failed;
}

/* The last line it wrote to its standard error. */
static void program_last_words(const struct program *p, char *line, size_t cap)
{
    char tail[1024];
    off_t size = p->err < 0 ? 0 : lseek(p->err, 0, SEEK_END);
    off_t from = size > (off_t)sizeof tail - 1 ? size - (off_t)sizeof tail + 1 : 0;
    ssize_t n = size > 0 ? pread(p->err, tail, sizeof tail - 1, from) : 0;
    while (n > 0 && tail[n - 1] == '\n') n--;
    tail[n > 0 ? n : 0] = 0;
    const char *start = strrchr(tail, '\n');
    snprintf(line, cap, "%.*s", (int)cap - 1, start ? start + 1 : tail);
}

/* Waits for its end, or brings it about. Returns 0 when it ended well; `why` says what it complained of otherwise. */
static int program_end(struct program *p, bool at_once, char *why, size_t cap)
{
    int status = 0;
    if (at_once) kill(p->pid, SIGKILL);
    close(p->out);
    while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR) continue;
    program_last_words(p, why, cap);
    if (p->err >= 0) close(p->err);
    return status;
}

/* Reads until the memory is full or the program has no more. */
static size_t program_read(struct program *p, void *to, size_t cap)
{
    size_t have = 0;
    while (have < cap) {
        ssize_t n = read(p->out, (char *)to + have, cap - have);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        have += (size_t)n;
    }
    return have;
}

/* Seconds of audio in a file, 0 when it does not say. */
static double probe(const char *url)
{
    const char *argv[] = {"ffprobe", "-v", "error", "-protocol_whitelist", "file,pipe", "-show_entries", "format=duration",
                          "-of", "csv=p=0", "-i", url, NULL};
    struct program p;
    char text[64], why[2];
    if (program_start(&p, argv)) return 0;
    text[program_read(&p, text, sizeof text - 1)] = 0;
    program_end(&p, false, why, sizeof why);
    return strtod(text, NULL) > 0 ? strtod(text, NULL) : 0;
}

/* ---- The model ---- */

/* PocketSphinx reports through this alone; nothing is printed. */
static void on_trouble(void *user, err_lvl_t level, const char *format, ...)
{
    struct speech *s = user;
    char message[sizeof s->trouble];
    if (level < ERR_ERROR) return;
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    message[strcspn(message, "\n")] = 0;
    const char *text = strstr(message, ", line "); /* ERROR: "file.c", line 1: text */
    text = text ? strstr(text, ": ") : NULL;
    snprintf(s->trouble, sizeof s->trouble, "%s", text ? text + 2 : message);
}

static float *floats(const float *from, int n)
{
    float *copy = malloc((size_t)n * sizeof *copy);
    return copy ? memcpy(copy, from, (size_t)n * sizeof *copy) : NULL;
}

static int load(void *user, struct bide_error *error)
{
    struct speech *s = user;
    char base[PATH_MAX], name[256], hmm[PATH_MAX + 300], lm[PATH_MAX + 300], dict[PATH_MAX + 300], why[2];
    struct program ffmpeg;
    err_set_logfp(NULL);
    err_set_callback(on_trouble, s);
    if (program_start(&ffmpeg, (const char *const[]){"ffmpeg", "-version", NULL})
        || program_end(&ffmpeg, false, why, sizeof why) < 0) {
        snprintf(error->text, sizeof error->text, "ffmpeg cannot be started: is it installed?");
        return -1;
    }
    const char *slash = strrchr(s->model, '/');
    snprintf(base, sizeof base, slash ? "%s" : MODELS "/%s", s->model);
    snprintf(name, sizeof name, "%s", slash ? slash + 1 : s->model);
    snprintf(hmm, sizeof hmm, "%s/%s", base, name);
    snprintf(lm, sizeof lm, "%s/%s.lm.bin", base, name);
    snprintf(dict, sizeof dict, "%s/cmudict-%s.dict", base, name);
    s->config = cmd_ln_init(NULL, ps_args(), TRUE, "-hmm", hmm, "-lm", lm, "-dict", dict, "-logfn", "/dev/null", NULL);
    s->decoder = s->config ? ps_init(s->config) : NULL;
    if (!s->decoder) {
        snprintf(error->text, sizeof error->text, "the model %.200s cannot be loaded: %.250s", base, s->trouble);
        return -1;
    }
    snprintf(s->language, sizeof s->language, "%s", ps_get_search(s->decoder));
    s->fresh = *ps_get_feat(s->decoder)->cmn_struct;
    s->fresh.cmn_mean = floats(s->fresh.cmn_mean, s->fresh.veclen);
    s->fresh.sum = floats(s->fresh.sum, s->fresh.veclen);
    return s->fresh.cmn_mean && s->fresh.sum ? 0 : -1;
}

static void unload(void *user)
{
    struct speech *s = user;
    free(s->fresh.cmn_mean);
    free(s->fresh.sum);
    ps_free(s->decoder);
    cmd_ln_free_r(s->config);
}

/* The decoder as it was after loading, with this task's grammar. Returns 0, or -1 with the reason in s->trouble. */
static int decoder_begin(struct speech *s, const char *grammar)
{
    cmn_t *cmn = ps_get_feat(s->decoder)->cmn_struct;
    size_t size = (size_t)s->fresh.veclen * sizeof *cmn->sum;
    memcpy(cmn->cmn_mean, s->fresh.cmn_mean, size);
    memcpy(cmn->sum, s->fresh.sum, size);
    cmn->nframe = s->fresh.nframe;
    s->trouble[0] = 0;
    if (grammar[0] && (ps_set_jsgf_file(s->decoder, GRAMMAR, grammar) || ps_set_search(s->decoder, GRAMMAR))) return -1;
    return ps_start_stream(s->decoder) || ps_start_utt(s->decoder) ? -1 : 0;
}

static void decoder_end(struct speech *s, const char *grammar)
{
    if (!grammar[0]) return;
    ps_set_search(s->decoder, s->language);
    ps_unset_search(s->decoder, GRAMMAR);
}

/* ---- A task ---- */

/* Adds the words of the utterance that just ended. Pauses and noises are segments too: "<sil>", "[NOISE]"; a second
 * way to say a word is "the(2)". */
static void take_words(struct job *job)
{
    double frames = (double)cmd_ln_int32_r(job->speech->config, "-frate"); /* a second */
    for (ps_seg_t *seg = ps_seg_iter(job->speech->decoder); seg; seg = ps_seg_next(seg)) {
        char word[256];
        int first, last;
        snprintf(word, sizeof word, "%s", ps_seg_word(seg));
        word[strcspn(word, "(")] = 0;
        if (!word[0] || strchr("<[+", word[0])) continue;
        ps_seg_frames(seg, &first, &last);
        bide_json_write_open(&job->words, '{');
        bide_json_write_key(&job->words, "word");
        bide_json_write_string(&job->words, word);
        bide_json_write_key(&job->words, "start");
        bide_json_write_double(&job->words, first / frames);
        bide_json_write_key(&job->words, "end");
        bide_json_write_double(&job->words, (last + 1) / frames);
        bide_json_write_close(&job->words, '}');
        fprintf(job->text, ftell(job->text) > 0 ? " %s" : "%s", word);
    }
}

static void tell_progress(struct job *job)
{
    char message[64];
    double heard = (double)job->samples / RATE, percent = job->length > heard ? 100 * heard / job->length : 100;
    snprintf(message, sizeof message, job->length > 0 ? "%.0f of %.1f s" : "%.0f s", heard, job->length);
    bide_task_progress(job->task, job->length > 0 ? percent : -1, message);
}

/* Hears the whole recording, an utterance at a time: one ends where a pause follows speech. Returns true when the task
 * was cancelled on the way. */
static bool listen(struct job *job, struct program *ffmpeg)
{
    ps_decoder_t *decoder = job->speech->decoder;
    int16_t samples[CHUNK];
    size_t n;
    bool spoken = false;
    while ((n = program_read(ffmpeg, samples, sizeof samples) / sizeof *samples) > 0) {
        if (bide_task_cancelled(job->task)) break;
        ps_process_raw(decoder, samples, n, FALSE, FALSE);
        bool speaking = ps_get_in_speech(decoder);
        if (spoken && !speaking) {
            ps_end_utt(decoder);
            take_words(job);
            ps_start_utt(decoder);
        }
        spoken = speaking;
        bool is_new_second = (job->samples + (int64_t)n) / RATE > job->samples / RATE;
        job->samples += (int64_t)n;
        if (is_new_second) tell_progress(job);
    }
    ps_end_utt(decoder);
    if (spoken) take_words(job);
    return bide_task_cancelled(job->task);
}

static int finish(struct job *job, double took)
{
    struct bide_text result = {0};
    double seconds = (double)job->samples / RATE;
    if (fflush(job->text)) return -1;
    bide_json_write_close(&job->words, ']');
    bide_json_write_open(&result, '{');
    bide_json_write_key(&result, "text");
    bide_json_write_string(&result, job->said);
    bide_json_write_key(&result, "words");
    bide_json_write_raw(&result, job->words.p);
    bide_json_write_key(&result, "seconds");
    bide_json_write_double(&result, seconds);
    bide_json_write_key(&result, "real_time_factor");
    bide_json_write_double(&result, seconds > 0 ? round(1000 * took / seconds) / 1000 : 0);
    bide_json_write_close(&result, '}');
    int failed = bide_task_done(job->task, result.err ? NULL : result.p);
    bide_text_free(&result);
    return failed;
}

/* From an open recording to the verdict. */
static int decode(struct job *job, const char *url, double began)
{
    const char *argv[] = {"ffmpeg", "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe", "-i", url, "-map", "0:a:0",
                          "-f", "s16le", "-ac", "1", "-ar", "16000", "pipe:1", NULL};
    struct program ffmpeg;
    char why[512];
    if (decoder_begin(job->speech, job->grammar)) return refuse(job, "grammar: %s", job->speech->trouble);
    int failed = program_start(&ffmpeg, argv);
    if (failed) {
        ps_end_utt(job->speech->decoder);
        snprintf(why, sizeof why, "ffmpeg: %s", strerror(failed));
        return bide_task_fail(job->task, &(struct bide_failure){.message = why, .retry = true});
    }
    bool cancelled = listen(job, &ffmpeg);
    failed = program_end(&ffmpeg, cancelled, why, sizeof why);
    if (cancelled) return 0; /* the loop that called us says so to bide */
    if (failed) return refuse(job, "audio: %s", why[0] ? why : "ffmpeg could not decode it");
    return finish(job, now() - began);
}

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, R_OK) == 0;
}

static int transcribe(void *user, struct bide_task *task)
{
    struct job job = {.speech = user, .task = task};
    char url[PATH_MAX + 8];
    double began = now();
    if (bide_json_string(bide_task_input(task), "audio", job.audio, sizeof job.audio))
        return refuse(&job, "audio: the path of a recording is needed");
    enum bide_json grammar = bide_json_string(bide_task_input(task), "grammar", job.grammar, sizeof job.grammar);
    if (grammar && grammar != BIDE_JSON_ABSENT) return refuse(&job, "grammar: the path of a JSGF file is needed");
    if (!is_file(job.audio)) return refuse(&job, "audio: there is no readable file %s", job.audio);
    if (job.grammar[0] && !is_file(job.grammar)) return refuse(&job, "grammar: there is no readable file %s", job.grammar);
    snprintf(url, sizeof url, "file:%s", job.audio); /* a path stays a path, whatever it looks like */
    job.length = probe(url);
    bide_json_write_open(&job.words, '[');
    job.text = open_memstream(&job.said, &job.said_len);
    if (!job.text) return -1;
    int failed = decode(&job, url, began);
    decoder_end(job.speech, job.grammar);
    fclose(job.text);
    free(job.said);
    bide_text_free(&job.words);
    return failed;
}

static volatile int told_to_stop; /* a puller, by SIGTERM: it ends after the recording it has */

static void on_stop(int number) { __atomic_store_n(&told_to_stop, number, __ATOMIC_RELAXED); }

int main(int argc, char **argv)
{
    const char *model = getenv("SPEECH_MODEL");
    struct speech speech = {.model = model ? model : "en-us"};
    struct bide_error error = {0};
    if (argc == 3 && strcmp(argv[1], "--model") == 0) {
        speech.model = argv[2];
    } else if (argc != 1) {
        fprintf(stderr, "usage: speech [--model NAME|DIRECTORY]\n");
        return 64;
    }
    if (getenv("BIDE_PULL")) sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_stop}, NULL);
    struct bide_worker worker = {
        .load = load, .run = transcribe, .unload = unload, .user = &speech, .error = &error, .stop = &told_to_stop};
    if (bide_worker_run(&worker) == 0) return 0;
    fprintf(stderr, "speech: %s\n", error.text);
    return 1;
}
