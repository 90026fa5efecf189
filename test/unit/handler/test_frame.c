/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames of bide/1 as bytes: splitting into lines, reading what workers say, writing what bide says.
 */
#include "base/limits.h"
#include "handler/frame.h"
#include "task/pieces.h"
#include "handler/lines.h"
#include "test.h"

static struct frame_parser parser;
static struct frame frame;
static struct err err;

static int parse(const char *line)
{
    frame_parser_release(&parser);
    frame_parser_init(&parser);
    err.text[0] = '\0';
    return frame_parse(&parser, str_of(line), &frame, &err);
}

static void done(void)
{
    frame_parser_release(&parser);
    frame_parser_init(&parser);
}

TEST(a_line_comes_out_whole_however_it_was_cut)
{
    const char *text = "one\n\nthree is longer\nhalf";
    for (size_t piece = 1; piece <= strlen(text); piece++) {
        struct lines l;
        lines_init(&l);
        char seen[64] = "";
        size_t len = 0;
        for (size_t at = 0; at < strlen(text); at += piece) {
            struct str line, bytes = str_sub(str_of(text), at, piece);
            while (lines_next(&l, &bytes, &line) == 1)
                len += (size_t)snprintf(seen + len, sizeof seen - len, "%.*s|", (int)line.len, line.p ? line.p : "");
            CHECK_INT(bytes.len, 0);
        }
        CHECK_STR(str_of(seen), "one||three is longer|");
        lines_release(&l);
    }
}

TEST(a_line_at_the_limit_passes_and_one_over_it_does_not)
{
    for (int over = 0; over <= 1; over++) {
        for (int pieces = 1; pieces <= 2; pieces++) {
            struct lines l;
            lines_init(&l);
            size_t len = (size_t)LIMIT_FRAME + (size_t)over;
            char *text = malloc(len + 1);
            memset(text, 'x', len);
            text[len] = '\n';
            struct str line, bytes = {text, len + 1};
            if (pieces == 2) {
                struct str first = str_sub(bytes, 0, 1000);
                CHECK_INT(lines_next(&l, &first, &line), 0);
                bytes = str_sub(bytes, 1000, bytes.len);
            }
            CHECK_INT(lines_next(&l, &bytes, &line), over ? ERR_TOO_BIG : 1);
            if (!over) CHECK_INT(line.len, LIMIT_FRAME);
            free(text);
            lines_release(&l);
        }
    }
}

TEST(a_line_that_never_ends_is_refused_when_it_reaches_the_limit)
{
    struct lines l;
    char piece[4096];
    struct str line;
    int rc = 0;
    memset(piece, 'x', sizeof piece);
    lines_init(&l);
    for (int i = 0; i <= LIMIT_FRAME / 4096 && rc == 0; i++) {
        struct str bytes = {piece, sizeof piece};
        rc = lines_next(&l, &bytes, &line);
    }
    CHECK_INT(rc, ERR_TOO_BIG);
    lines_release(&l);
}

TEST(ready_has_defaults)
{
    CHECK_INT(parse("{\"op\":\"ready\"}"), 0);
    CHECK_INT(frame.op, FRAME_READY);
    CHECK_INT(frame.proto, 1);
    CHECK_INT(frame.max_batch, 1);
    CHECK_INT(frame.concurrency, 1);
    CHECK(!frame.ping);
    CHECK_INT(parse("{\"op\":\"ready\",\"proto\":2,\"max_batch\":8,\"concurrency\":4,\"ping\":true}"), 0);
    CHECK_INT(frame.proto, 2);
    CHECK_INT(frame.max_batch, 8);
    CHECK_INT(frame.concurrency, 4);
    CHECK(frame.ping);
    done();
}

