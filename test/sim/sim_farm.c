/* SPDX-License-Identifier: Apache-2.0
 *
 * fork, and shared memory for the results. What a life writes lies in a folder of its process, which is removed here when the
 * life died: the folders are in memory, and hundreds of lives die in a day of planted bugs.
 */
#include "test/sim/sim_farm.h"

#include "base/err.h"
#include "server/attempt_dir.h"
#include "test/sim/sim.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 16
/* One that does not come to an end is killed, and told. A life waits for nothing outside, so what counts is what it computes;
   the second bound, of wall time, is for one that waits all the same. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define LIFE_CPU_SECONDS 120
#else
#define LIFE_CPU_SECONDS 20 /* a hundred times what one takes */
#endif
#define LIFE_SECONDS 1200

struct place {
    pid_t pid; /* 0: free */
    size_t at;
};

static void begin(struct place *p, struct sim_result *results, size_t at, uint64_t seed,
                  void (*live)(uint64_t seed, struct sim_result *ret))
{
    fflush(NULL);
    p->at = at;
    p->pid = fork();
    if (p->pid < 0) abort();
    if (p->pid) return;
    setrlimit(RLIMIT_CPU, &(struct rlimit){LIFE_CPU_SECONDS, LIFE_CPU_SECONDS});
    alarm(LIFE_SECONDS);
    live(seed, &results[at]);
    fflush(NULL);
    _exit(0);
}

static void remove_what_is_left(pid_t pid)
{
    char dir[SIM_DIR_PATH];
    struct err e;
    sim_dir_of(pid, dir);
    if (attempt_dir_remove(dir, &e) != 0) fprintf(stderr, "left: %s\n", e.text);
}

static struct place *wait_for_one(struct place *places, struct sim_result *results)
{
    int status;
    pid_t pid = waitpid(-1, &status, 0); /* there are no other children */
    for (int i = 0; i < MOST; i++) {
        if (places[i].pid != pid) continue;
        struct sim_result *r = &results[places[i].at];
        if (WIFSIGNALED(status)) r->signal = WTERMSIG(status);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) r->lived = false;
        remove_what_is_left(pid);
        places[i].pid = 0;
        return &places[i];
    }
    abort();
}

struct sim_result *sim_farm(uint64_t first, size_t n, void (*live)(uint64_t seed, struct sim_result *ret))
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    int places_n = processors > MOST ? MOST : processors < 1 ? 1 : (int)processors;
    struct place places[MOST] = {{0, 0}};
    struct sim_result *results =
        mmap(NULL, n * sizeof *results, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (results == MAP_FAILED) abort();
    for (size_t at = 0; at < n; at++) {
        struct place *p = at < (size_t)places_n ? &places[at] : wait_for_one(places, results);
        begin(p, results, at, first + at, live);
    }
    for (size_t left = n < (size_t)places_n ? n : (size_t)places_n; left > 0; left--)
        (void)wait_for_one(places, results);
    return results;
}

void sim_farm_free(struct sim_result *results, size_t n) { munmap(results, n * sizeof *results); }
