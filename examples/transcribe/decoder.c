/* SPDX-License-Identifier: Apache-2.0
 *
 * See decoder.h.
 */
#include "decoder.h"

#include <limits.h>
#include <sphinxbase/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODELS "/usr/share/pocketsphinx/model"
#define GRAMMAR "grammar" /* the name of a task's grammar inside the decoder */

static _Thread_local char trouble[512];

const char *decoder_trouble(void) { return trouble; }

/* PocketSphinx reports through this alone; nothing is printed. */
static void on_trouble(void *user, err_lvl_t level, const char *format, ...)
{
    char message[sizeof trouble];
    (void)user;
    if (level < ERR_ERROR) return;
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    message[strcspn(message, "\n")] = 0;
    const char *text = strstr(message, ", line "); /* ERROR: "file.c", line 1: text */
    text = text ? strstr(text, ": ") : NULL;
    snprintf(trouble, sizeof trouble, "%s", text ? text + 2 : message);
}

static float *floats(const float *from, int n)
{
    float *copy = malloc((size_t)n * sizeof *copy);
    return copy ? memcpy(copy, from, (size_t)n * sizeof *copy) : NULL;
}

static int open_one(struct decoder *d, const char *model, char *why, size_t cap)
{
    char base[PATH_MAX], name[256], hmm[PATH_MAX + 300], lm[PATH_MAX + 300], dict[PATH_MAX + 300];
    const char *slash = strrchr(model, '/');
    snprintf(base, sizeof base, slash ? "%s" : MODELS "/%s", model);
    snprintf(name, sizeof name, "%s", slash ? slash + 1 : model);
    snprintf(hmm, sizeof hmm, "%s/%s", base, name);
    snprintf(lm, sizeof lm, "%s/%s.lm.bin", base, name);
    snprintf(dict, sizeof dict, "%s/cmudict-%s.dict", base, name);
    d->config = cmd_ln_init(NULL, ps_args(), TRUE, "-hmm", hmm, "-lm", lm, "-dict", dict, "-logfn", "/dev/null", NULL);
    d->ps = d->config ? ps_init(d->config) : NULL;
    if (!d->ps) {
        snprintf(why, cap, "the model %.200s cannot be loaded: %.250s", base, trouble);
        return -1;
    }
    snprintf(d->language, sizeof d->language, "%s", ps_get_search(d->ps));
    d->fresh = *ps_get_feat(d->ps)->cmn_struct;
    d->fresh.cmn_mean = floats(d->fresh.cmn_mean, d->fresh.veclen);
    d->fresh.sum = floats(d->fresh.sum, d->fresh.veclen);
    if (d->fresh.cmn_mean && d->fresh.sum) return 0;
    snprintf(why, cap, "the model %.200s cannot be loaded: out of memory", base);
    return -1;
}

int decoders_open(struct decoders *d, const char *model, int n, char *why, size_t cap)
{
    *d = (struct decoders){.lock = PTHREAD_MUTEX_INITIALIZER};
    err_set_logfp(NULL);
    err_set_callback(on_trouble, NULL);
    d->all = calloc((size_t)n, sizeof *d->all);
    if (!d->all) {
        snprintf(why, cap, "out of memory");
        return -1;
    }
    while (d->n < n) {
        struct decoder *one = &d->all[d->n++];
        if (open_one(one, model, why, cap)) {
            decoders_close(d);
            return -1;
        }
        decoders_give(d, one);
    }
    return 0;
}

void decoders_close(struct decoders *d)
{
    for (int i = 0; i < d->n; i++) {
        free(d->all[i].fresh.cmn_mean);
        free(d->all[i].fresh.sum);
        ps_free(d->all[i].ps);
        cmd_ln_free_r(d->all[i].config);
    }
    free(d->all);
    *d = (struct decoders){0};
}

struct decoder *decoders_take(struct decoders *d)
{
    pthread_mutex_lock(&d->lock);
    struct decoder *one = d->idle;
    d->idle = one->next;
    pthread_mutex_unlock(&d->lock);
    return one;
}

void decoders_give(struct decoders *d, struct decoder *one)
{
    pthread_mutex_lock(&d->lock);
    one->next = d->idle;
    d->idle = one;
    pthread_mutex_unlock(&d->lock);
}

int decoder_begin(struct decoder *d, const char *grammar)
{
    cmn_t *cmn = ps_get_feat(d->ps)->cmn_struct;
    size_t size = (size_t)d->fresh.veclen * sizeof *cmn->sum;
    memcpy(cmn->cmn_mean, d->fresh.cmn_mean, size);
    memcpy(cmn->sum, d->fresh.sum, size);
    cmn->nframe = d->fresh.nframe;
    trouble[0] = 0;
    if (grammar[0] && (ps_set_jsgf_file(d->ps, GRAMMAR, grammar) || ps_set_search(d->ps, GRAMMAR))) return -1;
    return ps_start_stream(d->ps) || ps_start_utt(d->ps) ? -1 : 0;
}

void decoder_end(struct decoder *d, const char *grammar)
{
    if (!grammar[0]) return;
    ps_set_search(d->ps, d->language);
    ps_unset_search(d->ps, GRAMMAR);
}
