/* SPDX-License-Identifier: Apache-2.0
 *
 * PocketSphinx with its model: a decoder is for one recording at a time, and as many as there are threads stand in a row.
 *
 *   decoders_open ──▶ idle ──take──▶ begun, with the grammar of a task or the language model ──give──▶ idle
 *                      (what it learned about the voice is put back to what it was after loading)
 *
 * Of PocketSphinx 0.8+5prealpha two decoders share only what is mapped from files, the acoustic weights. Not the language
 * model, though ps_set_lm takes one that is loaded: it remembers in itself which words it was asked about last
 * (lm_trie_score), so that two threads with one of them hear other words than one thread does. So each decoder has all of
 * its own. What sphinxbase reports goes to one callback for the whole process, called in the thread that met it.
 */
#ifndef TRANSCRIBE_DECODER_H
#define TRANSCRIBE_DECODER_H

#include <pocketsphinx.h>
#include <pthread.h>
#include <stddef.h>
#include <sphinxbase/feat.h>

struct decoder {
    cmd_ln_t *config; /* owned */
    ps_decoder_t *ps; /* owned */
    char language[64]; /* the language model's name inside it */
    cmn_t fresh;       /* the cepstral mean as it was after loading; its arrays owned */
    struct decoder *next; /* linked in the idle ones */
};

struct decoders {
    struct decoder *all; /* owned: n of them */
    int n;
    pthread_mutex_t lock; /* over `idle` */
    struct decoder *idle;
};

/* `model`: "en-us", or a directory with what Debian's en-us has. -1 with the reason. */
int decoders_open(struct decoders *d, const char *model, int n, char *why, size_t cap);
void decoders_close(struct decoders *d); /* accepts a zeroed one */
struct decoder *decoders_take(struct decoders *d); /* at most n have been taken at a time */
void decoders_give(struct decoders *d, struct decoder *decoder);

/* An utterance may follow, with this JSGF grammar (a path; "": the language model). -1: decoder_trouble() says why. */
int decoder_begin(struct decoder *d, const char *grammar);
void decoder_end(struct decoder *d, const char *grammar); /* also after a failed begin */
const char *decoder_trouble(void);                        /* the last error that was reported in this thread; "" when none was */

#endif
