/* SPDX-License-Identifier: Apache-2.0
 *
 * When will it be done? Pure: from how long things took lately, and what is in front, to milliseconds from now.
 *
 * Times of a type are taken as log-normal: most are near the usual one, a few take much longer. What is kept of it are
 * the last ETA_RUNS; the usual time is their median and the spread comes from their median deviation, so that a few
 * odd ones move neither. Where tasks go in batches, time grows with the size: ms = usual * size^slope, slope 0..1.
 *
 * A line is something with places: a queue, or a handler. Batches in front take the place that is free first:
 *
 *     places    ▓▓▓▓▓▓|in front|in front|           ▓ what is left of those that run now
 *               ▓▓|in front|in front|it             it: when the first place is free that nobody in front takes
 */
#ifndef TASK_ETA_H
#define TASK_ETA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ETA_RUNS 64

struct eta_runs { /* zeroed: nothing is known */
    float log_ms[ETA_RUNS], log_size[ETA_RUNS];
    uint64_t n; /* ever added */
};

struct eta_guess {
    double log_ms; /* of a batch of one, usually */
    double spread; /* standard deviation of the logarithm */
    double slope;  /* 0: a batch takes as long as one task, 1: as all its tasks one after the other */
};

/* `size`: tasks of the batch, >= 1. */
void eta_runs_add(struct eta_runs *r, int64_t ms, int32_t size);
bool eta_guess_of(const struct eta_runs *r, struct eta_guess *ret); /* false, nothing filled: nothing is known */
double eta_usual_ms(const struct eta_guess *g, double size); /* the median */
double eta_mean_ms(const struct eta_guess *g, double size);  /* what many of them take, divided by their number */
/* What is usually left of one that has taken gone_ms and is not over. Never below 0. */
double eta_left_ms(const struct eta_guess *g, double size, double gone_ms);

/* Batches of others (`rival`) share one place or another with ours, but never take more than `rival_places` of them. */
struct eta_ahead {
    int64_t batches; /* in front, not running */
    double ms;       /* together */
};
struct eta_running {
    double left_ms;
    bool rival;
};
struct eta_line {
    int64_t places;              /* >= 1 */
    int64_t rival_places;
    struct eta_ahead own, rival;
    struct eta_running *running; /* borrowed; sorted in place */
    size_t n_running;
};
/* From now until a batch of ours that comes behind those may start. */
double eta_line_ms(struct eta_line *l);

/* How many further attempts are more likely than not, when of `again` (0..1) of the attempts another follows; at most `most`. */
int eta_more_attempts(double again, int most);
/* A moment for people: no more exact than a sixty-fourth of what is left, and never before it. Wall ms. */
int64_t eta_round_ms(int64_t now_ms, double left_ms);

#endif
