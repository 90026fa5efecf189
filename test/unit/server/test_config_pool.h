/* SPDX-License-Identifier: Apache-2.0
 *
 * A pool `w` with some keys, read from a file: what comes of them, or what is said of them and where.
 */
#ifndef TEST_CONFIG_POOL_H
#define TEST_CONFIG_POOL_H

#include "server/config.h"
#include "test_config_dir.h"

static struct config c;
static struct config_errors errors;

/* `rest` stands behind the pool. */
static inline int pool_read(const char *keys, const char *rest)
{
    char yaml[1024];
    snprintf(yaml, sizeof yaml, "workers:\n  w:\n    command: [w]\n    %s\n%s", keys, rest);
    config_release(&c);
    return config_load(&c, config_dir_write("bide.yaml", yaml), NULL, &errors);
}

static inline const struct worker_pool_conf *pool_with(const char *keys, const char *rest)
{
    CHECK_INT(pool_read(keys, rest), 0);
    return config_worker_find(&c, STR("w"));
}

/* The keys stand on line 4, from column 5. */
static inline void pool_refused(const char *keys, const char *rest, int column, const char *text)
{
    CHECK_INT(pool_read(keys, rest), ERR_CONFIG);
    CHECK_INT(errors.n, 1);
    CHECK_STR(str_of(errors.items[0].text), text);
    CHECK_INT(errors.items[0].mark.line, 4);
    CHECK_INT(errors.items[0].mark.column, column);
}

#endif
