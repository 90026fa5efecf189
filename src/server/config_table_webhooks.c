/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows of `webhooks`, and of `webhook` of a type.
 */
#include "base/limits.h"
#include "server/config_row.h"

static const struct config_key webhooks_keys[] = {
    {"secrets", KIND_WORDS, FIELD(config_webhooks, secrets), .secret = true,
     .help = "what signs: whsec_... or, better, file:PATH or credential:NAME, with a name of its own before it as in `app=file:PATH`; without one it is `default`. Two of one name sign both, so that one can take over from the other. The first named one signs where nothing else is said; without any, nothing is signed"},
    {"allow_private", KIND_WORDS, FIELD(config_webhooks, allow_private),
     .help = "addresses and networks, like 10.1.0.0/16, that URLs of clients may lead to though they are loopback, private, link-local or reserved"},
    {"concurrency", KIND_INT, FIELD(config_webhooks, concurrency), .initial = "256", .min = 1, .max = LIMIT_CALLS, .unit = "requests",
     .help = "deliveries under way at one time"},
    {"host_concurrency", KIND_INT, FIELD(config_webhooks, host_concurrency), .initial = "4", .min = 1, .max = LIMIT_CALLS, .unit = "requests",
     .help = "the same to one host and port, so that one that does not answer delays no other"},
    {"timeout", KIND_DURATION, FIELD(config_webhooks, timeout_ms), .initial = "15s", .min = 1, .max = 10 * 60 * 1000,
     .help = "longest time of one try"},
    {"retain", KIND_DURATION, FIELD(config_webhooks, retain_ms), .initial = "7d", .max = LIMIT_DELAY_MS,
     .help = "how long a delivery is kept in the log after its end"},
};
const struct config_section config_table_webhooks = {"webhooks", KEYS(config_webhooks, webhooks_keys)};

static const struct config_key webhook_keys[] = {
    {"url", KIND_TEXT, FIELD(config_webhook, url), .required = true, .help = "who is told: http or https; it may lead anywhere"},
    {"events", KIND_WORDS, FIELD(config_webhook, events), .initial = "completed, failed, cancelled, expired",
     .help = "of which endings"},
    {"secret_id", KIND_TEXT, FIELD(config_webhook, secret_id), .help = "the name of the secret that signs; the first of `webhooks.secrets` unless said"},
};
const struct config_section config_table_webhook = {"webhook", KEYS(config_webhook, webhook_keys)};
