/* SPDX-License-Identifier: Apache-2.0
 *
 * One row an engine.
 */
#include "server/stores.h"

#include "store/mem/mem_engine.h"
#include "store/sqlite/sqlite_backup.h"
#include "store/sqlite/sqlite_engine.h"

static int unknown(const char *url, struct err *e)
{
    return err_set(e, ERR_CONFIG, "store must be mem: or sqlite:FILE, not %.200s", url);
}

int stores_open(struct store **ret, const char *url, struct loop *l, const struct store_events *events, struct err *e)
{
    struct str s = str_of(url);
    if (str_eq(s, STR("mem:"))) {
        *ret = mem_engine_open(loop_turn(l), events);
        return 0;
    }
    if (!str_starts(s, STR("sqlite:")) || s.len == 7) return unknown(url, e);
    return sqlite_engine_open(ret, &(struct sqlite_engine_conf){.loop = l, .events = events, .path = url + 7}, e);
}

int stores_backup(const char *url, const struct store_backup *b, int64_t *ret_bytes, struct err *e)
{
    struct str s = str_of(url);
    if (str_eq(s, STR("mem:")))
        return err_set(e, ERR_UNSUPPORTED,
                       "the store is mem:, which is in the memory of its server only and cannot be copied");
    if (!str_starts(s, STR("sqlite:")) || s.len == 7) return unknown(url, e);
    return sqlite_backup(url + 7, b, ret_bytes, e);
}
