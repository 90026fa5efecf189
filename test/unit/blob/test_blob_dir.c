/* SPDX-License-Identifier: Apache-2.0
 *
 * The engine `dir:`: what is there after which call.
 */
#include "blob/blob.h"
#include "test/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char place[64];
static struct blob_dir dir;
static const struct id one = {{1}}, two = {{2}};

static void open_place(void)
{
    (void)str_copy(place, sizeof place, STR("/tmp/bide-blob-XXXXXX"));
    CHECK(mkdtemp(place) != NULL);
    blob_dir_init(&dir, place);
}

static void close_place(void)
{
    char path[128];
    (void)dir.blob.ops->remove(&dir.blob, &one);
    (void)dir.blob.ops->remove(&dir.blob, &two);
    snprintf(path, sizeof path, "%s/files", place);
    CHECK(rmdir(path) == 0 || errno == ENOENT); /* nothing else is left */
    CHECK_INT(rmdir(place), 0);
}

static void put(const struct id *id, const char *text)
{
    struct blob_writer w;
    CHECK_INT(dir.blob.ops->begin(&dir.blob, id, &w), 0);
    CHECK_INT(dir.blob.ops->write(&w, str_of(text)), 0);
    CHECK_INT(dir.blob.ops->write(&w, STR("!")), 0);
    CHECK_INT(dir.blob.ops->sync(&dir.blob, &w), 0);
}

static int opened(const struct id *id)
{
    int fd = -1, sys = dir.blob.ops->open(&dir.blob, id, &fd);
    if (sys) return sys;
    char text[16] = "";
    CHECK_INT(read(fd, text, sizeof text - 1), 6);
    CHECK_STR(str_of(text), "hello!");
    close(fd);
    return 0;
}

static size_t pending(struct id *ret)
{
    size_t n;
    struct id ids[4];
    CHECK_INT(dir.blob.ops->pending(&dir.blob, ids, 4, &n), 0);
    if (n && ret) *ret = ids[0];
    return n;
}

TEST(a_file_is_pending_until_it_is_settled)
{
    struct id id;
    open_place();
    size_t n;
    CHECK_INT(dir.blob.ops->pending(&dir.blob, &id, 1, &n), ENOENT);
    put(&one, "hello");
    CHECK_INT(opened(&one), ENOENT);
    CHECK_INT(pending(&id), 1);
    CHECK(id_cmp(&id, &one) == 0);
    CHECK_INT(dir.blob.ops->settle(&dir.blob, &one), 0);
    CHECK_INT(opened(&one), 0);
    CHECK_INT(pending(NULL), 0);
    CHECK_INT(dir.blob.ops->settle(&dir.blob, &one), 0); /* a second time: nothing */
    CHECK_INT(dir.blob.ops->settle(&dir.blob, &two), ENOENT);
    CHECK_INT(dir.blob.ops->remove(&dir.blob, &one), 0);
    CHECK_INT(opened(&one), ENOENT);
    CHECK_INT(dir.blob.ops->remove(&dir.blob, &one), 0);
    close_place();
}

TEST(what_is_dropped_leaves_nothing)
{
    struct blob_writer w;
    open_place();
    CHECK_INT(dir.blob.ops->begin(&dir.blob, &one, &w), 0);
    struct blob_writer other;
    CHECK_INT(dir.blob.ops->begin(&dir.blob, &one, &other), EEXIST);
    dir.blob.ops->drop(&dir.blob, &w);
    CHECK_INT(pending(NULL), 0);
    put(&two, "hello");
    w = (struct blob_writer){.id = two, .fd = -1}; /* synced already */
    dir.blob.ops->drop(&dir.blob, &w);
    CHECK_INT(pending(NULL), 0);
    CHECK_INT(dir.blob.ops->settle(&dir.blob, &two), ENOENT);
    close_place();
}

TEST(a_link_is_the_file_under_another_name)
{
    char path[128];
    struct stat st;
    open_place();
    put(&one, "hello");
    CHECK_INT(dir.blob.ops->settle(&dir.blob, &one), 0);
    int at = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
    CHECK_INT(dir.blob.ops->link(&dir.blob, &one, at, "shown.txt"), 0);
    CHECK_INT(dir.blob.ops->link(&dir.blob, &one, at, "shown.txt"), EEXIST);
    CHECK_INT(dir.blob.ops->link(&dir.blob, &two, at, "other"), ENOENT);
    close(at);
    snprintf(path, sizeof path, "%s/shown.txt", place);
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_size, 6);
    CHECK_INT(st.st_mode & 0777, 0444);
    CHECK_INT(unlink(path), 0);
    CHECK_INT(opened(&one), 0);
    close_place();
}

TEST(a_link_in_the_place_of_a_file_or_of_the_folder_is_not_followed)
{
    char path[128], id[ID_TEXT];
    open_place();
    put(&one, "hello");
    id_format(&two, id);
    snprintf(path, sizeof path, "%s/files/%s", place, id);
    CHECK_INT(symlink("/etc/passwd", path), 0);
    CHECK_INT(opened(&two), ELOOP);
    CHECK_INT(unlink(path), 0);
    CHECK_INT(dir.blob.ops->remove(&dir.blob, &one), 0);
    snprintf(path, sizeof path, "%s/files", place);
    CHECK_INT(rmdir(path), 0);
    CHECK_INT(symlink("/tmp", path), 0);
    struct blob_writer w;
    CHECK(dir.blob.ops->begin(&dir.blob, &one, &w) != 0);
    CHECK_INT(unlink(path), 0);
    close_place();
}

TEST_MAIN
