/* SPDX-License-Identifier: Apache-2.0
 *
 * The key of the hash that finds duplicate keys in large JSON objects, so that nobody who writes inputs can choose keys
 * that collide. Set when the library is loaded: before there are threads, and once.
 */
#include "base/map.h"

#include <sys/random.h>

static void __attribute__((constructor)) seed(void)
{
    uint64_t key[2];
    if (getrandom(key, sizeof key, GRND_NONBLOCK) == (ssize_t)sizeof key) map_seed(key[0], key[1]);
}
