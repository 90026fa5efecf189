/* SPDX-License-Identifier: Apache-2.0
 *
 * /openapi.json: doc/openapi.yaml as main_openapi.c made JSON of it. OPENAPI_JSON is its path, set by the build.
 */
#include "api/api.h"
#include "api/call.h"
#include "api/etag.h"

__asm__(".section .rodata\n"
        "openapi_start: .incbin \"" OPENAPI_JSON "\"\n"
        "openapi_end:\n"
        ".previous\n");
extern const char openapi_start[], openapi_end[];

static void document(struct call *c);

const struct route openapi_routes[] = {
    {"GET", "/openapi.json", " ", document},
    {0},
};

static void document(struct call *c)
{
    struct str json = {openapi_start, (size_t)(openapi_end - openapi_start)};
    char etag[ETAG_TEXT];
    etag_of(json, etag);
    struct http_header header = {STR("ETag"), str_of(etag)};
    if (etag_is_known(c->req, etag)) call_answer_with(c, 304, NULL, STR_NONE, &header, 1);
    else call_answer_with(c, 200, CALL_JSON, json, &header, 1);
}
