/* SPDX-License-Identifier: Apache-2.0
 *
 * The registries of special-purpose addresses (RFC 6890 and what came after), and the ways to write an IPv4 address as an IPv6
 * one: mapped (RFC 4291 section 2.5.5.2), NAT64 (RFC 6052), 6to4 (RFC 3056), Teredo (RFC 4380).
 */
#include "http/reach.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

struct special {
    uint8_t net[16];
    uint8_t bits;
    const char *what;
};

static const struct special v4[] = {
    {{0}, 8, "this network"},          {{10}, 8, "private"},           {{100, 64}, 10, "shared"},
    {{127}, 8, "loopback"},            {{169, 254}, 16, "link-local"}, {{172, 16}, 12, "private"},
    {{192, 0, 0}, 24, "reserved"},     {{192, 0, 2}, 24, "reserved"},  {{192, 88, 99}, 24, "reserved"},
    {{192, 168}, 16, "private"},       {{198, 18}, 15, "reserved"},    {{198, 51, 100}, 24, "reserved"},
    {{203, 0, 113}, 24, "reserved"},   {{224}, 4, "multicast"},        {{240}, 4, "reserved"},
};

static const struct special v6[] = {
    {{[15] = 1}, 128, "loopback"},     {{0}, 96, "unspecified"},             {{1}, 8, "reserved"},
    {{0x00, 0x64, 0xff, 0x9b, 0, 1}, 48, "private"},                         {{0}, 8, "reserved"},
    {{0x20, 0x01, 0, 0}, 32, "reserved"}, {{0x20, 0x01, 0x0d, 0xb8}, 32, "reserved"}, {{0x20, 0x01}, 23, "reserved"},
    {{0x3f, 0xff}, 20, "reserved"},    {{0x5f}, 16, "reserved"},             {{0xfc}, 7, "private"},
    {{0xfe, 0x80}, 10, "link-local"},  {{0xfe, 0xc0}, 10, "private"},        {{0xff}, 8, "multicast"},
};

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};

static bool lies_in(const uint8_t *address, const uint8_t *net, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(address, net, whole) != 0) return false;
    return rest == 0 || (address[whole] ^ net[whole]) >> (8 - rest) == 0;
}

static const char *find(const struct special *table, size_t n, const uint8_t *address)
{
    for (size_t i = 0; i < n; i++)
        if (lies_in(address, table[i].net, table[i].bits)) return table[i].what;
    return NULL;
}

static const char *judge4(const uint8_t *address) { return find(v4, sizeof v4 / sizeof *v4, address); }

static const char *judge(const uint8_t address[16])
{
    if (memcmp(address, mapped, sizeof mapped) == 0 || memcmp(address, nat64, sizeof nat64) == 0) return judge4(address + 12);
    if (address[0] == 0x20 && address[1] == 0x02) return judge4(address + 2);
    return find(v6, sizeof v6 / sizeof *v6, address);
}

static const char *why_not(const uint8_t address[16], const struct reach_net *allowed, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (lies_in(address, allowed[i].address, allowed[i].bits)) return NULL;
    return judge(address);
}

const char *reach_why_not(const struct sockaddr *to, const struct reach_net *allowed, size_t n)
{
    uint8_t address[16];
    if (to->sa_family == AF_INET6) {
        memcpy(address, &((const struct sockaddr_in6 *)(const void *)to)->sin6_addr, 16);
    } else if (to->sa_family == AF_INET) {
        memcpy(address, mapped, sizeof mapped);
        memcpy(address + 12, &((const struct sockaddr_in *)(const void *)to)->sin_addr, 4);
    } else {
        return "no internet";
    }
    return why_not(address, allowed, n);
}

/* An address as inet_pton takes it; *ret_v4: it is one of four numbers. */
static bool parse(struct str text, uint8_t address[16], bool *ret_v4)
{
    char host[64];
    if (!str_copy(host, sizeof host, text)) return false;
    *ret_v4 = inet_pton(AF_INET, host, address + 12) == 1;
    if (*ret_v4) memcpy(address, mapped, sizeof mapped);
    return *ret_v4 || inet_pton(AF_INET6, host, address) == 1;
}

const char *reach_why_not_host(struct str host, const struct reach_net *allowed, size_t n)
{
    uint8_t address[16];
    bool is_v4;
    if (host.len > 1 && host.p[0] == '[' && host.p[host.len - 1] == ']') host = str_sub(host, 1, host.len - 2);
    if (str_eq_nocase(host, STR("localhost"))) host = STR("127.0.0.1");
    return parse(host, address, &is_v4) ? why_not(address, allowed, n) : NULL;
}

int reach_net_parse(struct reach_net *ret, struct str text, struct err *e)
{
    struct str bits = text, address = str_cut(&bits, '/');
    bool is_v4, said = address.len < text.len;
    int64_t n = 0;
    if (!parse(address, ret->address, &is_v4) || (said && text_int(&n, bits) != 0) || n < 0 || n > (is_v4 ? 32 : 128))
        return err_set(e, ERR_INVALID, "\"%.*s\" is no address or network, like 10.1.0.0/16, fd00::/8 or 127.0.0.1", (int)(text.len > 60 ? 60 : text.len), text.p);
    ret->bits = (uint8_t)(said ? n + (is_v4 ? 96 : 0) : 128);
    return 0;
}
