/* SPDX-License-Identifier: Apache-2.0
 *
 * Every special range at its first and last address and beside them, however an address is written; and what is let through.
 */
#include "http/reach.h"
#include "test/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static const char *judge(const char *address, const char *allowed)
{
    struct reach_net net;
    struct err e;
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    size_t n = allowed != NULL;
    if (allowed) CHECK_INT(reach_net_parse(&net, str_of(allowed), &e), 0);
    const char *by_text = reach_why_not_host(str_of(address), &net, n);
    const char *by_socket = inet_pton(AF_INET, address, &v4.sin_addr) == 1    ? reach_why_not((struct sockaddr *)&v4, &net, n)
                            : inet_pton(AF_INET6, address, &v6.sin6_addr) == 1 ? reach_why_not((struct sockaddr *)&v6, &net, n)
                                                                               : "not an address";
    CHECK((by_text == NULL) == (by_socket == NULL));
    return by_text;
}

TEST(special_addresses_are_refused_to_their_edges_and_no_others)
{
    static const char *const refused[] = {
        "0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1", "127.255.255.255",
        "169.254.0.0", "169.254.169.254", "172.16.0.0", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.168.0.0", "192.168.255.255",
        "198.18.0.0", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:127.0.0.1", "::ffff:10.1.2.3", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:c0a8:101::", "2001:0:1::",
        "2001:db8::1", "fc00::1", "fdff:ffff::1", "fe80::1", "febf::1", "fec0::1", "ff02::1", "::7f00:1", "3fff::1", "5f00::1",
        "::ffff:0:7f00:1", "0:0:0:1::1"};
    static const char *const reached[] = {
        "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1", "169.253.255.255", "169.255.0.0",
        "172.15.255.255", "172.32.0.0", "192.0.1.1", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "203.0.114.1", "223.255.255.255",
        "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::", "2606:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (!judge(refused[i], NULL)) fprintf(stderr, "%s\n", refused[i]), test_fail();
    for (size_t i = 0; i < sizeof reached / sizeof *reached; i++)
        if (judge(reached[i], NULL)) fprintf(stderr, "%s\n", reached[i]), test_fail();
}

TEST(what_is_allowed_is_let_through_and_not_its_neighbour)
{
    CHECK(!judge("127.0.0.1", "127.0.0.1"));
    CHECK(judge("127.0.0.2", "127.0.0.1"));
    CHECK(!judge("10.1.255.255", "10.1.0.0/16"));
    CHECK(judge("10.2.0.0", "10.1.0.0/16"));
    CHECK(!judge("::ffff:10.1.2.3", "10.1.0.0/16"));
    CHECK(!judge("fd00:1::1", "fd00:1::/32"));
    CHECK(judge("fd00:2::1", "fd00:1::/32"));
    CHECK(!judge("192.168.1.1", "0.0.0.0/0"));
    CHECK(!judge("fe80::1", "::/0"));
}

TEST(hosts_as_urls_write_them)
{
    CHECK(reach_why_not_host(STR("[::1]"), NULL, 0));
    CHECK(reach_why_not_host(STR("LocalHost"), NULL, 0));
    CHECK(!reach_why_not_host(STR("example.org"), NULL, 0));
    CHECK(!reach_why_not_host(STR(""), NULL, 0));
    CHECK(!reach_why_not_host(STR("[]"), NULL, 0));
}

TEST(networks_that_are_none)
{
    static const char *const none[] = {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/-1", "::/129", "host", "10.0.0", "10.0.0.0/8/8"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct reach_net net;
        struct err e;
        CHECK_INT(reach_net_parse(&net, str_of(none[i]), &e), ERR_INVALID);
    }
}

TEST_MAIN
