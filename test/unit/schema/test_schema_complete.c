/* SPDX-License-Identifier: Apache-2.0
 *
 * Defaults filled in, and instances made of the fields of a form.
 */
#include "schema_rig.h"

TEST(what_is_missing_is_filled_in_and_all_else_is_byte_for_byte)
{
    CHECK_COMPILES("{\"properties\":{\"a\":{\"default\":1},\"b\":{\"properties\":{\"c\":{\"default\":{\"d\":[ 2 ]}}}},\"q\\\"\":{\"default\":null}}}");
    CHECK_STR(rig_completed("{}"), "{\"a\":1,\"q\\\"\":null}");
    CHECK_STR(rig_completed("{ \"a\" : 1e0 , \"q\\u0022\":2 }"), "{ \"a\" : 1e0 , \"q\\u0022\":2 }");
    CHECK_STR(rig_completed("{\"b\" : { } ,\"x\":[{}], \"a\":null }"), "{\"b\" : {\"c\":{\"d\":[ 2 ]} } ,\"x\":[{}], \"a\":null,\"q\\\"\":null }");
    CHECK_STR(rig_completed("[{}]"), "[{}]");
    CHECK_STR(rig_completed("7"), "7");
}

TEST(defaults_are_found_through_references_and_all_of)
{
    CHECK_COMPILES("{\"$ref\":\"#/$defs/base\",\"allOf\":[{\"properties\":{\"y\":{\"default\":2},\"x\":{\"default\":3}}}],\"properties\":{\"z\":{\"$ref\":\"#/$defs/z\"}},"
                   "\"$defs\":{\"base\":{\"properties\":{\"x\":{\"default\":1}}},\"z\":{\"allOf\":[{},{\"default\":\"zed\"}]}}}");
    CHECK_STR(rig_completed("{}"), "{\"z\":\"zed\",\"x\":1,\"y\":2}");
    CHECK_STR(rig_completed("{\"y\":0}"), "{\"y\":0,\"z\":\"zed\",\"x\":1}");
}

TEST(defaults_are_filled_into_elements_and_members_of_any_name)
{
    CHECK_COMPILES("{\"prefixItems\":[{\"properties\":{\"p\":{\"default\":0}}}],\"items\":{\"patternProperties\":{\"^o\":{\"properties\":{\"i\":{\"default\":1}}}},"
                   "\"additionalProperties\":{\"properties\":{\"r\":{\"default\":2}}}}}");
    CHECK_STR(rig_completed("[{},{\"o1\":{},\"k\":{}},{\"o\\u0032\":{}}]"), "[{\"p\":0},{\"o1\":{\"i\":1},\"k\":{\"r\":2}},{\"o\\u0032\":{\"i\":1}}]");
}

TEST(what_may_or_may_not_apply_gives_no_defaults)
{
    CHECK_COMPILES("{\"anyOf\":[{\"properties\":{\"a\":{\"default\":1}}},true],\"if\":{\"properties\":{\"b\":{\"default\":1}}},\"then\":true}");
    CHECK_STR(rig_completed("{}"), "{}");
    CHECK(schema_has_defaults(rig_schema));
    CHECK_COMPILES("{\"properties\":{\"default\":{\"const\":1}}}");
    CHECK(!schema_has_defaults(rig_schema));
}

/* ---- fields of a form ---- */

static struct str coerced(const struct schema_field *fields, size_t n)
{
    buf_release(&rig_out);
    buf_init(&rig_out, 1 << 16);
    schema_coerce(rig_schema, fields, n, &rig_out);
    return buf_err(&rig_out) ? STR("failed") : buf_str(&rig_out);
}

#define CHECK_FIELD(name, text, wanted) \
    CHECK_STR(coerced(&(struct schema_field){STR(name), STR(text)}, 1), "{\"" name "\":" wanted "}")

TEST(a_text_becomes_what_its_property_takes)
{
    CHECK_COMPILES("{\"properties\":{\"b\":{\"type\":\"boolean\"},\"n\":{\"$ref\":\"#/$defs/n\"},\"s\":{\"type\":\"string\"},\"e\":{\"enum\":[1,2,null]},"
                   "\"u\":{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"integer\"}]},\"m\":{\"anyOf\":[{\"type\":\"number\"},{\"type\":\"null\"}]},"
                   "\"o\":{\"type\":\"object\"},\"l\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}},\"$defs\":{\"n\":{\"type\":\"number\"}}}");
    CHECK_FIELD("b", "true", "true");
    CHECK_FIELD("b", "yes", "\"yes\"");
    CHECK_FIELD("n", " 0.10 ", "0.10");
    CHECK_FIELD("n", "1.", "\"1.\"");
    CHECK_FIELD("n", "1,2", "\"1,2\"");
    CHECK_FIELD("s", "true", "\"true\"");
    CHECK_FIELD("s", "a\"b", "\"a\\\"b\"");
    CHECK_FIELD("e", "2", "2");
    CHECK_FIELD("e", "", "null");
    CHECK_FIELD("u", "7", "\"7\"");
    CHECK_FIELD("m", "7", "7");
    CHECK_FIELD("m", "null", "null");
    CHECK_FIELD("o", "{\"a\": 1}", "{\"a\": 1}");
    CHECK_FIELD("o", "{\"a\":", "\"{\\\"a\\\":\"");
    CHECK_FIELD("l", "[1, 2]", "[1, 2]");
    CHECK_FIELD("l", "3", "[3]");
    CHECK_FIELD("nobody", "3", "\"3\"");
    struct schema_field several[] = {{STR("l"), STR("1")}, {STR("s"), STR("x")}, {STR("l"), STR("b")}, {STR("l"), STR("2")}};
    CHECK_STR(coerced(several, 4), "{\"l\":[1,\"b\",2],\"s\":\"x\"}");
    CHECK_STR(coerced(NULL, 0), "{}");
}

TEST_MAIN
