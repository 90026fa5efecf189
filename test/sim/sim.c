/* SPDX-License-Identifier: Apache-2.0
 *
 * Putting it together, and the passing of time.
 */
#include "test/sim/sim.h"

#include "base/mem.h"
#include "server/attempt_dir.h"
#include "store/mem/mem_engine.h"
#include "test/contract/power.h"
#include "test/sim/sim_resources.h"

#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define DRAIN_MS 600000
#define TURNS 100

const char *const sim_worker_command[] = {"sim", NULL};
const char *const sim_exec_command[] = {"sim", "{attempt}", "{id}", NULL};

/* ---- time ---- */

static const struct sim *of_clock(const struct clock *c)
{
    return CONTAINER_OF(c, struct sim, clock);
}

static int64_t mono(const struct clock *c) { return of_clock(c)->mono_ms; }
static int64_t wall(const struct clock *c) { return of_clock(c)->mono_ms + of_clock(c)->wall_ahead_ms; }

void sim_run(struct sim *s)
{
    int turns = 0;
    do turn_run(&s->turn); /* may stop for a moment's look at sockets */
    while (turn_next_ms(&s->turn) == 0 && !sim_is_cut(s) && ++turns < TURNS);
    if (turns < TURNS) return;
    fprintf(stderr, "the turn does not come to rest at %lld ms\n", (long long)s->mono_ms);
    abort(); /* for a clock that stands there is no way on from here */
}

void sim_pass(struct sim *s, int64_t ms)
{
    int64_t until_ms = s->mono_ms + ms;
    sim_run(s);
    for (;;) {
        int64_t next_ms = turn_next_ms(&s->turn);
        if (next_ms < 0 || s->mono_ms + next_ms > until_ms) break;
        if (sim_is_cut(s)) return;
        s->mono_ms += next_ms;
        sim_run(s);
    }
    if (sim_is_cut(s)) return;
    s->mono_ms = until_ms;
    sim_run(s);
}

void sim_wall_jump(struct sim *s, int64_t ms)
{
    s->wall_ahead_ms += ms;
    turn_wall_set(&s->turn);
}

int64_t sim_wall_ms(const struct sim *s) { return turn_wall_ms(&s->turn); }

/* ---- opening ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct config_type *)a)->name, ((const struct config_type *)b)->name);
}

static void configure(struct sim *s, const struct sim_conf *conf)
{
    struct config *c = &s->config;
    assert(conf->n_types <= sizeof s->types / sizeof *s->types);
    memcpy(s->types, conf->types, conf->n_types * sizeof *conf->types);
    *c = (struct config){.data_dir = s->dir, .dir = s->dir, .store = "mem:", .types = s->types, .n_types = conf->n_types};
    c->defaults.retain = RETAIN_EVERYTHING;
    c->notices.retain_ms = -1;
    c->queues = (struct config_queue *)(uintptr_t)conf->queues; /* nobody writes through these */
    c->workers = (struct worker_pool_conf *)(uintptr_t)conf->pools;
    c->resources = conf->resources;
    c->n_queues = conf->n_queues;
    c->n_workers = conf->n_pools;
    for (size_t i = 0; i < c->n_types; i++) {
        c->types[i].rules.retain = conf->retain ? *conf->retain : RETAIN_EVERYTHING;
        if (!c->types[i].queue) c->types[i].queue = conf->queues[0].name;
        c->types[i].pull.name = c->types[i].name;
        if (!c->types[i].worker && !c->types[i].pull.said) c->types[i].exec = (struct exec_conf){.name = c->types[i].name, .command = sim_exec_command};
        if (!c->types[i].prefix) c->n_exact++;
    }
    qsort(c->types, c->n_exact, sizeof *c->types, by_name);
}

void sim_dir_of(pid_t pid, char dir[SIM_DIR_PATH])
{
    const char *under = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    snprintf(dir, SIM_DIR_PATH, "%.40s/bide-sim-%d", under, (int)pid);
}

/* What a process of the same number left when it was killed is of no use to anybody. */
static void make_dir(struct sim *s)
{
    struct err e;
    sim_dir_of(getpid(), s->dir);
    if (attempt_dir_remove(s->dir, &e) != 0 || mkdir(s->dir, 0700) != 0) abort();
}

