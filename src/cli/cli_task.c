/* SPDX-License-Identifier: Apache-2.0
 *
 * One task in lines that line up. What is not there is not shown, so that a short life is a short text.
 */
#include "cli/cli_task.h"

#include "base/clock.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/cli_steps.h"
#include "cli/cli_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define INLINE_SHOWN 2000 /* bytes of an input or result shown in a summary */

__attribute__((format(printf, 2, 3))) static void line(const char *key, const char *format, ...)
{
    char text[4096];
    struct buf b;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buf_init(&b, 64 * 1024);
    buf_add_format(&b, "%s:%*s", key, 12 - (int)strlen(key), "");
    cli_text_clean(&b, str_of(text));
    if (b.p) puts(b.p);
    buf_release(&b);
}

static void time_line(const char *key, int64_t at_ms)
{
    if (!at_ms) return;
    char at[TEXT_TIME], age[CLI_TEXT_DURATION];
    int64_t ago = clock_wall_ms(&clock_system) - at_ms;
    text_format_time(at_ms, at);
    cli_text_duration(age, ago < 0 ? -ago : ago);
    line(key, ago < 0 ? "%s (in %s)" : "%s (%s ago)", at, age);
}

static void json_line(const char *key, const struct bide_text *json, int64_t bytes, const char *hint)
{
    const char *p;
    size_t len;
    bool there = bide_json_span(json->p, key, &p, &len) == BIDE_JSON_FOUND && !(len == 4 && memcmp(p, "null", 4) == 0);
    if (there && len <= INLINE_SHOWN) line(key, "%.*s", (int)len, p);
    else if (there || bytes > 0) line(key, "%" PRId64 " bytes%s", there ? (int64_t)len : bytes, hint);
}

static void status_line(const struct bide_task_view *v)
{
    char attempt[64] = "";
    if (v->attempt > 0 && v->max_attempts > 0)
        snprintf(attempt, sizeof attempt, " (attempt %d of %d)", v->attempt, v->max_attempts);
    line("status", "%s%s%s", v->status, attempt, v->cancel_requested && !v->ended ? ", cancel requested" : "");
    if (v->run > 1) line("run", "%d", v->run);
    if (v->waiting_on[0])
        line("waiting_on", "%s%s%s", v->waiting_on, v->waiting_detail[0] ? ": " : "", v->waiting_detail);
    if (v->position > 0) line("position", "%" PRId64, v->position);
}

static void progress_line(const struct bide_task_view *v)
{
    if (v->percent >= 0) line("progress", "%.0f%%%s%s", v->percent, v->message[0] ? " " : "", v->message);
    else if (v->message[0]) line("progress", "%s", v->message);
}

static void timing_line(const struct bide_task_view *v)
{
    char queued[CLI_TEXT_DURATION] = "", ran[CLI_TEXT_DURATION] = "";
    if (v->queued_ms >= 0) cli_text_duration(queued, v->queued_ms);
    if (v->run_ms >= 0) cli_text_duration(ran, v->run_ms);
    if (queued[0] || ran[0])
        line("timing", "%s%s%s%s%s", queued[0] ? "queued " : "", queued, queued[0] && ran[0] ? ", " : "",
             ran[0] ? "ran " : "", ran);
}

/* A text of several lines, each moved in. */
static void print_detail(FILE *to, const struct bide_text *json)
{
    struct bide_text detail = {0};
    if (bide_json_text(json->p, "error.detail", &detail) || detail.len == 0) return;
    struct buf b;
    buf_init(&b, 1024 * 1024);
    cli_text_clean_lines(&b, str_trim((struct str){detail.p, detail.len}));
    for (struct str rest = buf_str(&b); rest.len > 0;) {
        struct str one = str_cut(&rest, '\n');
        fprintf(to, "  %.*s\n", STR_ARG(one));
    }
    buf_release(&b);
    bide_text_free(&detail);
}

static bool has_tags(const struct bide_text *json)
{
    size_t n = 0;
    return bide_json_count(json->p, "tags", &n) == BIDE_JSON_FOUND && n > 0;
}

void cli_task_print(const struct bide_task_view *v, const struct bide_text *json)
{
    line("id", "%s", v->id);
    line("type", "%s", v->type);
    line("queue", "%s", v->queue);
    status_line(v);
    progress_line(v);
    if (v->priority) line("priority", "%d", v->priority);
    if (v->subject[0]) line("subject", "%s", v->subject);
    if (has_tags(json)) json_line("tags", json, 0, "");
    time_line("created", v->created_at_ms);
    time_line("run_at", v->run_at_ms);
    time_line("started", v->started_at_ms);
    time_line("finished", v->finished_at_ms);
    time_line("eta", v->eta_at_ms);
    timing_line(v);
    cli_steps_print(json);
    json_line("input", json, v->input_bytes, "");
    json_line("result", json, v->result_bytes, " (`bide wait ID` prints it)");
    if (!v->error_code[0]) return;
    line("error", "%s: %s%s%s%s", v->error_code, v->error_message, v->error_type[0] ? " (" : "", v->error_type,
         v->error_type[0] ? ")" : "");
    print_detail(stdout, json);
}

int cli_task_exit(const struct bide_task_view *v)
{
    if (strcmp(v->status, "failed") == 0) return CLI_TASK_FAILED;
    if (strcmp(v->status, "cancelled") == 0) return CLI_TASK_CANCELLED;
    if (strcmp(v->status, "expired") == 0) return CLI_TASK_EXPIRED;
    return CLI_OK;
}

void cli_task_print_error(const struct bide_task_view *v, const struct bide_text *json)
{
    if (cli_task_exit(v) == CLI_OK) return;
    struct buf b;
    buf_init(&b, 64 * 1024);
    buf_add_format(&b, "bide: task %s %s", v->id, v->status);
    if (v->error_code[0] && strcmp(v->error_code, v->status) != 0) buf_add_format(&b, ": %s", v->error_code);
    if (v->error_message[0]) buf_add_text(&b, ": ");
    cli_text_clean(&b, str_of(v->error_message));
    if (v->error_type[0]) buf_add_format(&b, " (%s)", v->error_type);
    fprintf(stderr, "%s\n", b.p ? b.p : "");
    buf_release(&b);
    print_detail(stderr, json);
}

int cli_task_result(struct bide_client *client, const struct bide_task_view *v, const struct bide_text *json,
                    struct bide_text *ret_result, struct bide_error *error)
{
    const char *p;
    size_t len;
    if (!v->has_result && v->result_bytes > 0) return bide_client_result(client, v->id, ret_result, error);
    if (v->has_result && bide_json_span(json->p, "result", &p, &len) == BIDE_JSON_FOUND) {
        char *copy = str_dup((struct str){p, len});
        bide_text_free(ret_result);
        *ret_result = (struct bide_text){.p = copy, .len = copy ? len : 0};
    }
    return 0;
}
