/* SPDX-License-Identifier: Apache-2.0
 *
 * What a program is confined to, as /v1/workers shows it.
 */
#ifndef API_SANDBOX_JSON_H
#define API_SANDBOX_JSON_H

#include "base/buf.h"
#include "handler/sandbox.h"

/* An object; what is the server's own is null, or left out of `limits` and `landlock`. */
void sandbox_json_write(struct buf *b, const struct sandbox_conf *s);

#endif
