/* SPDX-License-Identifier: Apache-2.0
 *
 * One file after the other.
 */
#include "test/sim/sim_disk.h"

#include "store/sqlite/sqlite_engine.h"
#include "test/contract/power.h"
#include "test/sim/sim_thread.h"

#include <stdio.h>
#include <stdlib.h>

void sim_disk_init(struct sim_disk *d, const char *dir, struct rng *rng)
{
    *d = (struct sim_disk){.dir = dir, .rng = rng};
    snprintf(d->path, sizeof d->path, "%s/0.db", dir);
    power_on(rng_next(rng));
}

struct store *sim_disk_open(struct sim_disk *d, struct turn *turn, const struct store_events *events)
{
    struct err e;
    struct store *s = NULL;
    if (loop_open(&d->loop, turn, &e)) abort();
    struct sqlite_engine_conf conf = {.loop = d->loop, .events = events, .path = d->path};
    if (sqlite_engine_open(&s, &conf, &e) == 0) return s;
    fprintf(stderr, "what was left of the store does not open: %s\n", e.text);
    abort(); /* the farm tells which seed it was */
}

void sim_disk_next(struct sim_disk *d)
{
    char before[sizeof d->path];
    memcpy(before, d->path, sizeof before);
    power_cut();
    snprintf(d->path, sizeof d->path, "%s/%d.db", d->dir, ++d->opened);
    power_restore(before, d->path);
    power_on(rng_next(d->rng));
}

void sim_disk_close(struct sim_disk *d)
{
    if (!d->loop) return;
    if (d->opened == 0 && sim_threads() != 0) abort(); /* after a cut the old engine's are left behind */
    loop_close(d->loop);
    power_off();
}