TEST(progress_is_bounded)
{
    CHECK_INT(parse("{\"op\":\"progress\",\"id\":\"t\",\"fence\":\"9f86d081884c7d65\",\"percent\":140.5,"
                    "\"message\":\"a \\u00e9\",\"data\":{\"x\": 1}}"), 0);
    CHECK_INT(frame.op, FRAME_PROGRESS);
    CHECK_STR(frame.id, "t");
    CHECK(frame.has_fence);
    CHECK(frame.fence == 0x9f86d081884c7d65u);
    CHECK(frame.progress.percent == 100);
    CHECK_STR(frame.progress.message, "a \xC3\xA9");
    CHECK_STR(frame.progress.data, "{\"x\": 1}");
    CHECK_INT(parse("{\"op\":\"progress\",\"percent\":\"40\",\"data\":[1]}"), 0);
    CHECK(frame.progress.percent < 0);
    CHECK_INT(frame.progress.data.len, 0);
    CHECK_INT(parse("{\"op\":\"progress\",\"percent\":-3}"), 0);
    CHECK(frame.progress.percent == 0);

    struct buf line;
    buf_init(&line, LIMIT_FRAME);
    buf_add_text(&line, "{\"op\":\"progress\",\"message\":\"x");
    for (int i = 0; i < LIMIT_MESSAGE; i++) buf_add_text(&line, "\xC3\xA9");
    buf_add_text(&line, "\",\"data\":{\"x\":\"");
    for (int i = 0; i < LIMIT_PROGRESS_DATA; i++) buf_add_char(&line, 'x');
    buf_add_text(&line, "\"}}");
    CHECK_INT(parse(line.p), 0);
    CHECK_INT(frame.progress.message.len, LIMIT_MESSAGE - 1); /* one byte and whole characters of two */
    CHECK_INT(frame.progress.data.len, 0);
    buf_release(&line);
    done();
}

TEST(a_done_frame_keeps_the_bytes_of_its_result)
{
    CHECK_INT(parse("{\"op\":\"done\",\"id\":\"t\",\"result\": {\"a\" : 1.0} ,\"files\":[\"a\",7,\"b\\n\"]}"), 0);
    CHECK_INT(frame.op, FRAME_DONE);
    CHECK(!frame.has_fence);
    CHECK_STR(frame.result, "{\"a\" : 1.0}");
    CHECK(frame.has_files);
    CHECK_INT(frame.n_files, 2);
    CHECK_INT(frame.n_files_over, 1);
    CHECK_STR(frame.files[0], "a");
    CHECK_STR(frame.files[1], "b\n");
    CHECK_INT(parse("{\"op\":\"done\",\"result_file\":\"big.json\"}"), 0);
    CHECK_INT(frame.result.len, 0);
    CHECK_STR(frame.result_file, "big.json");
    CHECK(!frame.has_files);
    done();
}

TEST(a_fail_frame_tells_what_was_said_from_what_was_not)
{
    CHECK_INT(parse("{\"op\":\"fail\",\"code\":\"quota\",\"message\":\"m\",\"detail\":\"d\",\"type\":\"ValueError\","
                    "\"retry\":false,\"retry_after_ms\":2500,\"recycle\":true}"), 0);
    CHECK_INT(frame.op, FRAME_FAIL);
    CHECK_STR(frame.code, "quota");
    CHECK_STR(frame.message, "m");
    CHECK_STR(frame.detail, "d");
    CHECK_STR(frame.type, "ValueError");
    CHECK(frame.has_retry && !frame.retry && frame.recycle);
    CHECK_INT(frame.retry_after_ms, 2500);
    CHECK_INT(parse("{\"op\":\"fail\",\"retry\":null,\"retry_after_ms\":-5}"), 0);
    CHECK(!frame.has_retry && !frame.recycle);
    CHECK_INT(frame.retry_after_ms, 0);
    done();
}

TEST(an_unknown_op_is_a_frame_all_the_same)
{
    CHECK_INT(parse("{\"op\":\"dance\",\"id\":\"t\"}"), 0);
    CHECK_INT(frame.op, FRAME_OTHER);
    CHECK_INT(parse("{\"op\":\"dance\",\"id\":\"t\",\"data\":{}}"), 0);
    CHECK_INT(frame.op, FRAME_OTHER);
    done();
}

TEST(a_piece_of_output_has_a_number_or_is_the_next)
{
    CHECK_INT(parse("{\"op\":\"output\",\"id\":\"t\",\"n\":0,\"data\":\"x\\n\"}"), 0);
    CHECK_INT(frame.op, FRAME_OUTPUT);
    CHECK_INT(frame.n, 0);
    CHECK_STR(frame.text, "x\n");
    CHECK_INT(parse("{\"op\":\"output\",\"n\":9007199254740991}"), 0);
    CHECK_INT(frame.n, PIECES_LAST);
    CHECK_INT(frame.text.len, 0);
    static const char *const unsaid[] = {"null", "-1", "\"3\"", "1.5", "9007199254740992", "1e99"};
    for (size_t i = 0; i < sizeof unsaid / sizeof *unsaid; i++) {
        char line[80];
        snprintf(line, sizeof line, "{\"op\":\"output\",\"n\":%s,\"data\":{}}", unsaid[i]);
        CHECK_INT(parse(line), 0);
        CHECK(frame.op == FRAME_OUTPUT && frame.n == -1 && frame.text.len == 0);
    }
    done();
}

