/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide submit TYPE`: prints the id of the new task; with --wait the result instead, with --follow what it streams out. The input goes out byte for byte,
 * from the command line, a file or standard input.
 */
#include "base/json_write.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/cli_client.h"
#include "cli/cli_follow.h"
#include "cli/cli_input.h"
#include "cli/cli_sequel.h"
#include "cli/cli_tell.h"
#include "cli/cli_text.h"
#include "cli/cli_wait.h"

#include <stdio.h>
#include <unistd.h>

const struct cli_option cli_submit_options[] = {
    {"--input", "JSON|@FILE|-", "the input: JSON itself, a file, standard input ({})"},
    {"--wait", NULL, "wait for the ending and print the result"},
    {"--follow", NULL, "print what it streams out as it comes, until it has ended"},
    {"--wait-timeout", "DURATION", "wait no longer than this; exit code 124"},
    {"--priority", "N", "-100 to 100, larger runs first (0)"},
    {"--queue", "NAME", "instead of the type's own"},
    {"--delay", "DURATION", "start no sooner than this"},
    {"--timeout", "DURATION", "of one attempt"},
    {"--start-within", "DURATION", "expires when not started by then"},
    {"--max-attempts", "N", "tries before it is failed"},
    {"--subject", "TEXT", "what it is about"},
    {"--tag", "KEY=VALUE", "may be repeated"},
    {"--key", "TEXT", "of its type only one task that has not ended has it"},
    {"--on-conflict", "WORD", "when one has it: refuse, existing, replace (refuse)"},
    {"--cache", "DURATION", "a result of the same input answers it, and its own others for so long"},
    {"--cache-version", "TEXT", "of what computes it: another one's results are not the same"},
    {"--cache-bypass", NULL, "runs whatever is there, and replaces it"},
    {"--limit-key", "TEXT", "whose it is: so many of one key run at a time as its queue allows"},
    {"--batch-key", "TEXT", "runs in one batch only with tasks of the same"},
    {"--cost", "NUMBER", "what it takes of a batch's ceiling (1)"},
    CLI_SEQUEL_OPTIONS,
    CLI_TELL_OPTIONS,
    {0},
};

/* As the member `cache`; not said: nothing is written. */
static bool read_cache(const struct cli_args *a, struct buf *cache)
{
    const char *version = cli_args_text(a, "--cache-version");
    bool bypass = cli_args_flag(a, "--cache-bypass");
    int64_t ttl_ms = -1;
    if (!cli_args_duration(a, "--cache", &ttl_ms)) return false;
    if (ttl_ms < 0 && (version || bypass)) {
        cli_args_wrong(a, "%s goes with --cache, which says for how long its result may answer others", version ? "--cache-version" : "--cache-bypass");
        return false;
    }
    if (ttl_ms < 0) return true;
    json_write_open(cache, '{');
    json_write_member_int(cache, "ttl_ms", ttl_ms);
    if (version) json_write_member_text(cache, "version", version);
    if (bypass) json_write_member_bool(cache, "bypass", true);
    json_write_close(cache, '}');
    return true;
}

/* What the library has no names for, as further members. */
static bool read_more(const struct cli_args *a, struct str cache, struct buf *more)
{
    const char *limit_key = cli_args_text(a, "--limit-key"), *batch_key = cli_args_text(a, "--batch-key");
    const char *cost = cli_args_text(a, "--cost"), *key = cli_args_text(a, "--key");
    const char *on_conflict = cli_args_text(a, "--on-conflict");
    double value = 1;
    if (cost && (text_double(&value, str_of(cost)) || !(value > 0) || value > LIMIT_COST)) {
        cli_args_wrong(a, "--cost is `%s`: a number above 0, at most %g, is expected", cost, (double)LIMIT_COST);
        return false;
    }
    json_write_open(more, '{');
    if (key) json_write_member_text(more, "key", key);
    if (on_conflict) json_write_member_text(more, "on_conflict", on_conflict);
    if (cache.len) json_write_member_raw(more, "cache", cache);
    if (limit_key) json_write_member_text(more, "limit_key", limit_key);
    if (batch_key) json_write_member_text(more, "batch_key", batch_key);
    if (cost) json_write_key(more, "cost"), json_write_double(more, value);
    cli_tell_write(a, more);
    json_write_close(more, '}');
    return true;
}

static bool read_options(const struct cli_args *a, struct bide_submit *s, int64_t *wait_ms)
{
    s->type = a->words[0];
    s->queue = cli_args_text(a, "--queue");
    s->subject = cli_args_text(a, "--subject");
    return cli_args_int(a, "--priority", -LIMIT_PRIORITY, LIMIT_PRIORITY, &s->priority) &&
           cli_args_duration(a, "--delay", &s->delay_ms) && cli_args_duration(a, "--timeout", &s->timeout_ms) &&
           cli_args_duration(a, "--start-within", &s->start_within_ms) &&
           cli_args_int(a, "--max-attempts", 1, LIMIT_ATTEMPTS, &s->max_attempts) &&
           cli_args_duration(a, "--wait-timeout", wait_ms);
}

static int submit(const struct cli_args *a, struct bide_client *client, const struct bide_submit *s, int64_t wait_ms)
{
    struct bide_text task = {0};
    struct bide_error error = {0};
    struct bide_task_view view;
    bool json = cli_args_flag(a, "--json"), wait = cli_args_flag(a, "--wait") || wait_ms >= 0;
    bool follow = cli_args_flag(a, "--follow");
    int code = CLI_OK;
    if (follow && wait) return cli_args_wrong(a, "--follow and --wait do not go together: one prints the output, the other the result");
    if (bide_client_submit(client, s, &task, &error) || bide_task_view_read(&view, task.p ? task.p : "", &error)) {
        code = cli_client_failed(client, &error);
    } else if (wait || follow) {
        const char *id = view.id;
        if (isatty(STDERR_FILENO)) fprintf(stderr, "%s\n", id); /* whoever stops waiting needs it */
        code = follow ? cli_follow_print(client, &(struct cli_follow){.id = id, .output = true, .json = json})
                      : cli_wait_for(client, &id, 1, wait_ms, json);
    } else if (json) {
        cli_text_print_json(&task);
    } else {
        puts(view.id);
    }
    bide_text_free(&task);
    return code;
}

int cli_submit(int argc, char **argv)
{
    struct cli_args a;
    struct bide_submit s = {0};
    struct bide_tag *tags = NULL;
    struct buf input = {0}, more, cache;
    struct cli_sequel sequel;
    int64_t wait_ms = -1;
    int code;
    if (!cli_args_read(&a, argc, argv, 1, 1, &code)) return code;
    buf_init(&more, LIMIT_BODY);
    buf_init(&cache, LIMIT_BODY);
    if (!cli_sequel_read(&a, &sequel, &s) || !read_options(&a, &s, &wait_ms) || !read_cache(&a, &cache) ||
        !read_more(&a, buf_str(&cache), &more) || !cli_args_tags(&a, &tags, &s.n_tags))
        code = CLI_USAGE;
    if (!code) code = cli_input_read(&a, &input);
    struct bide_client *client = code ? NULL : cli_client_open(&a, &code);
    s.tags = tags;
    s.input = input.p ? input.p : "";
    s.input_len = input.len;
    s.more = more.p;
    if (client) code = submit(&a, client, &s, wait_ms);
    bide_client_free(client);
    cli_args_free_tags(tags, s.n_tags);
    buf_release(&input);
    buf_release(&more);
    buf_release(&cache);
    cli_sequel_release(&sequel);
    cli_args_release(&a);
    return code;
}
