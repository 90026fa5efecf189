/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as bide.yaml: a config or problems with places, never a crash.
 */
#include "server/config.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/bide-fuzz-XXXXXX";

static void leave(void) { unlink(path); }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config c;
    struct config_errors errors;
    static int fd = -1;
    if (fd < 0) {
        fd = mkstemp(path);
        atexit(leave);
    }
    if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size) abort();
    int err = config_load(&c, path, NULL, &errors);
    if ((err == 0) != (errors.n == 0)) abort();
    for (size_t i = 0; i < errors.n; i++)
        if (errors.items[i].mark.line < 1 || errors.items[i].mark.column < 1 || !errors.items[i].text[0]) abort();
    if (err == 0) config_type_find(&c, (struct str){(const char *)data, size});
    config_release(&c);
    return 0;
}
