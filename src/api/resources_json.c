/* SPDX-License-Identifier: Apache-2.0
 *
 * See resources_json.h.
 */
#include "api/resources_json.h"

void resources_json_write(struct buf *b, const struct resources *r)
{
    json_write_key(b, "resources");
    json_write_open(b, '[');
    for (size_t i = 0; i < r->n; i++) {
        json_write_open(b, '{');
        json_write_member_text(b, "name", r->whole[i].name);
        json_write_member_int(b, "total", r->whole[i].amount);
        json_write_member_int(b, "used", resources_used(r, i));
        json_write_close(b, '}');
    }
    json_write_close(b, ']');
}
