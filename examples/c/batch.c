/* SPDX-License-Identifier: Apache-2.0
 *
 * Submits many tasks in one request, one for each argument, and waits for those that were accepted.
 *
 *     cc batch.c -o batch $(pkg-config --cflags --libs bide)
 *     ./batch count '{"text":"one"}' '{"text":"one two"}'
 */
#include <bide.h>
#include <stdio.h>
#include <stdlib.h>

static int wait_for(struct bide_client *client, const struct bide_submitted *task, int place)
{
    struct bide_text ended = {0}, result = {0};
    struct bide_error error = {0};
    int failed = bide_client_wait(client, task->id, 60 * 1000, &ended, &error);
    if (!failed) failed = bide_client_result(client, task->id, &result, &error);
    if (failed) printf("%d: %s: %s\n", place, error.code, error.text);
    else printf("%d: %.*s\n", place, (int)result.len, result.p ? result.p : "");
    bide_text_free(&ended);
    bide_text_free(&result);
    return failed;
}

int main(int argc, char **argv)
{
    size_t n = argc > 2 ? (size_t)argc - 2 : 0;
    struct bide_submit *submits = calloc(n + 1, sizeof *submits);
    struct bide_submitted *each = calloc(n + 1, sizeof *each);
    struct bide_error error = {0};
    struct bide_client *client = bide_client_new(NULL, &error);
    int failed = !submits || !each || !client;
    for (size_t i = 0; i < n && !failed; i++) submits[i] = (struct bide_submit){.type = argv[1], .input = argv[2 + i]};
    if (!failed) failed = bide_client_submit_many(client, submits, n, NULL, each, &error);
    if (failed) fprintf(stderr, "%s: %s\n", error.code, error.text);
    for (size_t i = 0; i < n && !failed; i++) {
        if (each[i].id[0]) wait_for(client, &each[i], (int)i);
        else printf("%d: refused: %s: %s\n", (int)i, each[i].error.code, each[i].error.text);
    }
    bide_client_free(client);
    free(submits);
    free(each);
    return failed ? 1 : 0;
}
