/* SPDX-License-Identifier: Apache-2.0
 *
 * Users, the orders of a keeper, and whose an attempt's directory is.
 */
#include "handler/sandbox.h"
#include "base/mem.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_FIRST 4096
#define RECORD_MOST (1024 * 1024) /* a group may have many members */
#define NO_HOME "/"

/* ---- who is it? ---- */

/* A number that can be a user's or a group's: the largest means "none" to the system. */
static bool is_id(struct str s, uint32_t *ret)
{
    int64_t n;
    if (text_int(&n, s) != 0 || n < 0 || n >= UINT32_MAX) return false;
    *ret = (uint32_t)n;
    return true;
}

/* False: it is not known. */
static bool find_passwd(const char *name, uid_t uid, struct sandbox_user *u)
{
    struct passwd record, *found = NULL;
    char *room = NULL;
    int sys = ERANGE;
    for (size_t size = RECORD_FIRST; sys == ERANGE && size <= RECORD_MOST; size *= 4) {
        free(room);
        room = mem_new(size);
        sys = name ? getpwnam_r(name, &record, room, size, &found) : getpwuid_r(uid, &record, room, size, &found);
    }
    if (found) {
        u->uid = found->pw_uid;
        u->gid = found->pw_gid;
        (void)str_copy(u->name, sizeof u->name, str_of(found->pw_name));
        (void)str_copy(u->home, sizeof u->home, str_of(found->pw_dir));
    }
    free(room);
    return found != NULL;
}

static bool find_group(const char *name, uint32_t *ret)
{
    struct group record, *found = NULL;
    char *room = NULL;
    int sys = ERANGE;
    for (size_t size = RECORD_FIRST; sys == ERANGE && size <= RECORD_MOST; size *= 4) {
        free(room);
        room = mem_new(size);
        sys = getgrnam_r(name, &record, room, size, &found);
    }
    if (found) *ret = found->gr_gid;
    free(room);
    return found != NULL;
}

/* As initgroups() would have it; an id without a name is in its one group. */
static int find_groups(struct sandbox_user *u, struct err *e)
{
    gid_t groups[SANDBOX_GROUPS];
    int n = SANDBOX_GROUPS;
    if (!u->name[0]) groups[0] = u->gid, n = 1;
    else if (getgrouplist(u->name, u->gid, groups, &n) < 0)
        return err_set(e, ERR_NOT_FOUND, "%s is in more than %d groups", u->name, SANDBOX_GROUPS);
    for (int i = 0; i < n; i++) u->groups[i] = groups[i];
    u->n_groups = (uint32_t)n;
    return 0;
}

int sandbox_user_find(struct sandbox_user *ret, struct str text, struct err *e)
{
    struct sandbox_user u;
    char name[SANDBOX_TEXT], group[SANDBOX_TEXT];
    struct str rest = text, head = str_cut(&rest, ':');
    bool with_group = head.len < text.len;
    memset(&u, 0, sizeof u);
    bool fits = str_copy(u.text, sizeof u.text, text) && str_copy(name, sizeof name, head) &&
                str_copy(group, sizeof group, rest);
    if (!fits || !head.len || (with_group && !rest.len))
        return err_set(e, ERR_NOT_FOUND, "expected a user like bide, bide:video, 998 or 998:44; found \"%.*s\"",
                       text.len < 80 ? (int)text.len : 80, text.p ? text.p : "");
    bool number = is_id(head, &u.uid);
    bool known = find_passwd(number ? NULL : name, u.uid, &u);
    if (!known && !number) return err_set(e, ERR_NOT_FOUND, "there is no user \"%s\" here", name);
    if (!known && !with_group)
        return err_set(e, ERR_NOT_FOUND, "user %s has no name and so no group here: say %s:GID", name, name);
    if (with_group && !is_id(rest, &u.gid) && !find_group(group, &u.gid))
        return err_set(e, ERR_NOT_FOUND, "there is no group \"%s\" here", group);
    if (!u.home[0]) memcpy(u.home, NO_HOME, sizeof NO_HOME);
    int rc = find_groups(&u, e);
    if (rc == 0) *ret = u;
    return rc;
}

