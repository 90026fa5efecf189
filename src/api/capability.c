/* SPDX-License-Identifier: Apache-2.0
 */
#include "api/capability.h"

#include "base/hash.h"

#include <stdio.h>
#include <string.h>

#define SIGNATURE_TEXT (2 * CAPABILITY_SIGNATURE)

/* What else may be signed with the same secret some day begins otherwise. */
static void sign(const struct store *s, const struct id *id, char ret[SIGNATURE_TEXT + 1])
{
    uint8_t mac[HASH_SHA256];
    struct str parts[] = {STR("share\n"), id_key(id)};
    hash_hmac((struct str){(const char *)s->secret, sizeof s->secret}, parts, 2, mac);
    hash_hex(mac, CAPABILITY_SIGNATURE, ret);
}

struct str capability_path(const struct store *s, const struct id *id, char path[CAPABILITY_PATH])
{
    char text[ID_TEXT], signature[SIGNATURE_TEXT + 1];
    id_format(id, text);
    sign(s, id, signature);
    snprintf(path, CAPABILITY_PATH, CAPABILITY_PREFIX "%s.%s", text, signature);
    return str_of(path);
}

bool capability_read(const struct store *s, struct str text, struct id *ret)
{
    char signature[SIGNATURE_TEXT + 1];
    struct str id = str_cut(&text, '.');
    if (id_parse(ret, id) || text.len != SIGNATURE_TEXT) return false;
    sign(s, ret, signature);
    return hash_same(signature, text.p, SIGNATURE_TEXT);
}
