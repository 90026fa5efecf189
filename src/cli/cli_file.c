/* SPDX-License-Identifier: Apache-2.0
 *
 * `bide file ...`: what is uploaded for tasks to work on. Bytes go to the server and come from it as a stream, whatever
 * their number; list, show and rm are actions as of other nouns.
 */
#include "base/json_write.h"
#include "base/limits.h"
#include "cli/cli_action.h"
#include "cli/cli_client.h"
#include "cli/cli_text.h"
#include "client/bide_http.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const struct cli_option cli_file_options[] = {
    {"--name", "NAME", "with put: instead of the file's own"},
    {"--type", "TYPE", "with put: its media type, instead of that of its name"},
    {"--keep", "WORD", "with put: record, task or forever"},
    {"--output", "FILE", "with get: there instead of standard output"},
    {0},
};

static const char *const columns[] = {"id", "name", "content_type", "bytes", "keep", "created_at", NULL};

const struct cli_action cli_file_actions[] = {
    {"put", "FILE", "upload a file; prints its id", "POST", "/v1/files", NULL, NULL, false, NULL, NULL},
    {"get", "ID", "the bytes of one", "GET", "/v1/files/{}", NULL, NULL, false, NULL, NULL},
    {"list", "", "the newest", "GET", "/v1/files?limit=200", NULL, columns, false, NULL, NULL},
    {"show", "ID", "what is known of one", "GET", "/v1/files/{}/info", NULL, NULL, false, NULL, NULL},
    {"rm", "ID", "remove one", "DELETE", "/v1/files/{}", "removed", NULL, false, NULL, NULL},
    {0},
};

static int failed(const char *what, const char *name)
{
    fprintf(stderr, "bide file: %s %s: %s\n", what, name, strerror(errno));
    return CLI_IO;
}

static void add_query(struct buf *b, const char *name, const char *value)
{
    if (!value) return;
    buf_add_format(b, "%c%s=", strchr(b->p, '?') ? '&' : '?', name);
    for (const unsigned char *p = (const unsigned char *)value; *p; p++) buf_add_format(b, "%%%02X", *p);
}

static int send(const struct cli_args *a, struct bide_http_request *r, struct buf *answer)
{
    struct bide_error error = {0};
    struct bide_http *h = bide_http_new(&(struct bide_client_options){.server = cli_args_text(a, "--server")}, &error);
    int rc = h ? bide_http_send(h, r, answer, NULL, &error) : -1;
    int code = rc ? cli_client_failed(NULL, &error) : CLI_OK;
    bide_http_free(h);
    return code;
}

static void print_put(const struct cli_args *a, const struct buf *answer)
{
    struct bide_text text = {.p = answer->p, .len = answer->len};
    char id[ID_TEXT];
    if (cli_args_flag(a, "--json") || bide_json_string(answer->p, "id", id, sizeof id) != BIDE_JSON_FOUND) cli_text_print_json(&text);
    else puts(id);
}

static int put(const struct cli_args *a)
{
    const char *path = a->words[1], *name = cli_args_text(a, "--name"), *slash = strrchr(path, '/');
    const char *type = cli_args_text(a, "--type");
    struct stat st;
    struct buf target, answer;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0 || (!S_ISREG(st.st_mode) && (errno = EISDIR))) {
        int code = failed("cannot read", path);
        if (fd >= 0) close(fd);
        return code;
    }
    buf_init(&target, LIMIT_HTTP_TARGET);
    buf_init(&answer, LIMIT_BODY);
    buf_add_text(&target, "/v1/files");
    add_query(&target, "name", name ? name : slash ? slash + 1 : path);
    add_query(&target, "keep", cli_args_text(a, "--keep"));
    struct bide_http_request r = {.method = "POST", .path = target.p, .has_file = true, .file = fd, .file_len = st.st_size,
                                  .content_type = type ? type : "application/x-www-form-urlencoded"}; /* that is: not said */
    int code = buf_err(&target) ? cli_args_wrong(a, "that name is too long") : send(a, &r, &answer);
    if (!code) print_put(a, &answer);
    buf_release(&target);
    buf_release(&answer);
    close(fd);
    return code;
}

static int fetch(const struct cli_args *a, int fd)
{
    struct buf target, answer;
    buf_init(&target, LIMIT_HTTP_TARGET);
    buf_init(&answer, LIMIT_BODY);
    buf_add_text(&target, "/v1/files/");
    for (const unsigned char *p = (const unsigned char *)a->words[1]; *p; p++) buf_add_format(&target, "%%%02X", *p);
    struct bide_http_request r = {.method = "GET", .path = target.p, .has_into = true, .into = fd};
    int code = buf_err(&target) ? cli_args_wrong(a, "that is no id") : send(a, &r, &answer);
    buf_release(&target);
    buf_release(&answer);
    return code;
}

/* Under its name when it is whole. */
static int get(const struct cli_args *a)
{
    const char *path = cli_args_text(a, "--output");
    char part[4096];
    if (!path) return fetch(a, STDOUT_FILENO);
    if (snprintf(part, sizeof part, "%s.part", path) >= (int)sizeof part) return cli_args_wrong(a, "that name is too long");
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) return failed("cannot write", part);
    int code = fetch(a, fd);
    if (close(fd) != 0 && !code) code = failed("cannot write", part);
    if (!code && rename(part, path) != 0) code = failed("cannot write", path);
    if (code) (void)unlink(part);
    return code;
}

int cli_file(int argc, char **argv)
{
    struct cli_args a;
    int code;
    if (!cli_args_read(&a, argc, argv, 0, -1, &code)) return code;
    bool puts_one = a.n_words > 0 && strcmp(a.words[0], "put") == 0, gets_one = a.n_words > 0 && strcmp(a.words[0], "get") == 0;
    bool other = !puts_one && !gets_one;
    if (!other && a.n_words != 2) code = cli_args_wrong(&a, "`bide file %s` takes one %s", a.words[0], puts_one ? "FILE" : "ID");
    else if (!other) code = puts_one ? put(&a) : get(&a);
    cli_args_release(&a);
    return other ? cli_action_run(argc, argv) : code;
}
