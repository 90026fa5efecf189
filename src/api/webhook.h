/* SPDX-License-Identifier: Apache-2.0
 *
 * `webhook` of a submit or a type: who is told of the ending. Kept with what follows the task (sequel.h); when it has ended, a
 * delivery is made of it, which is a task of its own kind (handler/webhook.h): its id is that of the run that ended, derived, so
 * that it is found from there and made once.
 */
#ifndef API_WEBHOOK_H
#define API_WEBHOOK_H

#include "api/api.h"
#include "base/json_write.h"

struct webhook_wish {
    struct str url, host;
    unsigned endings;     /* bits 1 << enum task_state */
    struct str secret_id; /* p NULL: it is not signed */
    bool trusted;         /* the configuration says it */
};

/* `said` NULL: the type's. *ret url.p NULL: nobody is told. Checks what it says, with pointers. */
int webhook_of_submit(struct webhook_wish *ret, const struct json *j, const struct json_node *said, const struct config_type *type,
                      struct server *s, struct arena *a, struct err *e) MUST_USE;
void webhook_write_wish(struct buf *b, const struct webhook_wish *w); /* the value of the member `webhook` */

/* The delivery of this ending by what was written there; false: it wants to hear of other endings. */
bool webhook_make(struct api *api, const struct task *t, const struct json *j, const struct json_node *wish, struct arena *a,
                  struct task_body *ret);
enum webhook_of { WEBHOOK_OF_TASK, WEBHOOK_OF_ROUTE }; /* a task may have one of each */

int webhook_check_wish(struct webhook_wish *w, struct server *s, struct err *e) MUST_USE; /* its URL; finds host and secret */
/* The delivery of a body by what is written in `said`: url, secret_id, trusted, timeout_ms. */
void webhook_fill(struct api *api, const struct task *t, const struct json *j, const struct json_node *said, struct str body,
                  enum webhook_of of, struct arena *a, struct task_body *ret);
struct id webhook_id(const struct task *t, enum webhook_of of); /* of an ended one, its delivery's */

/* {"status","attempts",...} of the delivery of an ended task, as that shows it. */
const char *webhook_status(const struct task *delivery); /* pending delivered failed disabled cancelled */
void webhook_write_brief(struct buf *b, const struct task *delivery);

#endif
