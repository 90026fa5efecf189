/* SPDX-License-Identifier: Apache-2.0
 *
 * KEEPER_IMAGE is the path of the linked program, set by the build.
 */
#include "handler/keeper_image.h"
#include "loop/process.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

__asm__(".section .rodata\n"
        "keeper_image_start: .incbin \"" KEEPER_IMAGE "\"\n"
        "keeper_image_end:\n"
        ".previous\n");
extern const char keeper_image_start[], keeper_image_end[];

static int fill(int fd)
{
    for (const char *at = keeper_image_start; at < keeper_image_end;) {
        ssize_t n = write(fd, at, (size_t)(keeper_image_end - at));
        if (n <= 0) return -1;
        at += n;
    }
    return fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
}

int keeper_image_open(void)
{
    int fd = memfd_create("bide-keeper", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) return -1;
    int high = fill(fd) < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, PROCESS_FDS);
    close(fd);
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", high);
    if (high < 0 || access(path, X_OK) == 0) return high;
    close(high);
    return -1;
}
