/* SPDX-License-Identifier: Apache-2.0
 *
 * Apart from mem.c, so that a library that is linked with this is not linked with anything that ends its process.
 */
#include "base/mem.h"
#include <stdlib.h>

static void (*when_there_is_none)(void);

void mem_try_or(void (*give_up)(void)) { when_there_is_none = give_up; }

void *mem_try(void *old, size_t size)
{
    void *p = realloc(old, size);
    if (!p && when_there_is_none) when_there_is_none();
    return p;
}
