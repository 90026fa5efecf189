/* SPDX-License-Identifier: Apache-2.0
 *
 * What a copy of a whole store is asked for, whatever the engine. Made by a process of its own, without a loop; a
 * server may be running on the store.
 */
#ifndef STORE_BACKUP_H
#define STORE_BACKUP_H

#include <stdbool.h>
#include <stdint.h>

struct store_backup {
    const char *to; /* a file in a folder that is there */
    bool replace;   /* what is there under that name is replaced, at the very end */
    /* Now and then, with bytes copied (`done` == `total`: it is being checked). false: give up. May be NULL */
    bool (*on_progress)(void *user, int64_t done, int64_t total);
    void *user;
};

#endif
