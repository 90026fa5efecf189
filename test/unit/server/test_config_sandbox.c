/* SPDX-License-Identifier: Apache-2.0
 *
 * What bide.yaml says of confining programs: of pools and of exec types alike, what cannot be, and what is warned of.
 */
#include "server/config.h"
#include "server/config_copy.h"
#include "server/config_show.h"
#include "test.h"
#include "test_config_dir.h"
#include <unistd.h>

static struct config c;
static struct config_errors errors;

static int read_file(const char *yaml)
{
    config_release(&c);
    return config_load(&c, config_dir_write("bide.yaml", yaml), NULL, &errors);
}

static void load(const char *yaml) { CHECK_INT(read_file(yaml), 0); }

static void check_refused(const char *yaml, const char *why)
{
    struct buf b;
    buf_init(&b, 65536);
    CHECK_INT(read_file(yaml), ERR_CONFIG);
    config_errors_write(&errors, &b);
    struct str text = buf_str(&b), place = str_cut(&text, ' ');
    if (text.len) text.len--; /* line feed */
    (void)place;
    CHECK_STR(text, why);
    buf_release(&b);
}

static const struct sandbox_conf *pool_sandbox(const char *name)
{
    return &config_worker_find(&c, str_of(name))->sandbox;
}

TEST(nothing_said_is_the_servers_own_and_no_new_privileges)
{
    load("workers: {w: {command: [w]}}\ntypes: {t: {exec: [t]}, u: {worker: w}}\n");
    const struct sandbox_conf *all[] = {pool_sandbox("w"), &config_type_find(&c, STR("t"))->exec.sandbox,
                                        &config_type_find(&c, STR("command"))->exec.sandbox};
    for (size_t i = 0; i < 3; i++) {
        CHECK_INT(all[i]->user.text[0], 0);
        CHECK_INT(all[i]->limits.memory + all[i]->limits.files + all[i]->limits.processes + all[i]->limits.cpu_ms, 0);
        CHECK_INT(all[i]->limits.file_size, 0);
        CHECK_INT(all[i]->limits.core, SANDBOX_CORE_INHERITED);
        CHECK(all[i]->no_new_privileges);
        CHECK(!all[i]->writable && !all[i]->read_only);
    }
    CHECK(c.warnings[0] == NULL);
}

TEST(every_key_is_read_and_paths_are_relative_to_the_file)
{
    load("workers: {w: {command: [w], user: root, limits: {memory: 4G, files: 64, processes: 9, cpu: 90s, file_size: "
         "1M, core: none},\n"
         "  writable: [cache, /tmp], read_only: [/]}}\ntypes: {t: {exec: [t], user: '0:0', no_new_privileges: false, "
         "limits: {core: unlimited}}}\n");
    const struct sandbox_conf *w = pool_sandbox("w"), *t = &config_type_find(&c, STR("t"))->exec.sandbox;
    CHECK_STR(str_of(w->user.text), "root");
    CHECK_INT(w->user.uid, 0);
    CHECK_INT(w->limits.memory, 4LL << 30);
    CHECK_INT(w->limits.files, 64);
    CHECK_INT(w->limits.processes, 9);
    CHECK_INT(w->limits.cpu_ms, 90000);
    CHECK_INT(w->limits.file_size, 1 << 20);
    CHECK_INT(w->limits.core, SANDBOX_CORE_NONE);
    CHECK_STR(str_of(w->writable[0]), config_dir_path("cache"));
    CHECK_STR(str_of(w->writable[1]), "/tmp");
    CHECK(w->writable[2] == NULL);
    CHECK_STR(str_of(w->read_only[0]), "/");
    CHECK_STR(str_of(t->user.text), "0:0");
    CHECK(!t->no_new_privileges);
    CHECK_INT(t->limits.core, SANDBOX_CORE_UNLIMITED);
}

static void add_shown(void *user, const struct config_item *item)
{
    struct buf *b = user;
    if (!str_starts(item->path, STR("workers.w."))) return;
    struct str key = str_sub(item->path, strlen("workers.w."), item->path.len);
    if (!str_starts(key, STR("user")) && !str_starts(key, STR("limits.c")) && !str_starts(key, STR("writ")) &&
        !str_starts(key, STR("read_")))
        return;
    struct buf value;
    buf_init(&value, 4096);
    config_show_value(&value, item);
    buf_add_format(b, "%.*s=%.*s\n", STR_ARG(key), STR_ARG(buf_str(&value)));
    buf_release(&value);
}

TEST(they_are_shown_as_they_would_be_written)
{
    struct buf b;
    buf_init(&b, 65536);
    load("workers: {w: {command: [w], user: root, limits: {cpu: 2m, core: none}, writable: [/tmp]}}\n");
    config_show_each(&c, add_shown, &b);
    CHECK_STR(buf_str(&b),
              "user=\"root\"\nlimits.cpu=\"2m\"\nlimits.core=\"none\"\nwritable=[\"/tmp\"]\nread_only=null\n");
    buf_clear(&b);
    load("workers: {w: {command: [w]}}\n");
    config_show_each(&c, add_shown, &b);
    CHECK_STR(buf_str(&b), "user=null\nlimits.cpu=\"0\"\nlimits.core=\"inherited\"\nwritable=null\nread_only=null\n");
    buf_release(&b);
}

