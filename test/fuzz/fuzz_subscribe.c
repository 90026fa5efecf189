/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target: any bytes as a message of a client of /v1/ws. What is taken has a name of its length, one task or a filter and never
 * both, and kinds that there are; what is not has a reason (whose last character a bound may cut, which the writer mends). Read again
 * it is the same.
 */
#include "api/ws_message.h"
#include "server/bus.h"
#include "test/fuzz/fuzz.h"

static int read_once(struct str text, struct ws_message *m, struct arena *a, struct err *e)
{
    struct json j;
    json_init(&j);
    int err = ws_message_read(&j, a, text, m, e);
    json_release(&j);
    return err;
}

static void check_taken(const struct ws_message *m)
{
    must(m->op == WS_PING || (m->id.len >= 1 && m->id.len <= LIMIT_WS_SUBSCRIPTION_ID));
    must(m->op == WS_SUBSCRIBE || (!m->one && !m->filter.said && !m->kinds && !m->last.p));
    must(!m->one || (!m->filter.said && !m->kinds));
    must((m->kinds & ~BUS_ALL) == 0);
    must(m->filter.store.n_tags <= STORE_TAGS && m->filter.before_ms == 0);
    must(fuzz_is_utf8(m->last.p ? m->last : STR("")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct arena a = {0};
    struct err e = {0}, again = {0};
    struct ws_message m, same;
    int err = read_once(text, &m, &a, &e);
    must(err == e.code && (err == 0) == (e.text[0] == 0));
    must(!m.id.p || (m.id.len <= LIMIT_WS_SUBSCRIPTION_ID && fuzz_is_utf8(m.id)));
    if (!err) check_taken(&m);
    must(read_once(text, &same, &a, &again) == err && strcmp(e.text, again.text) == 0);
    must(err || (same.op == m.op && same.one == m.one && same.kinds == m.kinds && str_eq(same.id, m.id)));
    arena_release(&a);
    return 0;
}
