/* SPDX-License-Identifier: Apache-2.0
 *
 * A planted fault: a store in front of another that answers an add before it has passed it on. The tests of what was
 * answered must find it out.
 */
#ifndef TEST_CONTRACT_EARLY_H
#define TEST_CONTRACT_EARLY_H

#include "store/store.h"

struct store *early_open(struct store *inner); /* takes the inner store; `user` of its requests is a struct contract */

#endif
