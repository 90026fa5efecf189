/* SPDX-License-Identifier: Apache-2.0
 *
 * /proc/PID/statm: sizes in pages; the second number is what is resident (proc(5)).
 */
#include "handler/rss.h"
#include "base/str.h"
#include "base/text.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int64_t rss_of(int pid)
{
    char path[32], text[128];
    if (pid <= 0) return 0;
    snprintf(path, sizeof path, "/proc/%d/statm", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t n = read(fd, text, sizeof text);
    close(fd);
    if (n <= 0) return 0;
    int64_t pages;
    struct str rest = {text, (size_t)n};
    str_cut(&rest, ' ');
    return text_int(&pages, str_cut(&rest, ' ')) == 0 ? pages * sysconf(_SC_PAGESIZE) : 0;
}
