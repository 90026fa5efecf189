/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target: any bytes as a batch. As NDJSON, whole and in pieces: the same lines, the same verdict on each. As a JSON
 * array: its elements are those that the parser sees. In an input that begins with 0xFE, every such byte stands for 4 MiB
 * of blanks, so that lines come over LIMIT_BATCH_LINE.
 */
#include "api/batch_array.h"
#include "api/batch_lines.h"
#include "api/submission.h"
#include "test/fuzz/fuzz_served.h"

#define BLANKS (4 * 1024 * 1024)
#define PIECE (1024 * 1024) /* more the body does not bring at a time */

struct reading {
    uint64_t hash; /* of all lines and verdicts */
    int lines, good, too_long;
    struct json json;
};

static void take(struct reading *x, struct str line)
{
    struct arena arena;
    struct task_body body;
    struct err e = {0};
    must(line.len > 0 && line.len <= LIMIT_BATCH_LINE && str_find(line, '\n') == line.len);
    arena_init(&arena);
    int rc = json_parse(&x->json, line, &e);
    if (rc == 0) rc = submission_read(&body, &x->json, json_root(&x->json), &sim->server, &arena, &e);
    must(rc == 0 || (e.code == rc && e.text[0]));
    if (rc == 0) fuzz_mix(&x->hash, body.input);
    fuzz_mix(&x->hash, line);
    fuzz_mix_int(&x->hash, rc);
    fuzz_mix(&x->hash, str_of(e.text));
    x->good += rc == 0;
    x->lines++;
    json_trim(&x->json);
    arena_release(&arena);
}

static void take_all(struct reading *x, struct batch_lines *l)
{
    struct str line;
    int rc;
    while ((rc = batch_lines_next(l, &line)) != 0) {
        must(rc == 1 || rc == ERR_TOO_BIG);
        if (rc == 1) take(x, line);
        else x->too_long++;
    }
}

static struct reading read_all(struct str bytes, uint64_t chance)
{
    struct reading x = {0};
    struct batch_lines l;
    json_init(&x.json);
    x.json.closed = STR("input");
    batch_lines_init(&l);
    while (bytes.len) {
        struct str piece = fuzz_cut(&bytes, &chance);
        while (piece.len) {
            struct str some = str_sub(piece, 0, PIECE);
            must(batch_lines_add(&l, some) == 0);
            piece = str_sub(piece, some.len, piece.len);
            take_all(&x, &l);
        }
    }
    batch_lines_end(&l);
    take_all(&x, &l);
    must(batch_lines_size(&l) <= 2 * (LIMIT_BATCH_LINE + PIECE));
    batch_lines_drop(&l);
    must(batch_lines_size(&l) == 0);
    batch_lines_release(&l);
    json_release(&x.json);
    return x;
}

/* Many blanks come in pieces anyway, and to divide them into small ones would take long. */
static void check_lines(struct str bytes)
{
    struct reading whole = read_all(bytes, 0), pieces = whole;
    if (bytes.len < BLANKS) pieces = read_all(bytes, fuzz_chance(bytes));
    must(whole.lines == pieces.lines && whole.good == pieces.good);
    must(whole.too_long == pieces.too_long);
    must(whole.hash == pieces.hash);
    int lines = 0, too_long = 0; /* as one would count them by hand */
    while (bytes.len) {
        struct str line = str_cut(&bytes, '\n');
        bool blank = line.len <= LIMIT_BATCH_LINE;
        for (size_t i = 0; blank && i < line.len; i++) blank = line.p[i] == ' ' || line.p[i] == '\t' || line.p[i] == '\r';
        lines += !blank && line.len <= LIMIT_BATCH_LINE;
        too_long += line.len > LIMIT_BATCH_LINE;
    }
    must(whole.lines == lines && whole.too_long == too_long);
}

static void check_array(struct str text)
{
    struct json j;
    struct arena arena;
    struct str *items;
    size_t n, i = 0;
    json_init(&j);
    arena_init(&arena);
    if (json_parse(&j, text, NULL) == 0 && json_root(&j)->kind == JSON_ARRAY) {
        const struct json_node *all = json_root(&j);
        must(batch_array_split(text, LIMIT_BATCH_ITEMS, &arena, &items, &n) == 0 && n == all->count);
        for (const struct json_node *v = json_first(all); v; v = json_next(all, v), i++)
            must(str_eq(items[i], json_span(&j, v)));
        if (n) must(batch_array_split(text, n - 1, &arena, &items, &n) == ERR_TOO_BIG);
    }
    arena_release(&arena);
    json_release(&j);
}

static void run(struct str text)
{
    struct buf b;
    fuzz_open_sim();
    buf_init(&b, 64 << 20);
    fuzz_blanks(&b, text, BLANKS);
    check_lines(b.p ? buf_str(&b) : text);
    if (b.len == text.len) check_array(text);
    buf_release(&b);
}

FUZZ_CUTS(4);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) { return fuzz_served(run, data, size); }
