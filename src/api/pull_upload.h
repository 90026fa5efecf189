/* SPDX-License-Identifier: Apache-2.0
 *
 * Which requests are uploads of pullers, whose bodies come in pieces.
 */
#ifndef API_PULL_UPLOAD_H
#define API_PULL_UPLOAD_H

#include "http/http.h"

bool pull_upload_in_pieces(const struct http_request *r);

#endif
