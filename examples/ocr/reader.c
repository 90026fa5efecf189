/* SPDX-License-Identifier: Apache-2.0 */
#include "reader.h"
#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SUFFIX ".traineddata"

/* Tesseract's tables of parameters are shared by all its instances while one is made. */
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* ---- Models ---- */

void reader_languages(const char *directory, char *list, size_t cap)
{
    struct dirent **names;
    size_t used = 0;
    int n = scandir(directory, &names, NULL, alphasort);
    list[0] = 0;
    for (int i = 0; i < n; i++) {
        char *suffix = strstr(names[i]->d_name, SUFFIX);
        bool is_language = suffix && !suffix[strlen(SUFFIX)] && strcmp(names[i]->d_name, "osd" SUFFIX) != 0;
        if (suffix) *suffix = 0;
        if (is_language && used + strlen(names[i]->d_name) + 2 < cap)
            used += (size_t)snprintf(list + used, cap - used, " %s", names[i]->d_name);
        free(names[i]);
    }
    if (n >= 0) free((void *)names);
}

/* A language's name is part of a path: letters, digits and '_' only. */
bool reader_has(const char *directory, const char *language)
{
    char path[PATH_MAX];
    size_t plain = strspn(language, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    if (!plain || language[plain] || strcmp(language, "osd") == 0) return false;
    int len = snprintf(path, sizeof path, "%s/%s" SUFFIX, directory, language);
    return len < (int)sizeof path && access(path, R_OK) == 0;
}

/* What Tesseract prints would be in the log of every task of the batch. Where it goes is shared by all its instances,
 * and opened by the first line: a load that fails prints one. Later, threads would race for it. */
void reader_prepare(void)
{
    TessBaseAPI *api = TessBaseAPICreate();
    TessBaseAPISetVariable(api, "debug_file", "/dev/null");
    (void)TessBaseAPIInit2(api, "/dev/null", "none", OEM_LSTM_ONLY);
    TessBaseAPIDelete(api);
}

static TessBaseAPI *model_load(const char *directory, const char *language)
{
    TessBaseAPI *api = TessBaseAPICreate();
    pthread_mutex_lock(&loading);
    bool failed = TessBaseAPIInit2(api, directory, language, OEM_LSTM_ONLY) != 0;
    /* The spaces it would put between Chinese characters are not in the picture. */
    if (!failed) TessBaseAPISetVariable(api, "preserve_interword_spaces", "1");
    pthread_mutex_unlock(&loading);
    if (!failed) return api;
    TessBaseAPIDelete(api);
    return NULL;
}

/* The model of the picture's language, loaded when it is not there. */
static TessBaseAPI *model_of(struct reader *reader, struct reading *r)
{
    struct model model = {0};
    int at = 0;
    while (at < reader->n && strcmp(reader->models[at].language, r->language) != 0) at++;
    if (at < reader->n) {
        model = reader->models[at];
    } else {
        double began = now_ms();
        snprintf(model.language, sizeof model.language, "%s", r->language);
        model.api = model_load(reader->directory, r->language);
        if (!model.api) return NULL;
        r->load_ms = now_ms() - began;
        if (reader->n == MODELS_KEPT) TessBaseAPIDelete(reader->models[--reader->n].api);
        at = reader->n++;
    }
    memmove(reader->models + 1, reader->models, (size_t)at * sizeof *reader->models);
    reader->models[0] = model;
    return model.api;
}

void reader_release(struct reader *reader)
{
    while (reader->n) TessBaseAPIDelete(reader->models[--reader->n].api);
}

/* ---- A picture ---- */

static bool on_cancel(void *user, int words)
{
    struct reading *r = user;
    (void)words;
    return atomic_load(&r->cancelled);
}

static bool on_progress(ETEXT_DESC *monitor, int left, int right, int top, int bottom)
{
    struct reading *r = TessMonitorGetCancelThis(monitor);
    (void)left, (void)right, (void)top, (void)bottom;
    atomic_store(&r->percent, TessMonitorGetProgress(monitor));
    return true;
}

static void write_line(struct bide_text *lines, TessResultIterator *at, const char *text)
{
    int left, top, right, bottom;
    TessPageIteratorBoundingBox(TessResultIteratorGetPageIteratorConst(at), RIL_TEXTLINE, &left, &top, &right, &bottom);
    bide_json_write_open(lines, '{');
    bide_json_write_key(lines, "text");
    bide_json_write_string(lines, text);
    bide_json_write_key(lines, "confidence");
    bide_json_write_int(lines, (int64_t)TessResultIteratorConfidence(at, RIL_TEXTLINE));
    bide_json_write_key(lines, "box");
    bide_json_write_open(lines, '[');
    bide_json_write_int(lines, left);
    bide_json_write_int(lines, top);
    bide_json_write_int(lines, right - left);
    bide_json_write_int(lines, bottom - top);
    bide_json_write_close(lines, ']');
    bide_json_write_close(lines, '}');
}

/* The lines that have something in them. */
static void take_lines(TessBaseAPI *api, struct reading *r)
{
    TessResultIterator *at = TessBaseAPIGetIterator(api);
    bide_json_write_open(&r->lines, '[');
    for (bool more = at != NULL; more; more = TessResultIteratorNext(at, RIL_TEXTLINE)) {
        char *text = TessResultIteratorGetUTF8Text(at, RIL_TEXTLINE);
        if (!text) continue;
        text[strcspn(text, "\n")] = 0;
        if (text[strspn(text, " ")]) write_line(&r->lines, at, text);
        TessDeleteText(text);
    }
    bide_json_write_close(&r->lines, ']');
    if (at) TessResultIteratorDelete(at);
}

/* The whole text without the blank lines at its end, as a JSON string. */
static void take_text(TessBaseAPI *api, struct reading *r)
{
    char *text = TessBaseAPIGetUTF8Text(api);
    size_t len = text ? strlen(text) : 0;
    while (len && strchr(" \n\f", text[len - 1])) len--;
    if (text) text[len] = 0;
    bide_json_write_string(&r->text, text ? text : "");
    r->confidence = len ? TessBaseAPIMeanTextConf(api) : 0;
    if (text) TessDeleteText(text);
}

enum reader_result reader_read(struct reader *reader, PIX *pix, struct reading *r)
{
    TessBaseAPI *api = model_of(reader, r);
    if (!api) return READER_NO_MODEL;
    double began = now_ms();
    ETEXT_DESC *monitor = TessMonitorCreate();
    TessMonitorSetCancelThis(monitor, r);
    TessMonitorSetCancelFunc(monitor, on_cancel);
    TessMonitorSetProgressFunc(monitor, on_progress);
    TessBaseAPIClearAdaptiveClassifier(api);
    TessBaseAPISetPageSegMode(api, r->layout);
    TessBaseAPISetImage2(api, pix);
    int failed = TessBaseAPIRecognize(api, monitor);
    bool cancelled = atomic_load(&r->cancelled);
    if (!failed && !cancelled) {
        take_lines(api, r);
        take_text(api, r);
    }
    TessBaseAPIClear(api);
    TessMonitorDelete(monitor);
    r->read_ms = now_ms() - began;
    return cancelled ? READER_CANCELLED : failed ? READER_FAILED : READER_DONE;
}
