/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine `sqlite` on a disk that can lose its power (test/contract/power.h), in the turn of a simulation. After a cut
 * the next engine opens what was left of the file, under a new name, as the same disk would have it.
 */
#ifndef SIM_SIM_DISK_H
#define SIM_SIM_DISK_H

#include "store/store.h"

struct sim_disk {
    const char *dir;     /* borrowed */
    struct rng *rng;     /* borrowed: what survives a cut is chance */
    struct loop *loop;   /* owned; never runs, the engine takes its turn from it */
    char path[96];
    int opened;          /* engines so far */
};

void sim_disk_init(struct sim_disk *d, const char *dir, struct rng *rng); /* the power is on */
struct store *sim_disk_open(struct sim_disk *d, struct turn *turn, const struct store_events *events);
void sim_disk_next(struct sim_disk *d);  /* cuts the power, if it is not; what was left is there under the next name */
void sim_disk_close(struct sim_disk *d); /* the engine is closed */

#endif
