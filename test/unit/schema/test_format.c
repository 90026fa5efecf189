/* SPDX-License-Identifier: Apache-2.0
 *
 * Formats, by examples on both sides of each line.
 */
#include "schema/format.h"
#include "test.h"

static const struct {
    const char *format, *text;
    bool fits;
} cases[] = {
    {"date", "2026-02-28", true},
    {"date", "2024-02-29", true},
    {"date", "2026-02-29", false},
    {"date", "2026-13-01", false},
    {"date", "2026-1-01", false},
    {"date", "2000-02-29", true},
    {"date", "1900-02-29", false},
    {"time", "20:00:00Z", true},
    {"time", "20:00:00.123456789+05:30", true},
    {"time", "23:59:60Z", true},
    {"time", "15:59:60-08:00", true},
    {"time", "00:29:60+00:30", true},
    {"time", "22:59:60Z", false},
    {"time", "24:00:00Z", false},
    {"time", "20:00:00", false},
    {"time", "20:00:00.Z", false},
    {"time", "20:00:00+24:00", false},
    {"date-time", "2026-11-21T20:00:00z", true},
    {"date-time", "2026-11-21t20:00:00Z", true},
    {"date-time", "2026-11-21 20:00:00Z", false},
    {"date-time", "2026-11-31T20:00:00Z", false},
    {"duration", "P4DT12H30M5S", true},
    {"duration", "PT1M", true},
    {"duration", "P2W", true},
    {"duration", "P1Y2M", true},
    {"duration", "P", false},
    {"duration", "P1", false},
    {"duration", "PT", false},
    {"duration", "P1DT", false},
    {"duration", "P1Y2D", false},
    {"duration", "PT1H2S", false},
    {"duration", "P2D1Y", false},
    {"duration", "P1Y2W", false},
    {"duration", "PT1D", false},
    {"duration", "4DT12H", false},
    {"email", "joe.bloggs@example.com", true},
    {"email", "te~st@example.com", true},
    {"email", "\"joe bloggs\"@example.com", true},
    {"email", "\"a\\\\\"@example.com", true},
    {"email", "\"a\\\\\"b\"@example.com", false},
    {"email", "joe@[127.0.0.1]", true},
    {"email", "joe@[IPv6:::1]", true},
    {"email", "joe@[127.0.0.300]", false},
    {"email", ".joe@example.com", false},
    {"email", "jo..e@example.com", false},
    {"email", "joe@", false},
    {"email", "@example.com", false},
    {"email", "2962", false},
    {"hostname", "www.example.com", true},
    {"hostname", "1host", true},
    {"hostname", "-a.example", false},
    {"hostname", "a-.example", false},
    {"hostname", "a..b", false},
    {"hostname", "a_b", false},
    {"hostname", "", false},
    {"ipv4", "192.168.0.1", true},
    {"ipv4", "127.0.0.0.1", false},
    {"ipv4", "087.10.0.1", false},
    {"ipv4", "0x7f000001", false},
    {"ipv4", "127.0", false},
    {"ipv6", "::1", true},
    {"ipv6", "::ffff:192.168.0.1", true},
    {"ipv6", "fe80::a%eth1", false},
    {"ipv6", "1::2::3", false},
    {"ipv6", "12345::", false},
    {"uri", "http://foo.bar/?baz=qux#quuz", true},
    {"uri", "http://foo.com/blah_(wikipedia)_blah#cite-1", true},
    {"uri", "urn:oasis:names:specification:docbook:dtd:xml:4.1.2", true},
    {"uri", "http://[2001:db8::7]:80/c=GB?a?one", true},
    {"uri", "http://user:pa%20ss@h:99/", true},
    {"uri", "mailto:John.Doe@example.com", true},
    {"uri", "//foo.bar/?baz=qux#quuz", false},
    {"uri", "/abc", false},
    {"uri", "\\\\WINDOWS\\fileshare", false},
    {"uri", "http:// shouldfail.com", false},
    {"uri", "http://a/%zz", false},
    {"uri", "http://a/%2", false},
    {"uri", "http://[::1", false},
    {"uri", "http://h:8a/", false},
    {"uri", "1a:b", false},
    {"uri-reference", "../a?b#c", true},
    {"uri-reference", "", true},
    {"uri-reference", "a:b:c", true},
    {"uri-reference", "1a:b", false},
    {"uri-reference", "./1a:b", true},
    {"uri-reference", "#frag\\ment", false},
    {"uuid", "2eb8aa08-AA98-11ea-b4aa-73b441d16380", true},
    {"uuid", "2eb8aa08aa9811eab4aa73b441d16380----", false},
    {"uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d1638", false},
    {"uuid", "2eb8aa08-aa98-11ea-b4ga-73b441d16380", false},
    {"json-pointer", "/foo/bar~0/baz~1/%a", true},
    {"json-pointer", "", true},
    {"json-pointer", "a", false},
    {"json-pointer", "/a~", false},
    {"json-pointer", "/a~2", false},
    {"regex", "^[a-z]+(?=x)$", true},
    {"regex", "^(abc]", false},
    {"regex", "\\Z", false},
};

TEST(each_example_is_judged_as_its_format_says)
{
    bool good = true;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct format *f = format_find(str_of(cases[i].format));
        CHECK(f);
        if (f->fits(str_of(cases[i].text)) == cases[i].fits) continue;
        fprintf(stderr, "%s \"%s\" should %sfit\n", cases[i].format, cases[i].text, cases[i].fits ? "" : "not ");
        good = false;
    }
    CHECK(good);
}

TEST(a_zero_byte_fits_no_format_of_a_name)
{
    static const char *const formats[] = {"hostname", "ipv4", "ipv6", "uri", "uri-reference", "email", "date", "uuid"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) CHECK(!format_find(str_of(formats[i]))->fits(STR("1.2.3.4\0")));
    CHECK(!format_find(STR("uri"))->fits(STR("a\0:b")));
    CHECK(!format_find(STR("ipv6"))->fits(STR("::1\0")));
}

TEST_MAIN
