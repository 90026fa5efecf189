/* SPDX-License-Identifier: Apache-2.0
 *
 * The dashboard: the files of web/, carried inside as scripts/make-web has packed them. The page is at / and, where a
 * route of the configuration has that, at /ui; all else below /ui/BUILD/, BUILD being a hash over all files, so that it
 * may be kept for good. The page has no code and no style of its own, so its policy allows none but what comes from here.
 */
#include "api/api.h"
#include "api/call.h"
#include "api/etag.h"

#include "base/text.h"

#define EMBED(label, file)           \
    __asm__(".section .rodata\n"     \
            #label ": .incbin \"" file "\"\n" \
            #label "_end:\n"         \
            ".previous\n");          \
    extern const char label[], label##_end[];

#define WEB(word, path, type, file) \
    EMBED(web_##word, file)         \
    EMBED(web_##word##_gz, file ".gz")
#include WEB_INC
#undef WEB

static const struct web_file {
    const char *path, *type;
    const char *plain, *plain_end, *packed, *packed_end;
} files[] = {
#define WEB(word, path, type, file) {path, type, web_##word, web_##word##_end, web_##word##_gz, web_##word##_gz_end},
#include WEB_INC
#undef WEB
};

static void page(struct call *c);
static void elsewhere(struct call *c);
static void part(struct call *c);
static void page_part(struct call *c);

const struct route dashboard_routes[] = {
    {"GET", "/", " ", page},
    {"GET", "/ui", " ", page},
    {"GET", "/ui/", " ", elsewhere},
    {"GET", "/ui/{}/{}", " ", part},
    {"GET", "/ui/{}/pages/{}", " ", page_part},
    {0},
};

/* Is gzip among the codings of Accept-Encoding, and not with q=0 (RFC 9110 section 12.5.3)? */
static bool takes_gzip(const struct http_request *r)
{
    struct str list = http_header(r, "Accept-Encoding");
    while (list.len) {
        struct str weight = str_trim(str_cut(&list, ',')), coding = str_trim(str_cut(&weight, ';'));
        if (!str_eq_nocase(coding, STR("gzip")) && !str_eq_nocase(coding, STR("x-gzip"))) continue;
        weight = str_trim(weight);
        if (!str_starts(weight, STR("q="))) return true;
        for (size_t i = 2; i < weight.len; i++)
            if (weight.p[i] >= '1' && weight.p[i] <= '9') return true;
        return false;
    }
    return false;
}

static void answer(struct call *c, const struct web_file *f, struct str kept)
{
    bool packed = takes_gzip(c->req);
    const char *from = packed ? f->packed : f->plain, *end = packed ? f->packed_end : f->plain_end;
    struct str body = {from, (size_t)(end - from)};
    char etag[ETAG_TEXT];
    etag_of(body, etag);
    const struct http_header headers[] = {
        {STR("ETag"), str_of(etag)},
        {STR("Cache-Control"), kept},
        {STR("Vary"), STR("Accept-Encoding")},
        {STR("Content-Security-Policy"),
         STR("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
             "base-uri 'none'; form-action 'none'; frame-ancestors 'none'")},
        {STR("X-Content-Type-Options"), STR("nosniff")},
        {STR("Referrer-Policy"), STR("no-referrer")},
        {STR("Content-Encoding"), STR("gzip")},
    };
    size_t n = sizeof headers / sizeof *headers;
    if (etag_is_known(c->req, etag)) call_answer_with(c, 304, NULL, STR_NONE, headers, 3);
    else call_answer_with(c, 200, f->type, body, headers, packed ? n : n - 1);
}

static const struct web_file *find(struct str folder, struct str name)
{
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct str path = str_of(files[i].path);
        if (str_starts(path, folder) && str_eq(str_sub(path, folder.len, path.len), name)) return &files[i];
    }
    return NULL;
}

static void page(struct call *c)
{
    answer(c, find(STR(""), STR("index.html")), STR("no-cache"));
}

/* Names in the page are relative, so that a proxy may have all of it below a path of its own; they are right at /ui alone. */
static void elsewhere(struct call *c)
{
    struct http_header header = {STR("Location"), STR("../ui")};
    call_answer_with(c, 308, NULL, STR_NONE, &header, 1);
}

static void answer_part(struct call *c, struct str folder)
{
    const struct web_file *f = str_eq(c->params[0], STR(WEB_BUILD)) ? find(folder, c->params[1]) : NULL;
    if (f) answer(c, f, STR("public, max-age=31536000, immutable"));
    else call_refuse(c, ERR_NOT_FOUND, "there is no such file in the dashboard of this version; load the page again");
}

static void part(struct call *c)
{
    answer_part(c, STR(""));
}

static void page_part(struct call *c)
{
    answer_part(c, STR("pages/"));
}
