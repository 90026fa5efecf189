/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads one picture at a time with Tesseract. A reader belongs to one thread at a time and has models of its own: a
 * model keeps the picture it works on, so two threads cannot share one. A language's model is loaded by the first
 * picture that is written in it, and stays; MODELS_KEPT are kept, the one that was not used for longest goes first.
 *
 * Nothing carries over: what Tesseract learns from a picture is forgotten before the next.
 */
#ifndef OCR_READER_H
#define OCR_READER_H

#include "bide.h"
#include <leptonica/allheaders.h>
#include <stdatomic.h>
#include <tesseract/capi.h>

#define MODELS_KEPT 8 /* per reader; 20 to 60 MB each */

struct model {
    char language[32];
    TessBaseAPI *api; /* owned */
};

struct reader {
    const char *directory; /* borrowed: where LANGUAGE.traineddata are */
    int n;
    struct model models[MODELS_KEPT]; /* the one used last comes first */
};

/* What is asked, and what came of it. `cancelled` may be set and `percent` read by another thread meanwhile. */
struct reading {
    const char *language; /* borrowed */
    TessPageSegMode layout;
    atomic_bool cancelled;
    atomic_int percent;      /* 0..100 of its recognition; layout analysis comes before and has none */
    struct bide_text text;   /* owned by the caller from here on: all the lines */
    struct bide_text lines;  /* [{"text", "confidence", "box": [x, y, width, height]}] */
    int confidence;          /* mean over the words, 0..100 */
    double load_ms, read_ms; /* load_ms 0: the model was there */
};

enum reader_result { READER_DONE, READER_CANCELLED, READER_NO_MODEL, READER_FAILED };

/* Once, before there are threads: what Tesseract itself prints goes nowhere. */
void reader_prepare(void);

/* The languages there are models of, with a blank before each, or "": what an error message lists. */
void reader_languages(const char *directory, char *list, size_t cap);
bool reader_has(const char *directory, const char *language);

/* Cancel is obeyed between two lines of text. READER_NO_MODEL: the file is there but is no model. */
enum reader_result reader_read(struct reader *reader, PIX *pix, struct reading *reading);
void reader_release(struct reader *reader);

#endif
