/* SPDX-License-Identifier: Apache-2.0
 *
 * Medians, one regression, and a search by halves.
 */
#include "task/eta.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SPREAD_LEAST 0.02
#define MAD_TO_DEVIATION 1.4826 /* of a normal distribution */
#define LEFT_MOST_MS 1e13       /* some 300 years: beyond it a moment could not be told */
#define STEPS 60                /* halvings: from 300 years to less than a ms */

/* ---- how long ---- */

void eta_runs_add(struct eta_runs *r, int64_t ms, int32_t size)
{
    size_t at = r->n++ % ETA_RUNS;
    r->log_ms[at] = logf(ms > 1 ? (float)ms : 1.0f);
    r->log_size[at] = logf(size > 1 ? (float)size : 1.0f);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, by_size);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* Least squares, held to 1 while sizes differ too little to tell. */
static double slope_of(const struct eta_runs *r, size_t n)
{
    double x = 0, y = 0, xx = 1, xy = 1;
    for (size_t i = 0; i < n; i++) {
        x += (double)r->log_size[i] / (double)n;
        y += (double)r->log_ms[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        double dx = (double)r->log_size[i] - x;
        xx += dx * dx;
        xy += dx * ((double)r->log_ms[i] - y);
    }
    double slope = xy / xx;
    return slope < 0 ? 0 : slope > 1 ? 1 : slope;
}

static size_t kept(const struct eta_runs *r) { return r->n < ETA_RUNS ? (size_t)r->n : ETA_RUNS; }

bool eta_guess_of(const struct eta_runs *r, struct eta_guess *ret)
{
    double v[ETA_RUNS];
    size_t n = kept(r);
    if (n == 0) return false;
    ret->slope = slope_of(r, n);
    for (size_t i = 0; i < n; i++) v[i] = (double)r->log_ms[i] - ret->slope * (double)r->log_size[i];
    ret->log_ms = median(v, n);
    for (size_t i = 0; i < n; i++) v[i] = fabs(v[i] - ret->log_ms);
    ret->spread = MAD_TO_DEVIATION * median(v, n);
    if (ret->spread < SPREAD_LEAST) ret->spread = SPREAD_LEAST;
    return true;
}

static double log_usual(const struct eta_guess *g, double size) { return g->log_ms + g->slope * log(size > 1 ? size : 1); }

double eta_usual_ms(const struct eta_guess *g, double size) { return exp(log_usual(g, size)); }

double eta_mean_ms(const struct eta_guess *g, double size) { return exp(log_usual(g, size) + g->spread * g->spread / 2); }

/* The share of those that take longer. */
static double longer(const struct eta_guess *g, double size, double ms)
{
    return erfc((log(ms) - log_usual(g, size)) / g->spread / M_SQRT2);
}

double eta_left_ms(const struct eta_guess *g, double size, double gone_ms)
{
    if (gone_ms < 1) return eta_usual_ms(g, size);
    double half = longer(g, size, gone_ms) / 2, low = gone_ms, high = gone_ms;
    if (half < 1e-300) return gone_ms; /* far beyond all that is known: as long again */
    while (high < LEFT_MOST_MS && longer(g, size, high) > half) high *= 2;
    for (int i = 0; i < STEPS; i++) {
        double middle = (low + high) / 2;
        if (longer(g, size, middle) > half) low = middle;
        else high = middle;
    }
    return high - gone_ms;
}

/* ---- when it starts ---- */

static int by_left(const void *a, const void *b)
{
    double x = ((const struct eta_running *)a)->left_ms, y = ((const struct eta_running *)b)->left_ms;
    return (x > y) - (x < y);
}

struct places {
    int64_t free;                      /* now */
    const struct eta_running *running; /* sorted */
    size_t n;
    bool rivals;                       /* those among them count */
    double each_ms;
};

/* How many batches have started `ms` from now, when each that is over is followed by another. */
static double starts(const struct places *p, double ms)
{
    double n = (double)p->free * (floor(ms / p->each_ms) + 1);
    for (size_t i = 0; i < p->n && p->running[i].left_ms <= ms; i++)
        if (p->rivals || !p->running[i].rival) n += floor((ms - p->running[i].left_ms) / p->each_ms) + 1;
    return n;
}

/* Until the one behind `ahead` starts on so many places. More may run than there are places, after a limit was lowered:
 * the first of those to end make no room. */
static double start_ms(const struct eta_line *l, int64_t places, const struct eta_ahead *ahead, bool rivals)
{
    struct places p = {.free = places, .running = l->running, .n = l->n_running, .rivals = rivals};
    double low = 0, high = 1;
    for (size_t i = 0; i < p.n; i++) p.free -= rivals || !p.running[i].rival;
    while (p.free < 0) {
        p.free += rivals || !p.running->rival;
        p.running++;
        p.n--;
    }
    p.each_ms = ahead->batches > 0 ? ahead->ms / (double)ahead->batches : 1;
    if (p.each_ms < 1) p.each_ms = 1;
    double wanted = (double)ahead->batches + 1;
    if (starts(&p, 0) >= wanted) return 0;
    while (high < LEFT_MOST_MS && starts(&p, high) < wanted) high *= 2;
    for (int i = 0; i < STEPS; i++) {
        double middle = (low + high) / 2;
        if (starts(&p, middle) < wanted) low = middle;
        else high = middle;
    }
    return high;
}

double eta_line_ms(struct eta_line *l)
{
    if (l->n_running > 1) qsort(l->running, l->n_running, sizeof *l->running, by_left);
    struct eta_ahead all = {l->own.batches + l->rival.batches, l->own.ms + l->rival.ms};
    double shared = start_ms(l, l->places, &all, true);
    if (l->rival_places >= l->places) return shared;
    double apart = start_ms(l, l->places - l->rival_places, &l->own, false); /* places that no rival can take */
    return apart < shared ? apart : shared;
}

int eta_more_attempts(double again, int most)
{
    int n = 0;
    double likely = again;
    while (n < most && likely >= 0.5) {
        likely *= again;
        n++;
    }
    return n;
}

int64_t eta_round_ms(int64_t now_ms, double left_ms)
{
    if (!(left_ms < LEFT_MOST_MS)) left_ms = LEFT_MOST_MS;
    int64_t left = left_ms > 0 ? (int64_t)left_ms : 0, unit = 1;
    while (unit * 128 <= left) unit *= 2;
    return (now_ms + left + unit - 1) / unit * unit;
}
