/* SPDX-License-Identifier: Apache-2.0
 *
 * Processes, not threads: a client belongs to one thread, threads to the loop's folder, and a fork is all that is
 * needed. The parent never touches a connection while they run; it only passes on that somebody wants an end.
 */
#include "cli/cli_bench_load.h"

#include "base/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ERRORS_MAX 10 /* in a row: the server is not there to be measured */
#define STEPS_LINEAR 32

struct shared {
    atomic_bool stop;
    struct cli_bench_tally tallies[CLI_BENCH_LOAD_MAX];
};

struct ids {
    char (*p)[40];
    size_t n, cap;
};

static struct shared *region; /* of the run that is on; for the signal handler */

static int64_t now_us(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_MONOTONIC, &t) != 0) abort(); /* it exists on every Linux */
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* 0..31 as they are, then 32 steps for each doubling. */
static size_t step_of(int64_t us)
{
    size_t shift = 0;
    while (us >> shift >= 2 * STEPS_LINEAR) shift++;
    size_t step = (us < STEPS_LINEAR ? 0 : STEPS_LINEAR * shift) + (size_t)(us >> shift);
    return step < CLI_BENCH_LOAD_STEPS ? step : CLI_BENCH_LOAD_STEPS - 1;
}

static int64_t end_of_step(size_t step)
{
    if (step < 2 * STEPS_LINEAR) return (int64_t)step;
    size_t shift = step / STEPS_LINEAR - 1;
    return ((int64_t)(step % STEPS_LINEAR + STEPS_LINEAR + 1) << shift) - 1;
}

int64_t cli_bench_load_share(const struct cli_bench_tally *t, double share)
{
    double wanted = share * (double)t->submitted, seen = 0;
    for (size_t i = 0; i < CLI_BENCH_LOAD_STEPS; i++) {
        seen += t->steps[i];
        if (seen >= wanted && seen > 0) return end_of_step(i) < t->max_us ? end_of_step(i) : t->max_us;
    }
    return 0;
}

static void remember(struct ids *ids, const char *id)
{
    if (ids->n == ids->cap) {
        ids->cap = ids->cap ? ids->cap * 2 : 1024;
        ids->p = mem_grow(ids->p, ids->cap * sizeof *ids->p);
    }
    str_copy(ids->p[ids->n++], sizeof *ids->p, str_of(id));
}

/* One submit, counted. */
static bool submit_one(struct bide_client *c, const struct bide_submit *s, struct cli_bench_tally *t, struct ids *ids)
{
    struct bide_text task = {0};
    char id[40];
    int64_t begun = now_us();
    bool good = bide_client_submit(c, s, &task, &t->error) == 0;
    int64_t took = now_us() - begun;
    if (good && bide_json_string(task.p ? task.p : "", "id", id, sizeof id) == BIDE_JSON_FOUND) {
        remember(ids, id);
        t->submitted++;
        t->steps[step_of(took)]++;
        if (took > t->max_us) t->max_us = took;
    } else {
        t->errors++;
        t->full = t->error.http_status == 429;
    }
    bide_text_free(&task);
    return good;
}

static void work(const struct cli_bench_load *l, struct shared *shared, struct cli_bench_tally *t)
{
    struct ids ids = {0};
    struct bide_text answer = {0};
    struct bide_client *c = bide_client_new(&(struct bide_client_options){.server = l->server}, &t->error);
    int64_t begun = now_us(), until = begun + l->duration_ms * 1000;
    int in_a_row = 0;
    while (c && in_a_row < ERRORS_MAX && !t->full && now_us() < until && !atomic_load(&shared->stop))
        in_a_row = submit_one(c, l->submit, t, &ids) ? 0 : in_a_row + 1;
    t->submit_us = now_us() - begun;
    if (t->full) atomic_store(&shared->stop, true);
    for (size_t i = 0; i < ids.n; i++) {
        struct bide_error error;
        if (bide_client_cancel(c, ids.p[i], &answer, &error) == 0) t->cancelled++;
        else t->left++;
    }
    bide_text_free(&answer);
    bide_client_free(c);
    free(ids.p);
}

static void on_signal(int number)
{
    (void)number;
    atomic_store(&region->stop, true);
}

static void sum_up(const struct shared *shared, int n, struct cli_bench_tally *sum)
{
    *sum = (struct cli_bench_tally){0};
    for (int i = 0; i < n; i++) {
        const struct cli_bench_tally *t = &shared->tallies[i];
        sum->submitted += t->submitted;
        sum->errors += t->errors;
        sum->cancelled += t->cancelled;
        sum->left += t->left;
        sum->full = sum->full || t->full;
        if (t->submit_us > sum->submit_us) sum->submit_us = t->submit_us;
        if (t->max_us > sum->max_us) sum->max_us = t->max_us;
        if (t->errors) sum->error = t->error;
        for (size_t s = 0; s < CLI_BENCH_LOAD_STEPS; s++) sum->steps[s] += t->steps[s];
    }
}

static int failed(struct bide_error *error, const char *what)
{
    *error = (struct bide_error){.code = "io"};
    snprintf(error->text, sizeof error->text, "%s: %s", what, strerror(errno));
    return -1;
}

/* The connections as processes; waits for all of them. */
static int run_processes(const struct cli_bench_load *l, struct bide_error *error)
{
    pid_t pids[CLI_BENCH_LOAD_MAX];
    int n = 0, rc = 0;
    fflush(NULL);
    for (; n < l->connections; n++) {
        pids[n] = fork();
        if (pids[n] < 0) break;
        if (pids[n] > 0) continue;
        signal(SIGINT, SIG_IGN); /* a Ctrl-C reaches all; the parent tells when to stop */
        signal(SIGTERM, SIG_DFL);
        work(l, region, &region->tallies[n]);
        _exit(0);
    }
    if (n < l->connections) {
        rc = failed(error, "cannot start a process for each connection");
        atomic_store(&region->stop, true);
    }
    for (int i = 0; i < n; i++) {
        int status = 0;
        while (waitpid(pids[i], &status, 0) < 0 && errno == EINTR) continue;
        if (status == 0) continue;
        errno = ECHILD;
        rc = failed(error, "the process of a connection ended in the middle");
    }
    return rc;
}

int cli_bench_load_run(const struct cli_bench_load *l, struct cli_bench_tally *ret_sum, struct bide_error *error)
{
    struct sigaction stop = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND}, old_int, old_term;
    region = mmap(NULL, sizeof *region, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (region == MAP_FAILED) return failed(error, "cannot share memory");
    sigaction(SIGINT, &stop, &old_int);
    sigaction(SIGTERM, &stop, &old_term);
    int rc = run_processes(l, error);
    sigaction(SIGINT, &old_int, NULL);
    sigaction(SIGTERM, &old_term, NULL);
    sum_up(region, l->connections, ret_sum);
    munmap(region, sizeof *region);
    return rc;
}