TEST(what_is_json_but_no_frame_is_told_from_what_is_no_json)
{
    CHECK_INT(parse("[1]"), ERR_INVALID);
    CHECK_STR(str_of(err.text), "an array, not an object");
    CHECK_INT(parse("{}"), ERR_INVALID);
    CHECK_INT(parse("{\"op\":1}"), ERR_INVALID);
    CHECK_STR(str_of(err.text), "an object without a string \"op\"");
    CHECK_INT(parse("Loading model"), ERR_SYNTAX);
    CHECK_INT(parse(""), ERR_SYNTAX);
    CHECK_INT(parse("{\"op\":\"ready\"} x"), ERR_SYNTAX);
    done();
}

TEST(a_fence_that_is_none_fits_no_attempt)
{
    CHECK_INT(parse("{\"op\":\"cancelled\",\"id\":\"t\",\"fence\":\"9f86\"}"), 0);
    CHECK(frame.has_fence);
    CHECK(frame.fence == 0);
    CHECK_INT(parse("{\"op\":\"cancelled\",\"id\":\"t\",\"fence\":7}"), 0);
    CHECK(frame.has_fence);
    CHECK(frame.fence == 0);
    CHECK_INT(parse("{\"op\":\"cancelled\",\"id\":\"t\",\"fence\":null}"), 0);
    CHECK(!frame.has_fence);
    done();
}

TEST(a_save_frame_keeps_the_bytes_of_its_data_whatever_they_are)
{
    static const char *const any[] = {"{\"at\" : 3}", "[1, 2]", "\"x\\n\"", "7", "false", "null"};
    for (size_t i = 0; i < sizeof any / sizeof *any; i++) {
        char line[96];
        snprintf(line, sizeof line, "{\"op\":\"save\",\"id\":\"t\",\"data\": %s }", any[i]);
        CHECK_INT(parse(line), 0);
        CHECK_INT(frame.op, FRAME_SAVE);
        CHECK_STR(frame.data, any[i]);
    }
    CHECK_INT(parse("{\"op\":\"save\",\"id\":\"t\"}"), 0);
    CHECK_INT(frame.data.len, 0);
    CHECK_INT(parse("{\"op\":\"done\",\"data\":1}"), 0);
    CHECK_INT(frame.data.len, 0);
    done();
}

static struct task_body body;
static struct attempt attempt;

static void make_attempt(const char *input)
{
    struct id id;
    CHECK_INT(id_parse(&id, STR("01a1ffe8-96cd-754e-be93-691a58a8ee38")), 0);
    body = (struct task_body){.id = id, .type = STR("say \"it\""), .timeout_ms = 900000, .input = str_of(input)};
    attempt = (struct attempt){.task = &body, .fence = 0xab, .number = 2, .dir = "/d/t1"};
}

TEST(a_run_frame_is_one_line_with_the_input_as_it_came)
{
    struct buf b;
    buf_init(&b, LIMIT_FRAME);
    make_attempt("{ \"a\":\t1.0,\n  \"b\":\"x\\ny\"\r\n}");
    frame_write_run(&b, (const struct attempt *const[]){&attempt}, 1);
    CHECK_STR(buf_str(&b),
              "{\"op\":\"run\",\"tasks\":[{\"id\":\"01a1ffe8-96cd-754e-be93-691a58a8ee38\",\"fence\":\"00000000000000ab\","
              "\"type\":\"say \\\"it\\\"\",\"attempt\":2,\"timeout_ms\":900000,\"dir\":\"/d/t1\","
              "\"input\":{ \"a\":\t1.0,   \"b\":\"x\\ny\"  },\"resume\":null}]}\n");
    buf_clear(&b);
    make_attempt("");
    frame_write_run(&b, (const struct attempt *const[]){&attempt, &attempt}, 2);
    CHECK(strstr(b.p, "\"input\":{},\"resume\":null},{\"id\""));
    buf_release(&b);
}

