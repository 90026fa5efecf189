/* SPDX-License-Identifier: Apache-2.0
 *
 * From a command line to a server: the client to use, and what an error means for a person and for the exit code.
 */
#ifndef CLI_CLI_CLIENT_H
#define CLI_CLI_CLIENT_H

#include "bide.h"
#include "cli/cli_args.h"

/* The client that --server, BIDE_SERVER or the default asks for. NULL: said why, *ret_code is the exit code. */
struct bide_client *cli_client_open(const struct cli_args *a, int *ret_code);
struct bide_client *cli_client_open_with(const struct cli_args *a, const char *token, int *ret_code); /* shows that token */
/* Says what went wrong and what to do about it; returns the exit code. */
int cli_client_failed(const struct bide_client *client, const struct bide_error *error);
/* What came is not what a bide server sends; returns -1. */
int cli_client_bad_answer(struct bide_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The server cannot be reached at this moment: worth trying again. */
bool cli_client_is_away(const struct bide_error *error);

typedef int cli_client_call(struct bide_client *client, const char *id, struct bide_text *ret_task,
                            struct bide_error *error);
/* The verbs that do one thing to each of several tasks: reads argv, calls for each id, prints JSON or `id  status`.
 * Goes on after a failure; the first failure's code is returned. */
int cli_client_each(int argc, char **argv, cli_client_call *call);

#endif
