/* SPDX-License-Identifier: Apache-2.0
 *
 * See config_amounts.h.
 */
#include "server/config_amounts.h"
#include "base/json_write.h"
#include "base/text.h"
#include "server/config_yaml.h"

static size_t count(const struct ration_amount *amounts)
{
    size_t n = 0;
    while (amounts[n].name) n++;
    return n;
}

static const struct ration_amount *find(const struct ration_amount *of, struct str name)
{
    for (; of->name; of++)
        if (str_eq(str_of(of->name), name)) return of;
    return NULL;
}

/* ---- reading ---- */

struct place { /* where problems are told */
    const struct config_key *key;
    struct config_errors *errors;
    struct config_mark name, value;
};

static bool read_amount(const struct place *p, struct fy_node *node, struct ration_amount *ret)
{
    struct str text = STR_NONE;
    bool is_text = config_yaml_text(node, &text);
    ret->is_size = is_text && text_int(&ret->amount, text) != 0;
    if (is_text && (!ret->is_size || text_size(&ret->amount, text, NULL) == 0) && ret->amount >= 1) return true;
    config_errors_add(p->errors, p->value, "\"%s\": \"%s\": expected a size like 6G, or a whole number from 1; found %s%.*s%s",
                      p->key->key, ret->name, is_text ? "\"" : config_yaml_kind(node), (int)(text.len < 80 ? text.len : 80),
                      is_text ? text.p : "", is_text ? "\"" : "");
    ret->amount = 0;
    return false;
}

static bool check_name(const struct place *p, struct str name, const struct ration_amount *of)
{
    const char *names[LIMIT_RESOURCES + 1] = {NULL};
    if (!text_is_name(name)) {
        config_errors_add(p->errors, p->name, "a name in \"%s\" has 1 to %d characters of A-Z a-z 0-9 . _ - : /", p->key->key,
                          LIMIT_NAME);
        return false;
    }
    if (!of || find(of, name)) return true;
    for (size_t i = 0; i < LIMIT_RESOURCES && of[i].name; i++) names[i] = of[i].name;
    const char *near = text_nearest(name, names);
    config_errors_add(p->errors, p->name, "\"%s\": no resource \"%.*s\" is declared in \"resources\"%s%s%s", p->key->key,
                      (int)(name.len < 80 ? name.len : 80), name.p, near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
    return false;
}

/* What is needed of what is there; 0: how much that is could not be read, which was told. */
static void check_within(const struct place *p, const struct ration_amount *need, const struct ration_amount *whole)
{
    struct buf wanted, there;
    if (whole->amount == 0) return;
    buf_init(&wanted, 64);
    buf_init(&there, 64);
    ration_add_text(&wanted, need, need->amount);
    ration_add_text(&there, whole, whole->amount);
    if (need->is_size != whole->is_size)
        config_errors_add(p->errors, p->value, "\"%s\": \"%s\" is %s in \"resources\" (%s): %s is %s", p->key->key, need->name,
                          whole->is_size ? "a size" : "a number", there.p, wanted.p, need->is_size ? "a size" : "a number without a unit");
    else if (need->amount > whole->amount)
        config_errors_add(p->errors, p->value, "\"%s\": %s of \"%s\" is more than there is: \"resources\" has %s", p->key->key, wanted.p,
                          need->name, there.p);
    buf_release(&wanted);
    buf_release(&there);
}

const struct ration_amount *config_amounts_read(struct arena *a, const struct config_key *k, struct fy_node *map,
                                                const struct ration_amount *of, struct config_mark at,
                                                struct config_errors *errors)
{
    size_t n = 0, most = (size_t)fy_node_mapping_item_count(map);
    void *place = NULL;
    struct ration_amount *all = arena_alloc(a, (most + 1) * sizeof *all);
    for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(map, &place));) {
        struct place p = {k, errors, config_yaml_mark(fy_node_pair_key(pair), at), {0, 0}};
        struct str name = STR_NONE;
        p.value = config_yaml_mark(fy_node_pair_value(pair), p.name);
        if (!config_yaml_text(fy_node_pair_key(pair), &name)) name = STR_NONE;
        if (!check_name(&p, name, of)) continue;
        all[n] = (struct ration_amount){.name = arena_text(a, name)};
        if (read_amount(&p, fy_node_pair_value(pair), &all[n]) && of) check_within(&p, &all[n], find(of, name));
        n++;
    }
    all[n] = (struct ration_amount){0};
    if (!of && n > LIMIT_RESOURCES) config_errors_add(errors, at, "\"%s\": %zu names; at most %d", k->key, n, LIMIT_RESOURCES);
    return all;
}

/* ---- the rest of what is done with a value ---- */

const struct ration_amount *config_amounts_copy(struct arena *a, const struct ration_amount *amounts)
{
    size_t n = count(amounts);
    struct ration_amount *copy = arena_alloc(a, (n + 1) * sizeof *copy);
    memcpy(copy, amounts, (n + 1) * sizeof *copy);
    for (size_t i = 0; i < n; i++) copy[i].name = arena_text(a, str_of(amounts[i].name));
    return copy;
}

bool config_amounts_same(const struct ration_amount *a, const struct ration_amount *b)
{
    if (count(a) != count(b)) return false;
    for (; a->name; a++) {
        const struct ration_amount *other = find(b, str_of(a->name));
        if (!other || other->amount != a->amount || other->is_size != a->is_size) return false;
    }
    return true;
}

void config_amounts_show(struct buf *b, const struct ration_amount *amounts)
{
    json_write_open(b, '{');
    for (; amounts->name; amounts++) {
        json_write_key(b, amounts->name);
        if (!amounts->is_size) {
            json_write_int(b, amounts->amount);
            continue;
        }
        struct buf text;
        buf_init(&text, 64);
        ration_add_text(&text, amounts, amounts->amount);
        json_write_str(b, buf_str(&text));
        buf_release(&text);
    }
    json_write_close(b, '}');
}
