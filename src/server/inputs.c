/* SPDX-License-Identifier: Apache-2.0
 *
 * .files/<id>-<name>, or .files/<id> of one without a name: what a name may be is task/file's.
 */
#include "server/inputs.h"

#include "base/json_write.h"
#include "server/server.h"
#include "task/refs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER ".files"
#define NAME (ID_TEXT + LIMIT_FILE_NAME + 1)

static bool is_for_here(const struct run *r)
{
    return !r->attempt.handler->typed;
}

void inputs_keep(struct run *r, const struct store_claim_item *item)
{
    if (item->n_files == 0) return;
    struct file *files = arena_alloc(&r->arena, item->n_files * sizeof *files);
    r->files = files;
    r->n_files = item->n_files;
    for (size_t i = 0; i < item->n_files; i++) {
        files[i] = item->files[i];
        files[i].name = arena_str(&r->arena, item->files[i].name);
    }
}

static const struct file *find(const struct run *r, const struct id *id)
{
    for (size_t i = 0; i < r->n_files; i++)
        if (id_cmp(&r->files[i].id, id) == 0) return &r->files[i];
    return NULL;
}

static void link_name(const struct file *f, char name[NAME])
{
    char id[ID_TEXT];
    id_format(&f->id, id);
    snprintf(name, NAME, "%s%s%.*s", id, f->name.len ? "-" : "", STR_ARG(f->name));
}

int inputs_check(const struct run *r, struct err *e)
{
    struct blob *blob = r->server->filing.blob;
    struct ref ref;
    char id[ID_TEXT];
    for (size_t at = 0; is_for_here(r) && refs_next(r->body.input, &at, &ref);) {
        int fd = -1, sys = find(r, &ref.file) ? blob->ops->open(blob, &ref.file, &fd) : ENOENT;
        if (fd >= 0) close(fd);
        if (sys != ENOENT) continue; /* what else is wrong, the link will tell */
        id_format(&ref.file, id);
        return err_set(e, ERR_UNKNOWN_FILE, "the file %s that its input names is gone", id);
    }
    return 0;
}

struct failure inputs_failure(const struct err *e)
{
    return (struct failure){.code = failure_word(FAILURE_INVALID_INPUT), .message = str_of(e->text)};
}

static int open_folder(const struct run *r)
{
    char path[ATTEMPT_DIR_PATH + sizeof FOLDER + 1];
    snprintf(path, sizeof path, "%s/" FOLDER, r->place.path);
    return open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int make_links(const struct run *r)
{
    char path[ATTEMPT_DIR_PATH + sizeof FOLDER + 1], name[NAME];
    struct blob *blob = r->server->filing.blob;
    snprintf(path, sizeof path, "%s/" FOLDER, r->place.path);
    if (mkdir(path, ATTEMPT_DIR_MODE) != 0) return errno;
    int folder = open_folder(r), sys = folder < 0 ? errno : 0;
    for (size_t i = 0; i < r->n_files && !sys; i++) {
        link_name(&r->files[i], name);
        sys = blob->ops->link(blob, &r->files[i].id, folder, name);
    }
    if (folder >= 0) close(folder);
    return sys;
}

static void write_input(const struct run *r, struct buf *b)
{
    struct str text = r->body.input;
    struct ref ref;
    char path[ATTEMPT_DIR_PATH + sizeof FOLDER + NAME + 2], name[NAME];
    size_t done = 0;
    for (size_t at = 0; refs_next(text, &at, &ref); done = ref.at + ref.len) {
        link_name(find(r, &ref.file), name);
        snprintf(path, sizeof path, "%s/" FOLDER "/%s", r->place.path, name);
        buf_add_str(b, str_sub(text, done, ref.at - done));
        struct buf one; /* apart: what writes JSON puts commas between its values */
        buf_init(&one, 6 * sizeof path + 2);
        json_write_text(&one, path);
        buf_add_str(b, buf_str(&one));
        buf_release(&one);
    }
    buf_add_str(b, str_sub(text, done, text.len));
}

int inputs_give(struct run *r, struct err *e)
{
    if (r->n_files == 0 || !is_for_here(r)) return 0;
    int sys = make_links(r);
    if (sys) return err_set_errno(e, sys == ENOSPC || sys == EDQUOT ? ERR_FULL : ERR_IO, sys, "files of its input");
    struct buf b;
    buf_init(&b, LIMIT_INPUT + (size_t)LIMIT_FILE_REFS * 6 * ATTEMPT_DIR_PATH);
    write_input(r, &b);
    int err = buf_err(&b) ? err_set(e, buf_err(&b), "its input with the paths of its files is too large") : 0;
    if (!err) r->body.input = arena_str(&r->arena, buf_str(&b));
    buf_release(&b);
    return err;
}

void inputs_take_back(struct run *r)
{
    char name[NAME], path[ATTEMPT_DIR_PATH + sizeof FOLDER + 1];
    if (r->n_files == 0 || !is_for_here(r)) return;
    int folder = open_folder(r);
    if (folder < 0) return; /* the attempt has removed it, or put something else in its place: what is there is its own */
    for (size_t i = 0; i < r->n_files; i++) {
        link_name(&r->files[i], name);
        (void)unlinkat(folder, name, 0); /* gone, or in a folder that is not ours: it stays as long as the output */
    }
    close(folder);
    snprintf(path, sizeof path, "%s/" FOLDER, r->place.path);
    (void)rmdir(path);
}
