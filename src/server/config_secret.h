/* SPDX-License-Identifier: Apache-2.0
 *
 * A secret is said by where it is kept, so that the configuration can be shown, mailed and committed: `file:PATH`, or
 * `credential:NAME` for a file that systemd put into $CREDENTIALS_DIRECTORY (LoadCredential=). Its value is what the
 * file holds, without the line end after it, behind the words said before it, as in `Bearer file:PATH`. A file that everybody on the machine can read is no secret and refused.
 */
#ifndef SERVER_CONFIG_SECRET_H
#define SERVER_CONFIG_SECRET_H

#include "base/arena.h"
#include "base/err.h"

/* Reads the secret that `said` names; a relative path is under `dir`. ERR_CONFIG with the reason, which never holds
 * `said` unless it is a name, nor anything of the value. */
int config_secret_read(struct str *ret_value, struct arena *a, const char *dir, struct str said, struct err *e) MUST_USE;

#endif
