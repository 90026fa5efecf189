/* SPDX-License-Identifier: Apache-2.0
 *
 * See web_report.h.
 */
#include "handler/web_report.h"
#include "base/limits.h"
#include "handler/exec_answer.h"
#include "handler/utf8.h"
#include "handler/verdict.h"

static bool is_one_of(const char *const *words, struct str word)
{
    for (; words && *words; words++)
        if (str_eq(word, str_of(*words))) return true;
    return false;
}

static void report(const struct web_report_conf *where, const struct exec_answer *answer, struct attempt *a, struct arena *words)
{
    double percent = exec_answer_number(answer, where->progress);
    struct str message = exec_answer_text(answer, where->message, words);
    if (percent < 0 && message.len == 0) return;
    struct progress said = {.percent = percent > 100 ? 100 : percent, .message = utf8_head(message, LIMIT_MESSAGE)};
    a->events->on_progress(a, &said);
}

static void failed(const struct web_report_conf *where, const struct exec_answer *answer, struct str state, struct arena *arena,
                   struct verdict *v)
{
    struct str why = exec_answer_text(answer, where->error, arena);
    if (why.len) verdict_failed(v, arena, FAILURE_WORKER_ERROR, "%.*s", STR_ARG(why));
    else verdict_failed(v, arena, FAILURE_WORKER_ERROR, "the remote task is %.*s", STR_ARG(state));
    verdict_detail(v, arena, arena_str(arena, answer->text));
}

enum web_report web_report_read(const struct web_report_conf *where, struct str body, struct attempt *a, struct arena *arena,
                                struct verdict *v, struct str *ret_why)
{
    struct exec_answer answer;
    enum web_report said = WEB_REPORT_RUNNING;
    exec_answer_init(&answer, body);
    struct str state = exec_answer_text(&answer, where->state, arena);
    if (state.len == 0) {
        *ret_why = answer.is_json ? arena_format(arena, "nothing at \"%s\"", where->state) : arena_format(arena, "not JSON: %s", answer.err.text);
        said = WEB_REPORT_NOTHING;
    } else {
        report(where, &answer, a, arena);
        if (is_one_of(where->done, state)) said = WEB_REPORT_DONE;
        if (is_one_of(where->failed, state)) said = WEB_REPORT_FAILED;
        if (said == WEB_REPORT_FAILED) failed(where, &answer, state, arena, v);
    }
    exec_answer_release(&answer);
    return said;
}

struct str web_report_text(struct str body, const char *pointer, struct arena *arena)
{
    struct exec_answer answer;
    exec_answer_init(&answer, body);
    struct str text = exec_answer_text(&answer, pointer, arena);
    exec_answer_release(&answer);
    return text;
}
