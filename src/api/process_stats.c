/* SPDX-License-Identifier: Apache-2.0
 *
 * Read anew at each question; a scrape every few seconds does not ask for more.
 */
#include "api/process_stats.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

static void read_memory(struct process_stats *s)
{
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f) return;
    char line[128] = "", *resident = line; /* "size resident ...", in pages */
    if (fgets(line, sizeof line, f)) s->virtual = strtoll(line, &resident, 10) * sysconf(_SC_PAGESIZE);
    s->rss = strtoll(resident, NULL, 10) * sysconf(_SC_PAGESIZE);
    fclose(f);
}

static void read_descriptors(struct process_stats *s)
{
    struct rlimit most;
    DIR *d = opendir("/proc/self/fd");
    if (getrlimit(RLIMIT_NOFILE, &most) == 0) s->descriptors_most = (int64_t)most.rlim_cur;
    if (!d) return;
    int64_t n = 0;
    while (readdir(d)) n++;
    closedir(d);
    s->descriptors = n - 3; /* ".", ".." and the directory's own */
}

static double seconds(struct timeval t) { return (double)t.tv_sec + (double)t.tv_usec / 1e6; }

struct process_stats process_stats_read(void)
{
    struct process_stats s = {0};
    struct rusage used;
    read_memory(&s);
    read_descriptors(&s);
    if (getrusage(RUSAGE_SELF, &used) == 0) s.cpu_s = seconds(used.ru_utime) + seconds(used.ru_stime);
    return s;
}
