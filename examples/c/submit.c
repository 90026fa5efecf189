/* SPDX-License-Identifier: Apache-2.0
 *
 * Submits one task, waits for its ending and prints the result.
 *
 *     cc submit.c -o submit $(pkg-config --cflags --libs bide)
 *     ./submit count '{"text":"one two three"}' [IDEMPOTENCY-KEY]
 */
#include <bide.h>
#include <stdio.h>

static int fail(const char *what, const struct bide_error *error)
{
    fprintf(stderr, "%s: %s: %s\n", what, error->code, error->text);
    return 1;
}

static int show(const struct bide_task_view *task, struct bide_client *client)
{
    struct bide_text result = {0};
    struct bide_error error = {0};
    if (task->error_code[0]) fprintf(stderr, "%s: %s: %s\n", task->status, task->error_code, task->error_message);
    if (task->error_code[0] || bide_client_result(client, task->id, &result, &error)) return 1;
    printf("%.*s\n", (int)result.len, result.p ? result.p : "");
    bide_text_free(&result);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: submit TYPE JSON [IDEMPOTENCY-KEY]\n");
        return 64;
    }
    struct bide_error error = {0};
    struct bide_client *client = bide_client_new(NULL, &error); /* BIDE_SERVER, or 127.0.0.1:8080 */
    if (!client) return fail("client", &error);
    struct bide_submit submit = {.type = argv[1], .input = argv[2], .idempotency_key = argc > 3 ? argv[3] : NULL};
    struct bide_text task = {0};
    struct bide_task_view view;
    int failed = bide_client_submit(client, &submit, &task, &error);
    if (!failed) failed = bide_task_view_read(&view, task.p, &error);
    if (!failed) failed = bide_client_wait(client, view.id, 60 * 1000, &task, &error);
    if (!failed) failed = bide_task_view_read(&view, task.p, &error);
    int status = failed ? fail("task", &error) : show(&view, client);
    bide_text_free(&task);
    bide_client_free(client);
    return status;
}