static void on_serving(void *user) { ((struct sim *)user)->serving++; }

/* A store and a server of it; what was there before, in the same places, is forgotten. */
static void open_store(struct sim *s)
{
    sim_store_init(&s->store, &s->turn, &s->test_rng.rng);
    sim_store_open(&s->store, s->disk.dir ? sim_disk_open(&s->disk, &s->turn, &s->store.events)
                                          : mem_engine_open(&s->turn, &s->store.events));
    s->store.user = &s->watch;
    s->store.on_answer = sim_watch_answer;
    server_init(&s->server, &(struct server_conf){.turn = &s->turn, .config = &s->config, .user = s,
                                                  .spawner = &s->processes.spawner, .on_serving = on_serving});
    s->store.outer_events = &s->server.events;
}

struct sim *sim_new(const struct sim_conf *conf)
{
    struct sim *s = mem_new(sizeof *s);
    s->clock = (struct clock){wall, mono};
    s->mono_ms = 1000000;
    s->wall_ahead_ms = SIM_START_MS - s->mono_ms;
    if (!getenv("SIM_LOG")) log_level_set((enum log_level)(LOG_LEVEL_ERROR + 1));
    rng_seeded_init(&s->rng, conf->seed);
    rng_seeded_init(&s->test_rng, ~conf->seed);
    turn_init(&s->turn, &s->clock, &s->rng.rng);
    make_dir(s);
    configure(s, conf);
    sim_process_open(&s->processes, &s->turn);
    sim_check_open(&s->check);
    sim_history_open(&s->history, &s->clock, &s->check);
    sim_client_open(&s->client, &s->server, &s->history, conf->types[0].name);
    if (conf->ear) s->ear = (struct sim_ear){.server = &s->server, .client = &s->client, .history = &s->history};
    s->watch = (struct sim_watch){.history = &s->history, .client = &s->client};
    sim_puller_open(&s->pullers, &s->server, &s->history, &s->client, &s->test_rng.rng, &s->processes.started);
    s->processes.user = &s->watch;
    s->processes.on_start = sim_resources_hold;
    s->processes.on_begin = sim_watch_begin;
    s->processes.on_save = sim_watch_save;
    s->processes.on_left = sim_watch_left;
    if (conf->disk) sim_disk_init(&s->disk, s->dir, &s->test_rng.rng);
    for (size_t i = 0; i < conf->n_queues; i++)
        sim_history_add(&s->history, (struct fact){.kind = FACT_LIMIT, .queue = conf->queues[i].name,
                                                   .concurrency = conf->queues[i].concurrency,
                                                   .capacity = conf->queues[i].capacity,
                                                   .keys = conf->queues[i].key_concurrency,
                                                   .fair = conf->queues[i].fair,
                                                   .key_rate = conf->queues[i].key_rate.n,
                                                   .key_burst = conf->queues[i].key_rate.burst,
                                                   .key_per_ms = conf->queues[i].key_rate.per_ms,
                                                   .rate = conf->queues[i].rate.n,
                                                   .burst = conf->queues[i].rate.burst,
                                                   .per_ms = conf->queues[i].rate.per_ms});
    if (!conf->retain) sim_history_add(&s->history, (struct fact){.kind = FACT_KEEPS});
    open_store(s);
    return s;
}

void sim_start(struct sim *s)
{
    if (s->ear.server) sim_ear_listen(&s->ear);
    server_start(&s->server, &s->store.store);
    sim_run(s);
}

struct sim *sim_open(const struct sim_conf *conf)
{
    struct sim *s = sim_new(conf);
    sim_start(s);
    return s;
}

/* ---- a crash ---- */

void sim_cut_soon(struct sim *s, int syncs)
{
    assert(s->disk.dir);
    if (syncs == 0) power_cut();
    else power_cut_at_sync(syncs);
}

void sim_fail_syncs(struct sim *s, int n)
{
    assert(s->disk.dir);
    power_trouble(n);
}

void sim_spare(struct sim *s)
{
    if (!s->disk.dir) return;
    power_cut_at_sync(0);
    power_trouble(0);
}

bool sim_is_cut(const struct sim *s) { return s->disk.dir && power_is_cut(); }

