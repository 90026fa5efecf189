/* SPDX-License-Identifier: Apache-2.0
 *
 * Facts as text and back, by a table of fields.
 */
#include "test/sim/sim_fact.h"

#include <stdlib.h>

static const struct {
    const char *word, *has;
} kinds[] = {
#define FACT(name, word, has) {word, has},
#include "test/sim/sim_fact.def"
#undef FACT
};
static const char *const verdicts[] = {"done", "failed",  "timeout",  "crashed",
                                       "lost", "stopped", "released", "unstarted"};
static const char *const verbs[] = {"cancel", "retry", "patch", "delete", "complete", "fail"};

#define NUMBER(name, member)                                                                                           \
    {                                                                                                                  \
        name, offsetof(struct fact, member)                                                                            \
    }
static const struct {
    const char *name;
    size_t at;
} numbers[] = {NUMBER("run", run),
               NUMBER("attempt", attempt),
               NUMBER("failures", failures),
               NUMBER("deaths", deaths),
               NUMBER("tries", tries),
               NUMBER("fence", fence),
               NUMBER("process", process),
               NUMBER("batch", batch),
               NUMBER("rank", rank),
               NUMBER("due", due_ms),
               NUMBER("start_by", start_by_ms),
               NUMBER("timeout", timeout_ms),
               NUMBER("grace", grace_ms),
               NUMBER("concurrency", concurrency),
               NUMBER("capacity", capacity),
               NUMBER("rate", rate),
               NUMBER("since", since_ms),
               NUMBER("burst", burst),
               NUMBER("per", per_ms),
               NUMBER("key", key),
               NUMBER("keys", keys),
               NUMBER("key_rate", key_rate),
               NUMBER("key_burst", key_burst),
               NUMBER("key_per", key_per_ms),
               NUMBER("fair", fair),
               NUMBER("once", once),
               NUMBER("cache", cache),
               NUMBER("from", from),
               NUMBER("follows", follows),
               NUMBER("step", step),
               NUMBER("steps", steps),
               NUMBER("bypass", bypass),
               NUMBER("trouble", trouble),
               NUMBER("code", code),
               NUMBER("told", told),
               NUMBER("shared", shared),
               NUMBER("alone", alone),
               NUMBER("leased", leased),
               NUMBER("stops", stops),
               NUMBER("wall", wall_ms),
               NUMBER("priority", priority),
               NUMBER("save", save)};
#define N(array) (sizeof(array) / sizeof *(array))

static bool has(const struct fact *f, char what) { return strchr(kinds[f->kind].has, what) != NULL; }

void fact_print(const struct fact *f, struct buf *to)
{
    static const struct id none;
    buf_add_format(to, "%lld %s", (long long)f->at_ms, kinds[f->kind].word);
    if (f->task) buf_add_format(to, " t%lld", (long long)f->task);
    if (has(f, 'B')) buf_add_format(to, " verb=%s", verbs[f->verb]);
    if (has(f, 'V')) buf_add_format(to, " verdict=%s", verdicts[f->verdict]);
    if (has(f, 'S')) buf_add_format(to, " state=%s", state_word(f->state));
    if (f->queue) buf_add_format(to, " queue=%s", f->queue);
    if (f->type) buf_add_format(to, " type=%s", f->type);
    if (f->batch_key) buf_add_format(to, " batch_key=%s", f->batch_key);
    for (size_t i = 0; i < N(numbers); i++) {
        int64_t value;
        memcpy(&value, (const char *)f + numbers[i].at, sizeof value);
        if (value) buf_add_format(to, " %s=%lld", numbers[i].name, (long long)value);
    }
    if (id_cmp(&f->id, &none) != 0) {
        char id[ID_TEXT];
        id_format(&f->id, id);
        buf_add_format(to, " id=%s", id);
    }
    if (f->what) buf_add_format(to, " %s", f->what);
    buf_add_char(to, '\n');
}

/* ---- and back ---- */

static int find(const char *const *words, size_t n, struct str word)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(word, str_of(words[i]))) return (int)i;
    return -1;
}

static int number(struct str text, int64_t *ret)
{
    char digits[32], *end;
    if (text.len == 0 || text.len >= sizeof digits) return ERR_INVALID;
    str_copy(digits, sizeof digits, text);
    *ret = strtoll(digits, &end, 10);
    return *end ? ERR_INVALID : 0;
}

/* A word of an enum, as the number it stands for. */
static int of_enum(struct fact *f, struct str name, struct str value)
{
    int found = -1;
    if (str_eq(name, STR("state"))) f->state = (enum task_state)(found = state_of(value));
    else if (str_eq(name, STR("verb"))) f->verb = (enum store_verb)(found = find(verbs, N(verbs), value));
    else if (str_eq(name, STR("verdict"))) f->verdict = (enum life_event)(found = find(verdicts, N(verdicts), value));
    return found < 0 ? ERR_INVALID : 0;
}

static int field(struct fact *f, struct str name, struct str value, struct arena *a)
{
    if (str_eq(name, STR("id"))) return id_parse(&f->id, value);
    for (size_t i = 0; i < N(numbers); i++) {
        int64_t n;
        if (!str_eq(name, str_of(numbers[i].name))) continue;
        if (number(value, &n)) return ERR_INVALID;
        memcpy((char *)f + numbers[i].at, &n, sizeof n);
        return 0;
    }
    const char **text = str_eq(name, STR("queue"))       ? &f->queue
                        : str_eq(name, STR("type"))      ? &f->type
                        : str_eq(name, STR("batch_key")) ? &f->batch_key
                                                         : NULL;
    if (!text) return of_enum(f, name, value);
    *text = arena_text(a, value);
    return 0;
}

int fact_parse(struct fact *ret, struct str line, struct arena *a)
{
    struct fact f = {0};
    if (number(str_cut(&line, ' '), &f.at_ms)) return ERR_INVALID;
    struct str word = str_cut(&line, ' ');
    while (f.kind < FACT_KINDS && !str_eq(word, str_of(kinds[f.kind].word))) f.kind++;
    if (f.kind == FACT_KINDS) return ERR_INVALID;
    if (f.kind == FACT_NOTE) f.what = arena_text(a, line), line.len = 0;
    while (line.len) {
        struct str value = str_cut(&line, ' '), name = value;
        int err;
        if (value.len > 1 && value.p[0] == 't' && value.p[1] >= '0' && value.p[1] <= '9')
            err = number((struct str){value.p + 1, value.len - 1}, &f.task);
        else name = str_cut(&value, '='), err = field(&f, name, value, a);
        if (err) return ERR_INVALID;
    }
    *ret = f;
    return 0;
}
