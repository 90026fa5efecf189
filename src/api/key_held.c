/* SPDX-License-Identifier: Apache-2.0
 *
 * One sentence and one member.
 */
#include "api/key_held.h"

#include <stdio.h>

const struct err *key_held(const struct store_add_item *item, struct err *e, char extra[KEY_HELD_EXTRA])
{
    char id[ID_TEXT];
    id_format(&item->holder, id);
    snprintf(extra, KEY_HELD_EXTRA, "{\"task_id\":\"%s\"}", id);
    (void)err_set_at(e, ERR_KEY_HELD, "/key",
                     "task %s holds this key until it has ended; on_conflict says what else may become of the new one", id);
    return e;
}
