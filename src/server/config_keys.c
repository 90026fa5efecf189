/* SPDX-License-Identifier: Apache-2.0
 *
 * See config_keys.h.
 */
#include "server/config_keys.h"
#include "server/config_steps.h"
#include "base/text.h"

#define TEXT_MOST 4096

static void add_range(struct buf *b, const struct config_key *k)
{
    for (size_t i = 0; k->kind == KIND_CHOICE && k->words[i]; i++)
        buf_add_format(b, "%s%s", i ? ", " : "", k->words[i]);
    if (k->kind == KIND_RATE) buf_add_format(b, "0, 1 to %d, burst 1 to %d", RATE_MOST, RATE_MOST);
    if (k->kind == KIND_INT) buf_add_format(b, "%lld to %lld", (long long)k->min, (long long)k->max);
    if (k->kind != KIND_DURATION) return;
    text_add_duration(b, k->min);
    buf_add_text(b, " to ");
    text_add_duration(b, k->max);
    for (size_t i = 0; k->words && k->words[i]; i++) buf_add_format(b, ", %s", k->words[i]);
}

static const char *initial(const struct config_section *s, const struct config_key *k)
{
    if (k->initial) return k->initial;
    if (k->required) return "required";
    if (s == &config_table_type && config_table_find(&config_table_defaults, str_of(k->key))) return "that of defaults";
    return "";
}

static void tell(const struct config_section *s, const struct config_key *k,
                 void (*f)(void *user, const struct config_row *row), void *user)
{
    struct buf range, meaning;
    buf_init(&range, TEXT_MOST);
    buf_init(&meaning, TEXT_MOST);
    buf_add_text(&range, "");
    add_range(&range, k);
    buf_add_format(&meaning, "%s%s", k->help, k->fixed ? ". Needs a restart" : "");
    f(user, &(struct config_row){.section = *s->name ? s->name : "bide.yaml",
                                 .key = k->key,
                                 .type = config_table_kind_word(k->kind),
                                 .unit = k->kind == KIND_DURATION ? "ms s m h d w"
                                         : k->kind == KIND_SIZE   ? "B K M G T"
                                         : k->kind == KIND_RATE   ? "/s /m /h /d"
                                         : k->unit                ? k->unit
                                                                  : "",
                                 .range = range.p ? range.p : "",
                                 .initial = initial(s, k),
                                 .meaning = meaning.p});
    buf_release(&meaning);
    buf_release(&range);
}

void config_keys_each(void (*f)(void *user, const struct config_row *row), void *user)
{
    static const struct config_section *const sections[] = {
        &config_table_top,    &config_table_defaults, &config_table_retry, &config_table_queue,
        &config_table_worker, &config_table_batch,    &config_table_warmup, &config_table_limits,
        &config_table_type,   &config_table_poll,     &config_table_pull,   &config_table_retain,
        &config_steps_table,   &config_table_route,
        &config_table_http,   &config_table_http_stream, &config_table_http_poll, &config_table_http_callback,
        &config_table_files,
        &config_table_notices, &config_table_webhooks, &config_table_webhook, &config_table_callback,
    };
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        for (size_t j = 0; j < sections[i]->n; j++) tell(sections[i], &sections[i]->keys[j], f, user);
}
