/* SPDX-License-Identifier: Apache-2.0
 *
 * Secrets: read from where they are kept, refused when everybody can read them, never in a message or on show.
 */
#include "server/config_show.h"
#include "test.h"
#include "test_config_dir.h"
#include <sys/stat.h>
#include <unistd.h>

static struct config c;
static struct config_errors errors;

static void keep(const char *name, const char *content, mode_t mode)
{
    const char *path = config_dir_path(name);
    unlink(path);
    FILE *f = fopen(path, "w");
    if (!f || fputs(content, f) < 0 || fclose(f) != 0 || chmod(path, mode) != 0) abort();
}

static int load(const char *secret)
{
    char yaml[1024];
    snprintf(yaml, sizeof yaml, "workers: {w: {command: [w], secret_env: {TOKEN: \"%s\"}}}\n", secret);
    config_release(&c);
    int err = config_load(&c, config_dir_write("bide.yaml", yaml), NULL, &errors);
    unlink(config_dir_path("s")); /* so that the folder can go */
    return err;
}

static void check_value(const char *wanted) { CHECK_STR(str_of(config_worker_find(&c, STR("w"))->secret_env[0]), wanted); }

static void check_error(const char *wanted)
{
    CHECK_INT(errors.n, 1);
    CHECK_INT(errors.items[0].mark.line, 1);
    if (!strstr(errors.items[0].text, wanted)) fprintf(stderr, "said: %s\n", errors.items[0].text);
    CHECK(strstr(errors.items[0].text, wanted) != NULL);
    CHECK(strstr(errors.items[0].text, "hush") == NULL);
}

TEST(a_secret_is_the_content_of_its_file_without_the_line_end)
{
    keep("s", "hush\n", 0600);
    CHECK_INT(load("file:s"), 0);
    check_value("TOKEN=hush");
    keep("s", "a b\nc\r\n", 0640);
    CHECK_INT(load("file:./s"), 0);
    check_value("TOKEN=a b\nc");
    keep("s", "hush", 0400);
    char said[4200];
    snprintf(said, sizeof said, "file:%s", config_dir_path("s"));
    CHECK_INT(load(said), 0);
    check_value("TOKEN=hush");
}

TEST(a_file_that_everybody_can_read_or_write_is_refused)
{
    keep("s", "hush\n", 0644);
    CHECK_INT(load("file:s"), ERR_CONFIG);
    check_error("\"secret_env\": \"TOKEN\": ");
    check_error("/s: everybody can read it (mode 0644)");
    keep("s", "hush\n", 0602);
    CHECK_INT(load("file:s"), ERR_CONFIG);
    check_error("everybody can write it");
}

TEST(a_file_that_holds_no_secret_is_refused)
{
    keep("s", "\n", 0600);
    CHECK_INT(load("file:s"), ERR_CONFIG);
    check_error("it is empty");
    CHECK_INT(load("file:absent"), ERR_CONFIG);
    check_error("/absent: No such file");
    CHECK_INT(load("file:/dev"), ERR_CONFIG);
    check_error("/dev: this is not a file");
}

TEST(a_credential_is_a_file_of_the_service_managers_folder)
{
    unsetenv("CREDENTIALS_DIRECTORY");
    CHECK_INT(load("credential:s"), ERR_CONFIG);
    check_error("CREDENTIALS_DIRECTORY");
    setenv("CREDENTIALS_DIRECTORY", config_dir_path(""), 1);
    keep("s", "hush\n", 0400);
    CHECK_INT(load("credential:s"), 0);
    check_value("TOKEN=hush");
    CHECK_INT(load("credential:../s"), ERR_CONFIG);
    check_error("has no /");
    unsetenv("CREDENTIALS_DIRECTORY");
}

TEST(a_secret_in_the_file_itself_is_refused_without_being_repeated)
{
    CHECK_INT(load("hush-hush"), ERR_CONFIG);
    check_error("expected file:PATH or credential:NAME, where the secret is kept; not the secret itself");
    config_release(&c);
    CHECK_INT(config_load(&c, config_dir_write("bide.yaml", "workers: {w: {command: [w], secret_env: hush}}\n"), NULL, &errors),
              ERR_CONFIG);
    check_error("expected a map of NAME: file:PATH, or credential:NAME");
}

static void note(void *user, const struct config_item *item) { config_show_value(user, item); }

TEST(a_secret_is_masked_on_show_and_kept_apart_from_env)
{
    struct buf b;
    buf_init(&b, 65536);
    keep("s", "hush\n", 0600);
    config_release(&c);
    const char *yaml = "types: {t: {exec: [w], env: {PLAIN: \"file:s\"}, secret_env: {WORD: \"file:s\"}}}\n";
    CHECK_INT(config_load(&c, config_dir_write("bide.yaml", yaml), NULL, &errors), 0);
    unlink(config_dir_path("s"));
    CHECK_STR(str_of(c.types[0].exec.env[0]), "PLAIN=file:s");
    CHECK_STR(str_of(c.types[0].exec.secret_env[0]), "WORD=hush");
    config_show_each(&c, note, &b);
    CHECK(strstr(b.p, "{\"PLAIN\":\"file:s\"}") != NULL);
    CHECK(strstr(b.p, "{\"WORD\":\"***\"}") != NULL);
    CHECK(strstr(b.p, "hush") == NULL);
    buf_release(&b);
}

TEST_MAIN
