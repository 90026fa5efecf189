/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target: any bytes on a worker's fd 4, read whole and in pieces: the same frames, the same complaints, the same
 * verdicts. What is taken from a frame is text, within the limits, and can be written as JSON; a verdict made from it
 * is, too. In an input that begins with 0xFE, every such byte stands for 400 KiB of blanks: lines come near LIMIT_FRAME.
 */
#include "base/json_write.h"
#include "handler/lines.h"
#include "handler/verdict.h"
#include "test/fuzz/fuzz.h"

#define BLANKS (400 * 1024)

struct reading {
    uint64_t hash; /* of all that was read */
    int frames, complaints;
};

static void mix_text(struct reading *x, struct str s)
{
    must(fuzz_is_utf8(s));
    fuzz_mix(&x->hash, s);
}

static void check_verdict(struct reading *x, struct frame_parser *p, const struct frame *f)
{
    struct verdict v = {0};
    struct buf b;
    verdict_fail(&v, &p->arena, f);
    must(v.event == LIFE_FAILED);
    must(v.failure.code.len && v.failure.code.len <= LIMIT_NAME && v.failure.type.len <= LIMIT_NAME);
    must(v.failure.message.len <= LIMIT_MESSAGE && v.failure.detail.len <= LIMIT_DETAIL);
    must(v.retry_after_ms >= 0 && v.retry_after_ms <= LIMIT_DELAY_MS);
    buf_init(&b, 1 << 20);
    json_write_open(&b, '{');
    json_write_member_str(&b, "code", v.failure.code);
    json_write_member_str(&b, "message", v.failure.message);
    json_write_member_str(&b, "detail", v.failure.detail);
    json_write_member_str(&b, "type", v.failure.type);
    json_write_close(&b, '}');
    fuzz_must_be_json(buf_str(&b), JSON_OBJECT);
    mix_text(x, buf_str(&b));
    buf_release(&b);
}

static void check_result(struct str result)
{
    struct json j;
    struct err e;
    json_init(&j);
    j.root_only = true;
    must(result.len == 0 || json_parse(&j, result, &e) == 0);
    json_release(&j);
}

static void mix_frame(struct reading *x, struct frame_parser *p, const struct frame *f)
{
    fuzz_mix_int(&x->hash, (int64_t)f->op);
    fuzz_mix_int(&x->hash, (int64_t)f->fence);
    must(f->has_fence || f->fence == 0);
    must(f->n_files <= LIMIT_FILES);
    must(f->progress.percent == -1 || (f->progress.percent >= 0 && f->progress.percent <= 100) || f->op != FRAME_PROGRESS);
    must(f->progress.message.len <= LIMIT_MESSAGE && f->progress.data.len <= LIMIT_PROGRESS_DATA);
    if (f->progress.data.len) fuzz_must_be_json(f->progress.data, JSON_OBJECT);
    check_result(f->result);
    check_result(f->data);
    must(f->op == FRAME_SAVE || f->data.len == 0);
    mix_text(x, f->id);
    mix_text(x, f->progress.message);
    mix_text(x, f->level);
    mix_text(x, f->text);
    mix_text(x, f->result);
    mix_text(x, f->data);
    mix_text(x, f->result_file);
    for (size_t i = 0; i < f->n_files; i++) mix_text(x, f->files[i]);
    if (f->op == FRAME_FAIL) check_verdict(x, p, f);
    x->frames++;
}

static void read_line(struct reading *x, struct frame_parser *p, struct str line)
{
    struct frame f;
    struct err e = {0};
    int rc = frame_parse(p, line, &f, &e);
    fuzz_mix_int(&x->hash, rc);
    if (rc == 0) {
        mix_frame(x, p, &f);
        return;
    }
    must(e.code == rc && e.text[0]);
    struct str complaint = frame_complaint(p, line, rc, &e);
    must(complaint.len < 2000 && str_starts(complaint, STR("not ")));
    mix_text(x, complaint);
    x->complaints++;
}

/* As worker_read.c does: a line that is too long is the end. */
static struct reading read_all(struct str bytes, uint64_t chance)
{
    struct reading x = {0};
    struct frame_parser p;
    struct lines l;
    bool over = false;
    frame_parser_init(&p);
    lines_init(&l);
    while (bytes.len && !over) {
        struct str piece = fuzz_cut(&bytes, &chance), line;
        int rc;
        while ((rc = lines_next(&l, &piece, &line)) == 1) {
            must(line.len <= LIMIT_FRAME && str_find(line, '\n') == line.len);
            read_line(&x, &p, line);
        }
        over = rc < 0;
        if (over) must(rc == ERR_TOO_BIG);
        else must(piece.len == 0);
    }
    fuzz_mix_int(&x.hash, over);
    lines_release(&l);
    frame_parser_release(&p);
    return x;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf b;
    buf_init(&b, 8 << 20);
    fuzz_blanks(&b, (struct str){(const char *)data, size}, BLANKS);
    struct str bytes = b.p ? buf_str(&b) : STR("");
    struct reading whole = read_all(bytes, 0), pieces = read_all(bytes, fuzz_chance(bytes));
    must(whole.frames == pieces.frames);
    must(whole.complaints == pieces.complaints);
    must(whole.hash == pieces.hash);
    buf_release(&b);
    return 0;
}
