/* SPDX-License-Identifier: Apache-2.0
 *
 * See command.h. What is refused says where the key is, never what it is.
 */
#include "api/command.h"

int command_check(const struct http_request *r, const struct server *s, struct str type, struct err *e)
{
    if (!server_is_command(s, type)) return 0;
    if (!r)
        return err_set_at(e, ERR_FORBIDDEN, "/type",
                          "a command line is submitted alone, with POST /v1/tasks and the run key");
    struct str given = http_header(r, "Authorization"), scheme = str_cut(&given, ' ');
    if (str_eq_nocase(scheme, STR("Bearer")) && server_may_command(s, str_trim(given))) return 0;
    return err_set_at(e, ERR_FORBIDDEN, "/type",
                      "%s: a command line takes `Authorization: Bearer KEY`, with the key in %.200s/" COMMAND_KEY_FILE,
                      given.len ? "this is not the run key" : "the run key is missing", s->conf.config->data_dir);
}