bool sandbox_user_is_ours(const struct sandbox_user *u)
{
    return !u->text[0] || (u->uid == geteuid() && u->gid == getegid());
}

bool sandbox_has_paths(const struct sandbox_conf *c) { return c->writable || c->read_only; }

/* ---- orders ---- */

static size_t count(const char *const *list)
{
    size_t n = 0;
    while (list && list[n]) n++;
    return n;
}

static const char *user_order(const struct sandbox_user *u, struct arena *a)
{
    struct buf b;
    buf_init(&b, 64 + 16 * SANDBOX_GROUPS);
    buf_add_format(&b, "user=%u:%u", u->uid, u->gid);
    for (uint32_t i = 0; i < u->n_groups; i++) buf_add_format(&b, "%s%u", i ? "," : ":", u->groups[i]);
    const char *order = arena_text(a, buf_str(&b));
    buf_release(&b);
    return order;
}

static size_t add_limit(const char **orders, size_t n, struct arena *a, const char *word, int64_t value)
{
    if (value > 0) orders[n++] = arena_format(a, "%s=%lld", word, (long long)value).p;
    return n;
}

static size_t add_limits(const char **orders, size_t n, struct arena *a, const struct sandbox_limits *l)
{
    n = add_limit(orders, n, a, "memory", l->memory);
    n = add_limit(orders, n, a, "files", l->files);
    n = add_limit(orders, n, a, "processes", l->processes);
    n = add_limit(orders, n, a, "cpu", (l->cpu_ms + 999) / 1000);
    n = add_limit(orders, n, a, "file_size", l->file_size);
    if (l->core == SANDBOX_CORE_NONE) orders[n++] = "core=0";
    if (l->core == SANDBOX_CORE_UNLIMITED) orders[n++] = "core=max";
    return n;
}

static size_t add_paths(const char **orders, size_t n, struct arena *a, const char *word, const char *const *paths)
{
    for (; paths && *paths; paths++) orders[n++] = arena_format(a, "%s=%s", word, *paths).p;
    return n;
}

const char *const *sandbox_orders(const struct sandbox_conf *c, const char *dir, struct arena *a)
{
    const char **orders = arena_alloc(a, (16 + count(c->writable) + count(c->read_only)) * sizeof *orders);
    size_t n = add_limits(orders, 0, a, &c->limits);
    bool ours = sandbox_user_is_ours(&c->user);
    const char *attempts = dir ? dir : c->attempts;
    if (!c->no_new_privileges) orders[n++] = "privileges=new";
    if (!ours) orders[n++] = user_order(&c->user, a);
    n = add_paths(orders, n, a, "write", c->writable);
    n = add_paths(orders, n, a, "read", c->read_only);
    if (attempts && (sandbox_has_paths(c) || !ours)) orders[n++] = arena_format(a, "attempts=%s", attempts).p;
    orders[n] = NULL;
    return orders;
}

/* ---- the directory of an attempt ---- */

/* The files first: in a directory that is not ours any more a name may mean something else. */
int sandbox_give_dir(const struct sandbox_conf *c, const char *dir, const char *const *files, struct err *e)
{
    const struct sandbox_user *u = &c->user;
    if (sandbox_user_is_ours(u)) return 0;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int sys = fd < 0 ? errno : 0;
    for (; !sys && *files; files++)
        if (fchownat(fd, *files, u->uid, u->gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT) sys = errno;
    if (!sys && fchown(fd, u->uid, u->gid) < 0) sys = errno;
    if (fd >= 0) close(fd);
    return sys ? err_set_errno(e, ERR_IO, sys, dir) : 0;
}
