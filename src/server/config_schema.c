/* SPDX-License-Identifier: Apache-2.0
 *
 * A file that several types name is read once. What is wrong in one is told at the key that names it, with the file and the
 * place within: file:line:column is of the configuration.
 */
#include "server/config_schema.h"
#include "base/limits.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void tell(struct config *c, struct str path, const char *what, struct config_errors *errors)
{
    struct config_origin said = config_origin(c, path);
    if (said.from == CONFIG_FILE) config_errors_add(errors, said.mark, "\"input\": %s", what);
    else config_errors_add_outside(errors, "%s: %s", said.name, what);
}

static int read_all(int fd, struct buf *b, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0) return err_set_errno(e, ERR_CONFIG, errno, "cannot read it");
    if (!S_ISREG(st.st_mode)) return err_set(e, ERR_CONFIG, "this is not a file");
    for (ssize_t got = 1; got > 0;) {
        char piece[4096];
        got = read(fd, piece, sizeof piece);
        if (got < 0 && errno == EINTR) got = 1;
        else if (got < 0) return err_set_errno(e, ERR_CONFIG, errno, "cannot read it");
        else buf_add(b, piece, (size_t)got);
    }
    return buf_err(b) ? err_set(e, ERR_CONFIG, "larger than %d bytes", LIMIT_SCHEMA) : 0;
}

static int read_file(const char *path, struct buf *b, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hold the start up */
    if (fd < 0) return err_set_errno(e, ERR_CONFIG, errno, "cannot open it");
    int err = read_all(fd, b, e);
    close(fd);
    return err;
}

static bool was_read_before(const struct config *c, struct config_type *t)
{
    for (const struct config_type *other = c->types; other < t; other++) {
        if (!other->schema || !other->input || strcmp(other->input, t->input) != 0) continue;
        t->schema = other->schema;
        t->schema_text = other->schema_text;
        return true;
    }
    return false;
}

/* `path`: the key that names it. */
static void read_schema(struct config *c, struct str path, const char *input, const struct schema **ret, const char **ret_text,
                        struct config_errors *errors)
{
    bool inside = input[0] == '{';
    struct buf b;
    struct err e = {0};
    buf_init(&b, LIMIT_SCHEMA);
    int err = inside ? 0 : read_file(input, &b, &e);
    if (!err) err = schema_compile(ret, &c->arena, inside ? str_of(input) : buf_str(&b), &e);
    if (err)
        tell(c, path, arena_format(&c->arena, "%s%s%s%s%s", inside ? "" : input, inside ? "" : ": ", e.pointer,
                                   e.pointer[0] ? ": " : "", e.text).p, errors);
    else *ret_text = inside ? input : arena_text(&c->arena, buf_str(&b));
    buf_release(&b);
}

void config_schema_read(struct config *c, struct config_errors *errors)
{
    for (size_t i = 0; i < c->n_types; i++) {
        struct config_type *t = &c->types[i];
        if (t->input && !was_read_before(c, t))
            read_schema(c, arena_format(&c->arena, "types.%s.input", t->name), t->input, &t->schema, &t->schema_text, errors);
    }
    for (size_t i = 0; i < c->n_routes; i++) {
        struct config_route *r = &c->routes[i];
        if (r->input) read_schema(c, arena_format(&c->arena, "routes.%zu.input", i), r->input, &r->schema, &r->schema_text, errors);
    }
}
