/* SPDX-License-Identifier: Apache-2.0
 *
 * An address under which whoever has it may read one task, and do nothing else: for browsers, which are given it instead of a
 * token. Nothing is kept of it: behind the task's id is a signature of the id by the store's secret (HMAC-SHA256, RFC 2104, its
 * first 128 bits as section 5 allows), so that it is good as long as the task is there, for every server over that store.
 *
 *   /v1/shared/0199b9d4-...-....59d3c88b2f6d4a17a35f1f9d8a1c7e02/events
 *              └──── id ────┘ └──────── signature ───────────┘
 */
#ifndef API_CAPABILITY_H
#define API_CAPABILITY_H

#include "store/store.h"

#define CAPABILITY_SIGNATURE 16 /* bytes */
#define CAPABILITY_PREFIX "/v1/shared/"
#define CAPABILITY_PATH (sizeof CAPABILITY_PREFIX + ID_TEXT + 2 * CAPABILITY_SIGNATURE) /* NUL included */

/* Into `path`, which is what is returned. */
struct str capability_path(const struct store *s, const struct id *id, char path[CAPABILITY_PATH]);
/* Of the text behind the prefix. False: it is none of this store's. */
bool capability_read(const struct store *s, struct str text, struct id *ret);

#endif
