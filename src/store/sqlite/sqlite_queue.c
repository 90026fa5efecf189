/* SPDX-License-Identifier: Apache-2.0
 *
 * One row a queue. What was never set holds what stands for "as configured" (paused: -1; rates: NULL).
 */
#include "store/sqlite/sqlite_queue.h"

enum { SQLITE_QUEUE_SET = SQLITE_QUEUE_STATEMENTS };

static void bind_rate(sqlite3_stmt *q, int at, const struct rate *rate, char text[RATE_TEXT])
{
    rate_format(rate, text);
    sqlite_db_bind_text(q, at, rate->n >= 0 ? str_of(text) : STR_NONE);
}

static int rate_of(sqlite3_stmt *s, int at, struct rate *ret)
{
    *ret = (struct rate){.n = -1};
    bool set = sqlite3_column_type(s, at) != SQLITE_NULL;
    return set && rate_parse(ret, sqlite_db_str(s, at)) != 0 ? ERR_STORE : 0;
}

int sqlite_queue_set(struct sqlite_db *d, struct str queue, unsigned parts, const struct store_queue_set *set)
{
    sqlite3_stmt *q = sqlite_db_statement(
        d, SQLITE_QUEUE_SET,
        "INSERT INTO queue(name,paused,draining,concurrency,capacity,key_concurrency,rate,fair,key_rate)"
        " VALUES(?1,iif(?2&1,?3,-1),?4,?5,iif(?2&8,?6,-1),iif(?2&16,?7,-1),iif(?2&32,?8,NULL),iif(?2&64,?9,-1),"
        " iif(?2&128,?10,NULL))"
        " ON CONFLICT(name) DO UPDATE SET paused=iif(?2&1,?3,paused), draining=iif(?2&2,?4,draining),"
        " concurrency=iif(?2&4,?5,concurrency), capacity=iif(?2&8,?6,capacity),"
        " key_concurrency=iif(?2&16,?7,key_concurrency), rate=iif(?2&32,?8,rate),"
        " fair=iif(?2&64,?9,fair), key_rate=iif(?2&128,?10,key_rate)");
    if (!q) return ERR_STORE;
    sqlite_db_bind_text(q, 1, queue);
    sqlite3_bind_int(q, 2, (int)parts);
    sqlite3_bind_int(q, 3, set->paused);
    sqlite3_bind_int(q, 4, parts & STORE_QUEUE_DRAINING && set->draining);
    sqlite3_bind_int(q, 5, parts & STORE_QUEUE_CONCURRENCY ? set->concurrency : 0);
    sqlite3_bind_int64(q, 6, set->capacity);
    sqlite3_bind_int(q, 7, set->key_concurrency);
    char rate[RATE_TEXT], key_rate[RATE_TEXT];
    bind_rate(q, 8, &set->rate, rate);
    sqlite3_bind_int(q, 9, set->fair);
    bind_rate(q, 10, &set->key_rate, key_rate);
    return sqlite_db_run(d, q);
}

int sqlite_queue_row(sqlite3_stmt *s, struct store_queue_set *ret, bool *ret_pause_known)
{
    struct rate rate, key_rate;
    if (rate_of(s, 6, &rate) != 0 || rate_of(s, 8, &key_rate) != 0) return ERR_STORE;
    *ret_pause_known = sqlite3_column_int(s, 1) >= 0;
    *ret = (struct store_queue_set){.paused = sqlite3_column_int(s, 1) > 0,
                                    .draining = sqlite3_column_int(s, 2) != 0,
                                    .concurrency = sqlite3_column_int(s, 3),
                                    .capacity = sqlite3_column_int64(s, 4),
                                    .key_concurrency = sqlite3_column_int(s, 5),
                                    .rate = rate,
                                    .fair = sqlite3_column_int(s, 7),
                                    .key_rate = key_rate};
    return 0;
}
