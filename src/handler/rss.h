/* SPDX-License-Identifier: Apache-2.0
 *
 * Resident memory of a process, asked for when somebody looks at the workers; one small read of procfs, which does
 * not block. Nothing decides by it.
 */
#ifndef HANDLER_RSS_H
#define HANDLER_RSS_H

#include <stdint.h>

int64_t rss_of(int pid); /* bytes; 0: unknown, or pid is 0 */

#endif
