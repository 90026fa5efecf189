/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide queue ...`: what there is, and its switches.
 */
#include "base/json_write.h"
#include "base/text.h"
#include "cli/cli_action.h"

const struct cli_option cli_queue_options[] = {
    {"--yes", NULL, "with purge: do it"},
    {0},
};

/* KEY=VALUE as members; a number, true, false and null are themselves, all else is a text. */
static int settings(const struct cli_args *a, struct buf *json)
{
    json_write_open(json, '{');
    for (int i = 2; i < a->n_words; i++) {
        struct str value = str_of(a->words[i]);
        bool has_value = str_find(value, '=') < value.len;
        struct str key = str_cut(&value, '=');
        double number;
        if (!has_value || !key.len)
            return cli_args_wrong(a, "`%s`: KEY=VALUE is expected, as in concurrency=2", a->words[i]);
        json_write_key_str(json, key);
        bool plain = text_double(&number, value) == 0 || str_eq(value, STR("true")) || str_eq(value, STR("false")) ||
                     str_eq(value, STR("null"));
        if (plain) json_write_raw(json, value);
        else json_write_str(json, value);
    }
    json_write_close(json, '}');
    return CLI_OK;
}

const struct cli_action cli_queue_actions[] = {
    {"list", "", "all queues", "GET", "/v1/queues", NULL, NULL, false, NULL, NULL},
    {"show", "NAME", "one queue", "GET", "/v1/queues/{}", NULL, NULL, false, NULL, NULL},
    {"pause", "NAME", "start no more of its tasks; what runs goes on", "POST", "/v1/queues/{}/pause", "paused", NULL,
     false, NULL, NULL},
    {"resume", "NAME", "start its tasks again", "POST", "/v1/queues/{}/resume", "resumed", NULL, false, NULL, NULL},
    {"drain", "NAME", "take no more tasks; those that wait still run", "POST", "/v1/queues/{}/drain", "draining", NULL,
     false, NULL, NULL},
    {"purge", "NAME", "cancels the tasks that wait in it", "POST", "/v1/queues/{}/purge", "purged", NULL, true, NULL, NULL},
    {"set", "NAME KEY=VALUE...", "concurrency=N, capacity=N, key_concurrency=N, rate=10/s, key_rate=10/m, fair=true, ...", "PATCH", "/v1/queues/{}", "set", NULL, false,
     settings, NULL},
    {0},
};

int cli_queue(int argc, char **argv) { return cli_action_run(argc, argv); }
