/* SPDX-License-Identifier: Apache-2.0
 *
 * The run key: made once, kept, secret, and compared whole.
 */
#include "server/command_key.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[] = "/tmp/bide-key-XXXXXX", path[64];
static struct err e;

static void begin(void)
{
    memcpy(dir, "/tmp/bide-key-XXXXXX", sizeof dir);
    CHECK(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/" COMMAND_KEY_FILE, dir);
}

static void end(void)
{
    (void)unlink(path);
    CHECK_INT(rmdir(dir), 0); /* nothing else was left in it */
}

static void write_key(const char *text, mode_t mode)
{
    FILE *f = fopen(path, "w");
    CHECK(f && fputs(text, f) >= 0);
    CHECK_INT(fclose(f), 0);
    CHECK_INT(chmod(path, mode), 0);
}

TEST(a_key_is_made_once_and_kept)
{
    struct command_key made, again, read;
    struct stat st;
    begin();
    CHECK_INT(command_key_read(&read, dir, &e), ERR_NOT_FOUND);
    CHECK(!command_key_is(&read, STR("")));
    CHECK_INT(command_key_open(&made, dir, rng_system(), &e), 0);
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_mode & 07777, 0600);
    CHECK_INT(command_key_open(&again, dir, rng_system(), &e), 0);
    CHECK_INT(command_key_read(&read, dir, &e), 0);
    CHECK(strcmp(made.text, again.text) == 0 && strcmp(made.text, read.text) == 0);
    unlink(path);
    CHECK_INT(command_key_open(&again, dir, rng_system(), &e), 0);
    CHECK(strcmp(made.text, again.text) != 0);
    end();
}

TEST(only_the_whole_key_is_the_key)
{
    struct command_key k;
    begin();
    CHECK_INT(command_key_open(&k, dir, rng_system(), &e), 0);
    struct str whole = str_of(k.text);
    CHECK(command_key_is(&k, whole));
    CHECK(!command_key_is(&k, str_sub(whole, 0, whole.len - 1)));
    CHECK(!command_key_is(&k, STR("")));
    for (size_t i = 0; i < whole.len; i++) {
        char other[COMMAND_KEY_TEXT];
        memcpy(other, k.text, sizeof other);
        other[i] = other[i] == 'a' ? 'b' : 'a';
        CHECK(!command_key_is(&k, str_of(other)));
    }
    end();
}

TEST(a_key_that_others_can_read_or_that_is_none_is_not_used)
{
    static const char digits[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";
    struct command_key k;
    begin();
    write_key(digits, 0600);
    CHECK_INT(command_key_open(&k, dir, rng_system(), &e), 0);
    for (mode_t mode = 0601; mode <= 0677; mode++) {
        write_key(digits, mode);
        CHECK_INT(command_key_open(&k, dir, rng_system(), &e), ERR_CONFIG);
        CHECK(!command_key_is(&k, str_sub(str_of(digits), 0, 64)));
    }
    write_key("password\n", 0600);
    CHECK_INT(command_key_open(&k, dir, rng_system(), &e), ERR_CONFIG);
    CHECK(!command_key_is(&k, STR("password")));
    end();
}

TEST_MAIN
