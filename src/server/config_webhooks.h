/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is told of endings, and how: `webhooks`, and `webhook` of types. What the rows cannot say: secrets are read from where they
 * are kept, URLs and networks are understood.
 */
#ifndef SERVER_CONFIG_WEBHOOKS_H
#define SERVER_CONFIG_WEBHOOKS_H

#include "base/err.h"
#include "base/str.h"
#include "handler/webhook.h"

struct config;
struct config_errors;

struct config_webhooks {
    const char *const *secrets;       /* [ID=]whsec_..., [ID=]file:PATH, [ID=]credential:NAME */
    const char *const *allow_private; /* addresses and networks */
    int32_t concurrency, host_concurrency;
    int64_t timeout_ms, retain_ms;
    struct webhook_conf conf;         /* what the first two come to */
};

struct config_webhook { /* of a type */
    const char *url;    /* NULL: none */
    const char *const *events;
    const char *secret_id;
};

void config_webhooks_read(struct config *c, struct config_errors *errors); /* after the file was read */

/* http or https, a host, no user in it. */
#define CONFIG_WEBHOOK_URL 2000
int config_webhooks_url(struct str url, struct str *ret_host, struct err *e) MUST_USE; /* host: with its port, for limits */
int config_webhooks_event_of(struct str word); /* "completed", "task.completed": an enum task_state that is an ending; -1 */
/* The secret that signs: as asked, or the first; p NULL: there is none at all, nothing is signed. ERR_INVALID: no such one. */
int config_webhooks_secret(const struct config_webhooks *w, struct str asked, struct str *ret, struct err *e) MUST_USE;

#endif