TEST(a_pool_that_is_confined_otherwise_is_another_pool)
{
    struct worker_pool_conf before;
    struct arena arena = {0};
    load("workers: {w: {command: [w], user: root, limits: {files: 64}, writable: [/tmp]}}\n");
    before = c.workers[0];
    config_copy_deep(&arena, &config_table_worker, &before);
    load("workers: {w: {command: [w], user: root, limits: {files: 64}, writable: [/tmp]}}\n");
    CHECK(config_copy_same(&config_table_worker, &before, &c.workers[0], NULL));
    load("workers: {w: {command: [w], user: root, limits: {files: 65}, writable: [/tmp]}}\n");
    CHECK(!config_copy_same(&config_table_worker, &before, &c.workers[0], NULL));
    load("workers: {w: {command: [w], user: root, limits: {files: 64}, writable: [/tmp, /var]}}\n");
    CHECK(!config_copy_same(&config_table_worker, &before, &c.workers[0], NULL));
    load("workers: {w: {command: [w], user: 'root:7', limits: {files: 64}, writable: [/tmp]}}\n");
    CHECK(!config_copy_same(&config_table_worker, &before, &c.workers[0], NULL));
    c.workers[0].sandbox.user = before.sandbox.user;
    c.workers[0].sandbox.user.groups[0]++; /* his groups have changed since */
    CHECK(!config_copy_same(&config_table_worker, &before, &c.workers[0], NULL));
    arena_release(&arena);
}

TEST(what_cannot_be_is_refused_with_what_was_expected)
{
    check_refused("workers: {w: {command: [w], user: no-such-user}}\n",
                  "\"user\": there is no user \"no-such-user\" here");
    check_refused("workers: {w: {command: [w], user: 'root:'}}\n",
                  "\"user\": expected a user like bide, bide:video, 998 or 998:44; found \"root:\"");
    check_refused("workers: {w: {command: [w], writable: /tmp}}\n",
                  "\"writable\": expected a list of paths, like [/srv/models, ./cache]; found \"/tmp\"");
    check_refused("workers: {w: {command: [w], writable: []}}\n",
                  "\"writable\": expected a list of paths, like [/srv/models, ./cache]; found \"[]\"");
    check_refused("workers: {w: {command: [w], limits: {core: 0}}}\n",
                  "\"core\": expected one of inherited, none, unlimited; found \"0\"");
    check_refused("workers: {w: {command: [w], limits: {memory: lots}}}\n",
                  "\"memory\": expected a size like 64K, 4G or 100B; found \"lots\"");
    check_refused("workers: {w: {command: [w], limits: {file: 1}}}\n",
                  "unknown key \"file\" (did you mean \"files\"?)");
    check_refused("workers: {w: {command: [w]}}\ntypes: {t: {worker: w, user: root}}\n",
                  "\"t\": \"user\" goes with \"exec\"; a worker has its own");
}

TEST(what_landlock_cannot_keep_is_refused)
{
    check_refused("workers: {w: {command: [w], writable: [/srv/models/], read_only: [/usr, /srv/models/base]}}\n",
                  "\"w\": \"read_only\": /srv/models/base is below /srv/models/, which is \"writable\" with all that "
                  "is below it");
    check_refused("types: {t: {exec: [t], writable: [/srv], read_only: [/srv]}}\n",
                  "\"t\": \"read_only\": /srv is below /srv, which is \"writable\" with all that is below it");
    check_refused("types: {t: {exec: [t], writable: [/], read_only: [/usr]}}\n",
                  "\"t\": \"read_only\": /usr is below /, which is \"writable\" with all that is below it");
    check_refused("types: {t: {exec: [t], read_only: [/], no_new_privileges: false}}\n",
                  "\"t\": \"no_new_privileges: false\" cannot go with \"read_only\"");
    load("types: {t: {exec: [t], read_only: [/, /usr, /srvx], writable: [/tmp, /srv]}}\n"); /* above, beside, of another
                                                                                               name */
}

TEST(what_would_not_hold_here_is_warned_of_with_where_it_is_said)
{
    load("workers: {w: {command: [w], limits: {files: 2000000000}}}\n"
         "types: {t: {exec: [t], limits: {files: 2000000000}}, u: {worker: w}}\n");
    CHECK(str_starts(str_of(c.warnings[0]),
                     STR("workers.w: \"limits.files\" is above the hard limit of this process, ")));
    CHECK(str_starts(str_of(c.warnings[1]), STR("types.t: \"limits.files\" is above the hard limit")));
    CHECK(c.warnings[2] == NULL);
    load("workers: {w: {command: [w], writable: [gone, gone, gone, gone, gone, gone, gone, gone, gone, gone, gone, "
         "gone, gone, gone, gone,\n"
         " gone, gone, gone]}}\n");
    size_t n = 0;
    while (c.warnings[n]) n++;
    CHECK(n == 18 || n == 19); /* without Landlock that is said first */
    CHECK(strstr(c.warnings[n - 1], "/gone is not there"));
}

TEST_MAIN
