/* SPDX-License-Identifier: Apache-2.0
 *
 * Three bytes are four characters.
 */
#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const uint8_t *bytes, size_t n, char *to)
{
    for (size_t i = 0; i < n; i += 3) {
        unsigned three = (unsigned)bytes[i] << 16 | (i + 1 < n ? (unsigned)bytes[i + 1] << 8 : 0) | (i + 2 < n ? bytes[i + 2] : 0);
        *to++ = alphabet[three >> 18 & 63];
        *to++ = alphabet[three >> 12 & 63];
        *to++ = i + 1 < n ? alphabet[three >> 6 & 63] : '=';
        *to++ = i + 2 < n ? alphabet[three & 63] : '=';
    }
    *to = '\0';
}

static int value_of(char c)
{
    for (int i = 0; i < 64; i++)
        if (alphabet[i] == c) return i;
    return -1;
}

int base64_decode(struct str text, uint8_t *to, size_t *ret_n)
{
    size_t padding = 0, n = 0;
    unsigned bits = 0;
    while (padding < 2 && str_ends(text, STR("="))) text.len--, padding++;
    if (text.len % 4 == 1 || (padding && (text.len + padding) % 4)) return ERR_INVALID;
    for (size_t i = 0; i < text.len; i++) {
        int value = value_of(text.p[i]);
        if (value < 0) return ERR_INVALID;
        bits = bits << 6 | (unsigned)value;
        if (i % 4) to[n++] = (uint8_t)(bits >> (6 - i % 4 * 2));
    }
    *ret_n = n;
    return 0;
}
