/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder for the configuration tests' files, removed at exit.
 */
#ifndef TEST_CONFIG_DIR_H
#define TEST_CONFIG_DIR_H

#include "test.h"
#include <limits.h>
#include <unistd.h>

static char config_dir[PATH_MAX];
static char config_dir_last[PATH_MAX + 256];

static inline void config_dir_remove(void)
{
    if (config_dir_last[0]) unlink(config_dir_last);
    rmdir(config_dir);
}

static inline void config_dir_make(void)
{
    char template[] = "/tmp/bide-config-XXXXXX";
    if (config_dir[0]) return;
    if (!mkdtemp(template) || !realpath(template, config_dir)) abort();
    atexit(config_dir_remove);
}

/* Path of a name in the folder; good until a few calls later. "" is the folder. */
static inline const char *config_dir_path(const char *name)
{
    static char paths[4][PATH_MAX + 256];
    static unsigned next;
    char *path = paths[next++ % 4];
    config_dir_make();
    snprintf(path, sizeof paths[0], "%s%s%s", config_dir, *name ? "/" : "", name);
    return path;
}

/* Writes the file (replacing the one before) and returns its path. */
static inline const char *config_dir_write_bytes(const char *name, struct str text)
{
    if (config_dir_last[0]) unlink(config_dir_last);
    str_copy(config_dir_last, sizeof config_dir_last, str_of(config_dir_path(name)));
    FILE *f = fopen(config_dir_last, "w");
    if (!f || fwrite(text.p, 1, text.len, f) != text.len || fclose(f) != 0) abort();
    return config_dir_last;
}

static inline const char *config_dir_write(const char *name, const char *text)
{
    return config_dir_write_bytes(name, str_of(text));
}

#endif
