/* SPDX-License-Identifier: Apache-2.0
 *
 * Power that can be lost: a VFS of SQLite in front of the real one that keeps, for every file, what was synced and what
 * was only written since. When the power is cut, all that was not synced is dropped, kept, or kept in part, torn at
 * sectors of 512 bytes or at any byte, as the seed says or power_set_way; from then on every write and sync fails. The
 * files as they would be found after that are written out by power_restore.
 *
 * Shared memory goes straight to the real VFS: it does not outlive a machine that stops.
 */
#ifndef TEST_CONTRACT_POWER_H
#define TEST_CONTRACT_POWER_H

#include <stdbool.h>
#include <stdint.h>

enum power_way { /* of what was not synced */
    POWER_DROPPED,
    POWER_KEPT,
    POWER_HALF,     /* each sector with that chance, whatever was written after it: torn and out of order */
    POWER_MOST,
    POWER_LITTLE,   /* to here power_on chooses by its seed: seed % 5 */
    POWER_IN_ORDER, /* of each file up to some byte */
    POWER_LATEST,   /* of each file from some byte on */
    POWER_GARBAGE,  /* each sector is kept, lost, or filled with anything */
    POWER_WAYS
};

void power_on(uint64_t seed);        /* becomes the default VFS; what a file has when it is first opened is safe */
void power_set_way(enum power_way way); /* instead of what the seed says, until power_on */
void power_off(void);                /* the real one is the default again; forgets all */
void power_cut(void);                /* now; nothing when it is cut already */
void power_cut_at_sync(int number);  /* in the middle of the sync of that number from now on; 0: never */
bool power_is_cut(void);
const char *power_cut_in(void);      /* the file whose sync was cut: "" the database, "-wal", "-journal"; NULL: none was */
int power_syncs(void);               /* since power_on */
void power_trouble(int syncs);       /* so many of the next syncs fail; what was written stays written and is not safe */
/* The image of `from` and of its log and journal, written beside each other as `to`. The power must be cut. */
void power_restore(const char *from, const char *to);

#endif
