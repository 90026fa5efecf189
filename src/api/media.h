/* SPDX-License-Identifier: Apache-2.0
 *
 * How a file is announced to a browser.
 */
#ifndef API_MEDIA_H
#define API_MEDIA_H

#include "base/arena.h"

const char *media_type(struct str name); /* by its extension; application/octet-stream when it is not known */
/* attachment; filename*=UTF-8''... (RFC 6266, RFC 8187) */
struct str media_disposition(struct arena *a, struct str name);

#endif
