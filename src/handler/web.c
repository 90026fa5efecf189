/* SPDX-License-Identifier: Apache-2.0
 *
 * The handler `http`: each attempt is a request to somebody else's server, `concurrency` of them at a time.
 */
#include "handler/web.h"
#include "base/mem.h"
#include "handler/single.h"
#include "handler/web_run.h"
#include <stdlib.h>

struct web {
    struct single single;
    struct fetcher *fetcher;
    struct web_desk *desk;
    const struct web_conf *conf;
};

static int begin(struct single *s, struct attempt *a, struct single_item **ret, struct err *e)
{
    struct web *w = CONTAINER_OF(s, struct web, single);
    (void)e; /* one that cannot be sent is a verdict */
    *ret = web_run_start(a, w->conf, s->handler.turn, w->fetcher, w->desk);
    return 0;
}

static void free_web(struct single *s) { free(CONTAINER_OF(s, struct web, single)); }

static const struct single_kind kind = {"request", "requests", begin, free_web};

int web_new(struct handler **ret, struct turn *turn, struct fetcher *fetcher, struct web_desk *desk, const struct web_conf *conf)
{
    struct web *w = mem_new(sizeof *w);
    single_init(&w->single, &kind, turn, conf->name, conf->concurrency);
    w->fetcher = fetcher;
    w->desk = desk;
    w->conf = conf;
    *ret = &w->single.handler;
    return 0;
}
