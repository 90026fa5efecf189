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
 * packaged language model decides. One task must never change the words of the next, nor of one beside it: with --threads
 * there is a decoder for each (decoder.h). Paths count from the worker's directory.
 */
#include "bide.h"
#include "decoder.h"
#include "program.h"

#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define RATE 16000         /* samples a second */
#define CHUNK (RATE / 10)  /* samples between two looks at whether the task was cancelled */
#define THREADS_MAX 64

struct speech {
    const char *model; /* "en-us", or a directory */
    int threads;
    struct decoders decoders; /* one for each */
};

/* One task under way. */
struct job {
    struct decoder *decoder; /* borrowed from its speech */
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

static int load(void *user, struct bide_error *error)
{
    struct speech *s = user;
    char why[2];
    struct program ffmpeg;
    if (program_start(&ffmpeg, (const char *const[]){"ffmpeg", "-version", NULL})
        || program_end(&ffmpeg, false, why, sizeof why) < 0) {
        snprintf(error->text, sizeof error->text, "ffmpeg cannot be started: is it installed?");
        return -1;
    }
    return decoders_open(&s->decoders, s->model, s->threads, error->text, sizeof error->text);
}

static void unload(void *user)
{
    struct speech *s = user;
    decoders_close(&s->decoders);
}

/* ---- A task ---- */

/* Adds the words of the utterance that just ended. Pauses and noises are segments too: "<sil>", "[NOISE]"; a second
 * way to say a word is "the(2)". */
static void take_words(struct job *job)
{
    double frames = (double)cmd_ln_int32_r(job->decoder->config, "-frate"); /* a second */
    for (ps_seg_t *seg = ps_seg_iter(job->decoder->ps); seg; seg = ps_seg_next(seg)) {
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
    ps_decoder_t *decoder = job->decoder->ps;
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
    if (decoder_begin(job->decoder, job->grammar)) return refuse(job, "grammar: %s", decoder_trouble());
    int failed = program_start(&ffmpeg, argv);
    if (failed) {
        ps_end_utt(job->decoder->ps);
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
    struct speech *s = user;
    struct job job = {.task = task};
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
    job.decoder = decoders_take(&s->decoders);
    int failed = decode(&job, url, began);
    decoder_end(job.decoder, job.grammar);
    decoders_give(&s->decoders, job.decoder);
    fclose(job.text);
    free(job.said);
    bide_text_free(&job.words);
    return failed;
}

static volatile int told_to_stop; /* a puller, by SIGTERM: it ends after the recordings it has */

static void on_stop(int number) { __atomic_store_n(&told_to_stop, number, __ATOMIC_RELAXED); }

/* Whether the command line is right. */
static bool read_arguments(struct speech *s, char **argv)
{
    for (; argv[0]; argv += 2) {
        if (!argv[1]) return false;
        if (strcmp(argv[0], "--model") == 0) {
            s->model = argv[1];
        } else if (strcmp(argv[0], "--threads") == 0) {
            char *end;
            long n = strtol(argv[1], &end, 10);
            if (end == argv[1] || *end || n < 1 || n > THREADS_MAX) return false;
            s->threads = (int)n;
        } else {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    const char *model = getenv("SPEECH_MODEL");
    struct speech speech = {.model = model ? model : "en-us", .threads = 1};
    struct bide_error error = {0};
    if (argc > 0 && !read_arguments(&speech, argv + 1)) {
        fprintf(stderr, "usage: speech [--model NAME|DIRECTORY] [--threads 1..%d]\n", THREADS_MAX);
        return 64;
    }
    if (getenv("BIDE_PULL")) sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_stop}, NULL);
    struct bide_worker worker = {.load = load, .run = transcribe, .unload = unload, .user = &speech, .error = &error,
                                 .concurrency = speech.threads, .stop = &told_to_stop};
    if (bide_worker_run(&worker) == 0) return 0;
    fprintf(stderr, "speech: %s\n", error.text);
    return 1;
}
