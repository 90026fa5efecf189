/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target: any bytes as the query of a list. What is decoded, encoded and decoded again is the same. A list that is
 * accepted shows only what was asked for, newest first; the cursor of a page goes on below its last task, as the address
 * in Link does, and page by page no task comes twice.
 */
#include "http/query.h"
#include "test/fuzz/fuzz_served.h"

#define TASKS 24

/* ---- decoding ---- */

static void encode(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.len; i++) buf_add_format(b, "%%%02x", (unsigned char)s.p[i]);
}

static void check_decoding(struct str raw)
{
    struct arena arena;
    struct query q, again;
    struct err e = {0};
    struct buf b;
    struct str text, same;
    arena_init(&arena);
    buf_init(&b, 1 << 20);
    for (int plus = 0; plus < 2; plus++) {
        if (query_decode(&arena, raw, plus, &text)) continue;
        must(fuzz_is_utf8(text) && strlen(text.p) == text.len && text.len <= raw.len);
        buf_clear(&b);
        encode(&b, text);
        must(query_decode(&arena, b.p ? buf_str(&b) : STR(""), !plus, &same) == 0 && str_eq(text, same));
    }
    if (query_parse(&arena, raw, &q, &e)) {
        must(e.code == ERR_INVALID && e.text[0]);
    } else {
        must(q.n <= 64);
        buf_clear(&b);
        for (size_t i = 0; i < q.n; i++) {
            buf_add_char(&b, '&');
            encode(&b, q.pairs[i].name);
            buf_add_char(&b, '=');
            encode(&b, q.pairs[i].value);
        }
        must(query_parse(&arena, b.p ? buf_str(&b) : STR(""), &again, &e) == 0 && again.n == q.n);
        for (size_t i = 0; i < q.n; i++)
            must(str_eq(q.pairs[i].name, again.pairs[i].name) && str_eq(q.pairs[i].value, again.pairs[i].value));
    }
    buf_release(&b);
    arena_release(&arena);
}

/* ---- asking ---- */

static void populate(void)
{
    struct client c;
    char body[300];
    client_open(&c, &fuzz_rig);
    must(fuzz_ask_status(&c, "POST /v1/queues/slow/pause HTTP/1.1\n", "") == 200);
    for (int i = 0; i < TASKS; i++) {
        snprintf(body, sizeof body, "{\"type\":\"%s\",\"queue\":\"%s\",\"subject\":\"s%d\",\"delay_ms\":%d,\"tags\":{\"k\":\"%d\",\"a b\":\"\xc3\xa9\"}}",
                 i % 3 ? "transcribe" : "convert", i % 2 ? "slow" : "default", i % 4, i % 2 ? 0 : 3600000, i % 5);
        must(fuzz_ask_status(&c, "POST /v1/tasks HTTP/1.1\n", body) == 202);
        sim_pass(sim, 1000);
    }
    client_close(&c);
}

struct page {
    struct json json;
    struct fuzz_answer answer;
    size_t n;
    struct str next; /* p NULL: the last one */
};

static struct str text_of(const struct json *j, const struct json_node *object, const char *name)
{
    const struct json_node *v = json_member(j, object, str_of(name));
    return v && v->kind == JSON_STRING ? json_string(j, v, NULL) : STR_NONE;
}

/* What the query says a member must be: p NULL when it does not say. */
static struct str asked_for(struct arena *a, struct str raw, const char *name)
{
    struct query q;
    struct err e;
    return query_parse(a, raw, &q, &e) ? STR_NONE : query_get(&q, name);
}

static void check_items(struct page *p, struct str raw, char last[ID_TEXT])
{
    static const char *const names[] = {"type", "queue", "status", "subject"};
    struct arena a;
    const struct json_node *items = json_member(&p->json, json_root(&p->json), STR("items"));
    arena_init(&a);
    for (const struct json_node *v = json_first(items); v; v = json_next(items, v), p->n++) {
        struct str id = text_of(&p->json, v, "id");
        must(id.len == ID_TEXT - 1 && (!last[0] || str_cmp(id, str_of(last)) < 0));
        str_copy(last, ID_TEXT, id);
        for (size_t i = 0; i < 4; i++) {
            struct str wanted = asked_for(&a, raw, names[i]);
            if (wanted.p) must(str_eq(text_of(&p->json, v, names[i]), wanted));
        }
    }
    arena_release(&a);
}

/* The page at this target; its answer must be released. */
static struct page ask(struct client *c, struct str target)
{
    struct page p = {0};
    struct buf head;
    buf_init(&head, 1 << 20);
    buf_add_format(&head, "GET %.*s HTTP/1.1\n", STR_ARG(target));
    p.answer = fuzz_ask(c, head.p, STR(""));
    buf_release(&head);
    json_init(&p.json);
    must(json_parse(&p.json, p.answer.body, NULL) == 0);
    p.next = text_of(&p.json, json_root(&p.json), "next_cursor");
    return p;
}

static void check_list(struct str raw)
{
    struct client c;
    struct id id;
    char target[LIMIT_HTTP_TARGET * 2], last[ID_TEXT] = "";
    size_t seen = 0;
    client_open(&c, &fuzz_rig);
    snprintf(target, sizeof target, "/v1/tasks?%.*s", STR_ARG(raw));
    for (int pages = 0; target[0]; pages++) {
        struct page p = ask(&c, str_of(target));
        must(p.answer.status == 200 || (pages == 0 && (p.answer.status == 400 || p.answer.status == 503)));
        target[0] = '\0';
        if (p.answer.status == 200) {
            check_items(&p, raw, last);
            seen += p.n;
            must(seen <= TASKS && pages <= TASKS);
            struct str link = fuzz_header(&p.answer, "Link");
            must((link.p != NULL) == (p.next.p != NULL));
            if (p.next.p) must(id_parse(&id, p.next) == 0 && str_starts(link, STR("<")));
            if (p.next.p && p.n) must(str_eq(p.next, str_of(last)));
            if (p.next.p) str_copy(target, sizeof target, str_sub(link, 1, str_find(link, '>') - 1));
        }
        json_release(&p.json);
        fuzz_answer_release(&p.answer);
    }
    client_close(&c);
}

static void run(struct str raw)
{
    check_decoding(raw);
    for (size_t i = 0; i < raw.len; i++)
        if (raw.p[i] <= ' ' || raw.p[i] > '~' || raw.p[i] == '#') return; /* http/ sees no query in it: fuzz_http */
    if (raw.len > 2000) return;
    if (fuzz_open_rig()) populate();
    check_list(raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { return fuzz_served(run, data, size); }
