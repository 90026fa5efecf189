/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide bench`: how fast does this server take tasks? A first task shows which queue they go to, and whether others
 * wait there already; then the load runs. None of its tasks is ever run: they may start in a year, and are cancelled at
 * the end. What stays behind is said.
 */
#include "base/json_write.h"
#include "base/rng.h"
#include "cli/cli_bench_load.h"
#include "cli/cli_client.h"
#include "cli/cli_input.h"

#include <inttypes.h>
#include <stdio.h>

#define DELAY_MS (365LL * 24 * 3600 * 1000)
#define SECONDS_MAX 3600

const struct cli_option cli_bench_options[] = {
    {"--type", "TYPE", "of the tasks: one of the server's types"},
    {"--queue", "NAME", "instead of the type's own"},
    {"--input", "JSON|@FILE|-", "of each task: JSON itself, a file, standard input ({})"},
    {"--connections", "N", "at one time (4)"},
    {"--seconds", "N", "how long to submit (5)"},
    {"--yes", NULL, "even when other tasks wait in that queue"},
    {0},
};

struct bench {
    const struct cli_args *args;
    struct bide_client *client;
    struct bide_submit submit;
    int connections, seconds;
    char tag[24];
    struct bide_task_view first; /* the task that went ahead */
    struct bide_error error;
};

static int cancel_first(struct bench *b)
{
    struct bide_text answer = {0};
    int rc = bide_client_cancel(b->client, b->first.id, &answer, &b->error);
    bide_text_free(&answer);
    return rc;
}

/* Tasks in the queue that have not started, ours apart; -1 with the reason. */
static int64_t others_waiting(struct bench *b)
{
    static const char *const states[] = {"depth.pending", "depth.scheduled", "depth.retrying"};
    struct bide_text queue = {0};
    int64_t n = -1, one;
    if (bide_client_queue(b->client, b->first.queue, &queue, &b->error)) return -1;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (bide_json_int(queue.p ? queue.p : "", states[i], &one) == BIDE_JSON_FOUND) n += one;
    bide_text_free(&queue);
    return n < 0 ? 0 : n;
}

/* The task that goes ahead. CLI_OK: the load may run, and the task is cancelled; else the exit code, said. */
static int go_ahead(struct bench *b)
{
    struct bide_text task = {0};
    int rc = bide_client_submit(b->client, &b->submit, &task, &b->error);
    if (rc == 0) rc = bide_task_view_read(&b->first, task.p ? task.p : "", &b->error);
    bide_text_free(&task);
    if (rc) return cli_client_failed(b->client, &b->error);
    int64_t others = others_waiting(b);
    struct bide_error why = b->error;
    if (cancel_first(b)) return cli_client_failed(b->client, &b->error);
    if (others < 0) return cli_client_failed(b->client, &why);
    if (others == 0 || cli_args_flag(b->args, "--yes")) return CLI_OK;
    fprintf(stderr,
            "bide bench: %" PRId64
            " other task%s in the queue %s, and a load would be in the way: name another --queue, or "
            "say --yes\n",
            others, others == 1 ? " waits" : "s wait", b->first.queue);
    return CLI_USAGE;
}

static void print_json(const struct bench *b, const struct cli_bench_tally *t, double per_second)
{
    struct buf j;
    buf_init(&j, 64 * 1024);
    json_write_open(&j, '{');
    json_write_member_text(&j, "type", b->first.type);
    json_write_member_text(&j, "queue", b->first.queue);
    json_write_member_int(&j, "connections", b->connections);
    json_write_member_int(&j, "submit_ms", t->submit_us / 1000);
    json_write_member_int(&j, "submitted", t->submitted);
    json_write_key(&j, "per_second");
    json_write_double(&j, per_second);
    json_write_member_int(&j, "p50_us", cli_bench_load_share(t, 0.5));
    json_write_member_int(&j, "p99_us", cli_bench_load_share(t, 0.99));
    json_write_member_int(&j, "max_us", t->max_us);
    json_write_member_int(&j, "errors", t->errors);
    json_write_member_text(&j, "error", t->errors ? t->error.text : NULL);
    json_write_member_int(&j, "cancelled", t->cancelled + 1);
    json_write_member_int(&j, "left", t->left);
    json_write_member_text(&j, "tag", b->tag);
    json_write_close(&j, '}');
    if (j.p) puts(j.p);
    buf_release(&j);
}

static int tell(const struct bench *b, const struct cli_bench_tally *t)
{
    double per_second = t->submit_us ? (double)t->submitted * 1e6 / (double)t->submit_us : 0;
    if (cli_args_flag(b->args, "--json")) {
        print_json(b, t, per_second);
    } else {
        printf("submitted  %" PRId64 " in %.1f s over %d connection%s: %.0f/s\n", t->submitted,
               (double)t->submit_us / 1e6, b->connections, b->connections == 1 ? "" : "s", per_second);
        printf("latency    p50 %.2f ms, p99 %.2f ms, longest %.2f ms\n", (double)cli_bench_load_share(t, 0.5) / 1e3,
               (double)cli_bench_load_share(t, 0.99) / 1e3, (double)t->max_us / 1e3);
        printf("errors     %" PRId64 "\n", t->errors);
        printf("left       %" PRId64 " cancelled tasks (bide list --tag bench=%s)\n", t->cancelled + 1, b->tag);
    }
    fflush(stdout);
    if (t->left)
        fprintf(stderr,
                "bide bench: %" PRId64
                " tasks could not be cancelled; they would start in a year: bide list --tag bench=%s\n",
                t->left, b->tag);
    if (t->errors) return cli_client_failed(b->client, &t->error);
    return t->left ? CLI_AWAY : CLI_OK;
}

static int bench(struct bench *b)
{
    struct cli_bench_tally sum;
    int code = go_ahead(b);
    if (code) return code;
    fprintf(stderr, "submitting to the queue %s for %d s; none of it will run, and all of it is cancelled at the end\n",
            b->first.queue, b->seconds);
    struct cli_bench_load load = {.server = cli_args_text(b->args, "--server"),
                                  .submit = &b->submit,
                                  .connections = b->connections,
                                  .duration_ms = b->seconds * 1000LL};
    int rc = cli_bench_load_run(&load, &sum, &b->error);
    code = tell(b, &sum);
    return rc ? cli_client_failed(b->client, &b->error) : code;
}

static int read_options(struct bench *b, struct buf *input)
{
    const struct cli_args *a = b->args;
    b->submit.type = cli_args_text(a, "--type");
    b->submit.queue = cli_args_text(a, "--queue");
    b->submit.delay_ms = DELAY_MS;
    if (!cli_args_int(a, "--connections", 1, CLI_BENCH_LOAD_MAX, &b->connections) ||
        !cli_args_int(a, "--seconds", 1, SECONDS_MAX, &b->seconds))
        return CLI_USAGE;
    if (!b->submit.type)
        return cli_args_wrong(a, "--type TYPE is missing: one of the names under `types` in the server's bide.yaml");
    int code = cli_input_read(a, input);
    b->submit.input = input->p ? input->p : "";
    b->submit.input_len = input->len;
    return code;
}

int cli_bench(int argc, char **argv)
{
    struct cli_args a;
    struct buf input = {0};
    struct bench b = {.args = &a, .connections = 4, .seconds = 5};
    int code;
    if (!cli_args_read(&a, argc, argv, 0, 0, &code)) return code;
    snprintf(b.tag, sizeof b.tag, "%08" PRIx64, rng_next(rng_system()) & 0xFFFFFFFF);
    const struct bide_tag tag = {"bench", b.tag};
    b.submit.tags = &tag;
    b.submit.n_tags = 1;
    code = read_options(&b, &input);
    b.client = code ? NULL : cli_client_open(&a, &code);
    if (b.client) code = bench(&b);
    bide_client_free(b.client);
    buf_release(&input);
    cli_args_release(&a);
    return code;
}