TEST(a_large_input_is_named_and_not_sent)
{
    struct buf b;
    char *text = malloc(LIMIT_FRAME_PAYLOAD + 2);
    memset(text, 'x', LIMIT_FRAME_PAYLOAD + 1);
    text[0] = '"';
    for (int over = 0; over <= 1; over++) {
        size_t len = (size_t)LIMIT_FRAME_PAYLOAD + (size_t)over;
        buf_init(&b, LIMIT_FRAME);
        make_attempt("");
        text[len - 1] = '"';
        body.input = (struct str){text, len};
        frame_write_run(&b, (const struct attempt *const[]){&attempt}, 1);
        CHECK_INT(buf_err(&b), 0);
        CHECK_INT(strstr(b.p, "\"input_file\":\"input.json\"") != NULL, over);
        CHECK_INT(strstr(b.p, "\"input\":") != NULL, !over);
        buf_release(&b);
    }
    free(text);
}

TEST(a_run_frame_has_what_is_gone_on_from_and_stays_within_its_limit)
{
    struct buf b;
    buf_init(&b, LIMIT_FRAME);
    make_attempt("1");
    attempt.resume = STR("{\"at\":\n 3}");
    frame_write_run(&b, (const struct attempt *const[]){&attempt}, 1);
    CHECK(strstr(b.p, "\"input\":1,\"resume\":{\"at\":  3}}]}\n"));
    buf_release(&b);
    char *text = malloc(LIMIT_SAVE);
    memset(text, 'x', LIMIT_SAVE);
    for (int over = 0; over <= 2; over++) { /* fits; the checkpoint is a file; both are */
        size_t input = over == 2 ? LIMIT_SAVE : 2 - (over == 0), resume = over == 2 ? LIMIT_SAVE : LIMIT_SAVE - 1;
        const struct attempt *const one[] = {&attempt};
        buf_init(&b, LIMIT_FRAME);
        make_attempt("");
        body.input = (struct str){text, input};
        attempt.resume = (struct str){text, resume};
        CHECK(frame_input_is_file(one, 1, 0) == (over == 2) && frame_resume_is_file(one, 1, 0) == (over > 0));
        frame_write_run(&b, one, 1);
        CHECK_INT(buf_err(&b), 0);
        CHECK_INT(strstr(b.p, "\"resume_file\":\"resume.json\"}]}") != NULL, over > 0);
        CHECK_INT(strstr(b.p, "\"input_file\":\"input.json\"") != NULL, over == 2);
        CHECK_INT(strstr(b.p, "\"resume\":") != NULL, over == 0);
        buf_release(&b);
    }
    free(text);
}

TEST(a_cancel_frame_says_who_asks)
{
    struct buf b;
    const char *words[] = {"user", "timeout", "shutdown"};
    for (int why = 0; why < 3; why++) {
        char wanted[256];
        buf_init(&b, LIMIT_FRAME);
        make_attempt("");
        frame_write_cancel(&b, &attempt, (enum stop_reason)why);
        snprintf(wanted, sizeof wanted, "{\"op\":\"cancel\",\"id\":\"01a1ffe8-96cd-754e-be93-691a58a8ee38\","
                 "\"fence\":\"00000000000000ab\",\"reason\":\"%s\"}\n", words[why]);
        CHECK_STR(buf_str(&b), wanted);
        buf_release(&b);
    }
}

/* n arrays in each other, as the member of a frame. */
static const char *nested(const char *head, int n)
{
    static char line[1024];
    int len = snprintf(line, sizeof line, "%s", head);
    for (int i = 0; i < n; i++) line[len++] = '[';
    for (int i = 0; i < n; i++) line[len++] = ']';
    snprintf(line + len, sizeof line - (size_t)len, "%s", strstr(head, "data") ? "}}" : "}");
    return line;
}

TEST(a_result_and_the_data_of_a_progress_are_each_at_most_as_deep_as_any_json)
{
    CHECK_INT(parse(nested("{\"op\":\"done\",\"result\":", LIMIT_JSON_DEPTH)), 0);
    CHECK_INT(frame.result.len, 2 * LIMIT_JSON_DEPTH);
    CHECK_INT(parse(nested("{\"op\":\"done\",\"result\":", LIMIT_JSON_DEPTH + 1)), ERR_SYNTAX);
    CHECK_INT(parse(nested("{\"op\":\"progress\",\"data\":{\"a\":", LIMIT_JSON_DEPTH - 1)), 0);
    CHECK(frame.progress.data.len > 0);
    CHECK_INT(parse(nested("{\"op\":\"progress\",\"data\":{\"a\":", LIMIT_JSON_DEPTH)), ERR_SYNTAX);
    done();
}

TEST_MAIN