static void wait_again(struct sim *s)
{
    for (size_t i = 0; i < s->client.n; i++) {
        const struct check_task *t = sim_check_task(&s->check, s->client.tasks[i]->number);
        s->client.tasks[i]->accepted = t->accepted;
        if (t->accepted && !t->gone && !state_is_ending(t->state)) sim_client_wait(s->client.tasks[i]);
    }
}

void sim_crash(struct sim *s, int64_t down_ms)
{
    struct sim_rule rules[STORE_OPS];
    memcpy(rules, s->store.rules, sizeof rules);
    int64_t lag_ms = s->store.lag_ms;
    bool away = s->store.away;
    sim_process_forget_all(&s->processes, &s->turn);
    sim_history_add(&s->history, (struct fact){.kind = FACT_CRASHED});
    sim_disk_next(&s->disk);
    sim_client_move(&s->client);
    s->mono_ms += down_ms;
    turn_init(&s->turn, &s->clock, &s->rng.rng);
    s->serving = 0;
    open_store(s);
    s->store.lag_ms = 1; /* what the store tells first waits until the server is there to hear it */
    sim_watch_census(&s->watch, s->store.inner, true);
    wait_again(s);
    memcpy(s->store.rules, rules, sizeof rules);
    s->store.lag_ms = lag_ms;
    s->store.away = away;
    sim_start(s);
    sim_puller_crashed(&s->pullers);
    sim_pass(s, 1);
}

/* ---- closing ---- */

static void on_drained(void *user) { ((struct sim *)user)->drained++; }
static void on_closed(void *user) { ((struct sim *)user)->closed++; }

void sim_drain(struct sim *s)
{
    server_drain(&s->server, on_drained, s);
    sim_run(s);
}

bool sim_close(struct sim *s)
{
    sim_drain(s);
    for (int64_t ms = 0; ms < DRAIN_MS && !s->drained; ms += 1000) sim_pass(s, 1000);
    bool good = s->drained == 1 && sim_process_count(&s->processes) == 0 && s->store.outstanding == 0;
    if (!good)
        fprintf(stderr, "not drained: drained %d, %d processes, %d store requests\n", s->drained,
                sim_process_count(&s->processes), s->store.outstanding);
    if (s->check.broken[0]) fprintf(stderr, "broken: %s\n", s->check.broken);
    if (!good) return false; /* what stands cannot be taken down in order: left to the end of the test */
    sim_client_leave(&s->client);
    sim_puller_leave(&s->pullers);
    if (s->ear.server) sim_ear_leave(&s->ear);
    server_release(&s->server);
    store_close(&s->store.store, on_closed, s);
    sim_run(s);
    good = s->closed == 1 && !s->check.broken[0];
    sim_client_close(&s->client);
    sim_check_close(&s->check);
    sim_history_close(&s->history);
    if (s->disk.dir) sim_disk_close(&s->disk);
    struct err e;
    if (attempt_dir_remove(s->dir, &e) != 0) fprintf(stderr, "left: %s\n", e.text);
    turn_release(&s->turn);
    free(s);
    return good;
}

/* ---- counts ---- */

static int32_t coming_of(const struct lane *l, const struct queue *q) { return l && l->kind->queue == q ? l->claiming + l->waiting : 0; }

int32_t sim_coming(const struct sim *s, const struct queue *q)
{
    int32_t n = 0;
    for (size_t i = 0; i < s->server.dispatch.n_lanes; i++) n += coming_of(s->server.dispatch.lanes[i], q);
    LIST_EACH (l, &s->server.dispatch.strays) n += coming_of(CONTAINER_OF(l, struct lane, link), q);
    return n;
}

/* ---- directories ---- */

bool sim_has_dir(const struct sim *s, const struct id *id, int run, int number)
{
    char path[ATTEMPT_DIR_PATH];
    const struct run *r = server_run(&s->server, id);
    if (r && r->attempt.run == run && r->attempt.number == number) return access(r->place.path, F_OK) == 0;
    attempt_dir_path(path, s->dir, id, run, number);
    return access(path, F_OK) == 0;
}

int sim_dirs(const struct sim *s)
{
    char path[80];
    int n = 0;
    snprintf(path, sizeof path, "%s/attempts", s->dir);
    DIR *d = opendir(path);
    for (const struct dirent *f; d && (f = readdir(d));) n += f->d_name[0] != '.';
    if (d) closedir(d);
    return n;
}
