/* SPDX-License-Identifier: Apache-2.0
 *
 * The verbs submit and run: the request becomes the fields of a submit and its input.
 */
#ifndef API_ROUTE_SUBMIT_H
#define API_ROUTE_SUBMIT_H

#include "api/api.h"

void route_submit(struct call *c); /* answers the call */

#endif
