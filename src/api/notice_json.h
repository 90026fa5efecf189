/* SPDX-License-Identifier: Apache-2.0
 *
 * The one object of a notification, as every route shows it.
 */
#ifndef API_NOTICE_JSON_H
#define API_NOTICE_JSON_H

#include "base/json_write.h"
#include "task/notice.h"

#define NOTICE_EXPECTED (2 * 1024) /* room claimed for each that is shown before its size is known */
/* No notification's object is larger: every text at its limit and six bytes for each of its bytes when escaped. */
#define NOTICE_JSON_MAX                                                                                            \
    (6 * (LIMIT_SUBJECT + LIMIT_NAME + LIMIT_TAGS * (LIMIT_TAG_KEY + LIMIT_TAG_VALUE + 1) +                        \
          4 * (LIMIT_NOTICE_TITLE + LIMIT_NOTICE_MESSAGE + LIMIT_NOTICE_KIND)) + LIMIT_NOTICE_DATA + 4 * 1024)

void notice_json_write(struct buf *b, const struct notice *n);
/* The same with id or status replaced, as a route shows them: a serial; a word of the application. */
void notice_json_write_as(struct buf *b, const struct notice *n, bool serial, struct str status);

#endif
