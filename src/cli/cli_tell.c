/* SPDX-License-Identifier: Apache-2.0
 *
 * A headline may begin with a brace, too, as that of "{task.subject} is over": only what is an object is taken for one. Whether the
 * rest is an address, or a headline, is the server's to say.
 */
#include "cli/cli_tell.h"

#include "base/json.h"
#include "base/json_write.h"

static bool is_object(struct str text)
{
    struct json j;
    json_init(&j);
    bool is = json_parse(&j, text, NULL) == 0 && json_root(&j)->kind == JSON_OBJECT;
    json_release(&j);
    return is;
}

/* `first`: the member of it that a text is. */
static void write_one(const char *text, const char *member, const char *first, struct buf *members)
{
    if (!text) return;
    json_write_key(members, member);
    if (is_object(str_of(text))) {
        json_write_raw(members, str_of(text));
        return;
    }
    json_write_open(members, '{');
    json_write_member_text(members, first, text);
    json_write_close(members, '}');
}

void cli_tell_write(const struct cli_args *a, struct buf *members)
{
    write_one(cli_args_text(a, "--webhook"), "webhook", "url", members);
    write_one(cli_args_text(a, "--notify"), "notify", "title", members);
}
