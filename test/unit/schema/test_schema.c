/* SPDX-License-Identifier: Apache-2.0
 *
 * What the suite does not have: the words of errors and their places, what is new in 2020-12, what is refused.
 */
#include "schema_rig.h"

#include "base/limits.h"

TEST(a_schema_that_is_true_takes_all_and_false_nothing)
{
    CHECK_COMPILES("true");
    CHECK_FITS("[1]");
    CHECK_COMPILES("false");
    CHECK_UNFIT("1", 1);
    CHECK_SAYS(0, "", "it must not be there");
}

TEST(all_that_is_wrong_is_told_with_its_place)
{
    CHECK_COMPILES("{\"type\":\"object\",\"required\":[\"url\",\"n\"],\"additionalProperties\":false,\"properties\":{\"url\":{\"type\":\"string\"},"
                   "\"n\":{\"type\":[\"integer\",\"null\"]},\"a/b~c\":{\"items\":{\"enum\":[\"x\",2]}}}}");
    CHECK_FITS("{\"url\":\"u\",\"n\":1.0,\"a/b~c\":[2.0]}");
    CHECK_UNFIT("{\"urk\":1,\"n\":\"7\",\"a/b~c\":[2,3]}", 4);
    CHECK_SAYS(0, "/urk", "\"urk\" is not known here; did you mean \"url\"?");
    CHECK_SAYS(1, "/n", "\"n\" must be a whole number or null, not \"7\"");
    CHECK_SAYS(2, "/a~1b~0c/1", "item 1 must be one of \"x\", 2, not 3");
    CHECK_SAYS(3, "/url", "\"url\" is missing in it");
}

TEST(the_first_twenty_errors_are_kept_and_the_others_counted)
{
    CHECK_COMPILES("{\"items\":{\"type\":\"string\"}}");
    CHECK_UNFIT("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22]", SCHEMA_ERRORS);
    CHECK_INT(rig_report.more, 2);
    CHECK_SAYS(19, "/19", "item 19 must be a string, not 20");
}

TEST(numbers_are_compared_exactly)
{
    CHECK_COMPILES("{\"const\":9007199254740993}");
    CHECK_FITS("9007199254740993.000");
    CHECK_FITS("9007199254740.993e3");
    CHECK_UNFIT("9007199254740992", 1);
    CHECK_COMPILES("{\"maximum\":1e400,\"multipleOf\":0.01}");
    CHECK_FITS("1e399");
    CHECK_FITS("0.07");
    CHECK_UNFIT("1.1e400", 1);
    CHECK_UNFIT("1e-99999999999999999999", 1);
    CHECK_SAYS(0, "", "it must be a multiple of 0.01, not 1e-99999999999999999999");
    CHECK_COMPILES("{\"exclusiveMinimum\":-1,\"exclusiveMaximum\":1}");
    CHECK_FITS("-0.0");
    CHECK_UNFIT("1.0", 1);
    CHECK_SAYS(0, "", "it must be below 1, not 1.0");
}

TEST(lengths_are_counted_in_characters_also_of_escapes)
{
    CHECK_COMPILES("{\"minLength\":2,\"maxLength\":3}");
    CHECK_FITS("\"\\u00e4\\ud83d\\ude00\"");
    CHECK_FITS("\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"");
    CHECK_UNFIT("\"\\ud83d\\ude00\"", 1);
    CHECK_SAYS(0, "", "it must have at least 2 characters, not 1");
}

TEST(an_alternative_that_the_kind_of_the_value_leaves_says_what_is_wrong)
{
    CHECK_COMPILES("{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"}}}]}");
    CHECK_UNFIT("{\"a\":\"x\"}", 1);
    CHECK_SAYS(0, "/a", "\"a\" must be a whole number, not \"x\"");
    CHECK_UNFIT("7", 1);
    CHECK_SAYS(0, "", "it must be an object or null, not 7");
    CHECK_COMPILES("{\"oneOf\":[{\"multipleOf\":2},{\"multipleOf\":3},{\"multipleOf\":5}]}");
    CHECK_UNFIT("15", 1);
    CHECK_SAYS(0, "", "it must fit one of 3 schemas only, but fits number 2 and number 3");
    CHECK_UNFIT("7", 1);
    CHECK_SAYS(0, "", "it fits none of the 3 schemas, one of which it must fit");
}

TEST(places_of_an_array_have_schemas_of_their_own)
{
    CHECK_COMPILES("{\"prefixItems\":[{\"type\":\"string\"},true],\"items\":{\"type\":\"integer\"}}");
    CHECK_FITS("[\"a\",[],3]");
    CHECK_FITS("[\"a\"]");
    CHECK_UNFIT("[1,2,\"x\"]", 2);
    CHECK_SAYS(1, "/2", "item 2 must be a whole number, not \"x\"");
    CHECK_COMPILES("{\"prefixItems\":[true],\"items\":false}");
    CHECK_UNFIT("[1,2]", 1);
    CHECK_COMPILES("{\"contains\":{\"const\":1},\"minContains\":2,\"maxContains\":3}");
    CHECK_FITS("[1,0,1.0]");
    CHECK_UNFIT("[1]", 1);
    CHECK_UNFIT("[1,1,1,1]", 1);
    CHECK_COMPILES("{\"contains\":{\"const\":1},\"minContains\":0}");
    CHECK_FITS("[]");
}

TEST(what_is_there_twice_is_found_whatever_its_spelling)
{
    CHECK_COMPILES("{\"uniqueItems\":true}");
    CHECK_FITS("[1,true,\"1\",[1],{\"a\":1},0,false,null,\"\"]");
    CHECK_UNFIT("[{\"a\":1,\"b\":[2]},5,{\"\\u0062\":[2.0],\"a\":10e-1}]", 1);
    CHECK_SAYS(0, "", "it must not have the same item twice: items 0 and 2 are equal");
    CHECK_UNFIT("[\"\\u0061\",\"a\"]", 1);
}

TEST(what_depends_on_a_member_is_asked_when_it_is_there)
{
    CHECK_COMPILES("{\"dependentRequired\":{\"card\":[\"name\"]},\"dependentSchemas\":{\"name\":{\"maxProperties\":2}}}");
    CHECK_FITS("{\"other\":1}");
    CHECK_UNFIT("{\"card\":1}", 1);
    CHECK_SAYS(0, "/name", "\"name\" is missing in it");
    CHECK_UNFIT("{\"card\":1,\"name\":2,\"x\":3}", 1);
}

TEST(references_lead_by_pointer_and_by_anchor)
{
    CHECK_COMPILES("{\"$id\":\"https://example.com/a.json\",\"$defs\":{\"a~b/c%\":{\"type\":\"string\"},\"n\":{\"$anchor\":\"num\",\"type\":\"number\"}},"
                   "\"prefixItems\":[{\"$ref\":\"#/$defs/a~0b~1c%25\"},{\"$ref\":\"https://example.com/a.json#num\",\"minimum\":3},{\"$ref\":\"#/prefixItems/1\"}]}");
    CHECK_FITS("[\"x\",3,4]");
    CHECK_UNFIT("[1,2,2]", 3);
    CHECK_COMPILES("{\"type\":[\"array\",\"integer\"],\"items\":{\"$ref\":\"#\"}}");
    CHECK_FITS("[1,[2,[3]]]");
    CHECK_UNFIT("[1,[2,[\"3\"]]]", 1);
    CHECK_SAYS(0, "/1/1/0", "item 0 must be a whole number or an array, not \"3\"");
}

TEST(references_that_cannot_be_followed_are_refused)
{
    CHECK_REFUSED("{\"$ref\":\"#/$defs/a\"}", "/$ref", "\"#/$defs/a\" leads nowhere");
    CHECK_REFUSED("{\"items\":{\"$ref\":\"#a\"}}", "/items/$ref", "\"#a\" leads nowhere");
    CHECK_REFUSED("{\"enum\":[{}],\"$ref\":\"#/enum/0\"}", "/$ref", "\"#/enum/0\" does not lead to a schema");
    CHECK_REFUSED("{\"$ref\":\"other.json\"}", "/$ref", "\"other.json\" is in another document, which is not supported");
    CHECK_REFUSED("{\"items\":{\"$id\":\"x\"}}", "/items/$id", "$id is supported at the root only");
    CHECK_REFUSED("{\"$ref\":\"#\"}", "", "$ref leads back here without an end");
    CHECK_REFUSED("{\"$defs\":{\"a\":{\"anyOf\":[{\"$ref\":\"#/$defs/b\"}]},\"b\":{\"not\":{\"$ref\":\"#/$defs/a\"}}}}", "/$defs/b/not",
                  "$ref leads back here without an end");
}

TEST(a_long_chain_of_references_is_refused)
{
    char text[16384];
    for (int n = 30; n <= 40; n += 10) {
        size_t len = (size_t)snprintf(text, sizeof text, "{\"$ref\":\"#/$defs/0\",\"$defs\":{\"%d\":{\"type\":\"null\"}", n);
        for (int i = 0; i < n; i++)
            len += (size_t)snprintf(text + len, sizeof text - len, ",\"%d\":{\"$ref\":\"#/$defs/%d\"}", i, i + 1);
        snprintf(text + len, sizeof text - len, "}}");
        CHECK_INT(rig_compile(text), n == 30 ? 0 : ERR_INVALID);
        if (n == 30) CHECK_UNFIT("1", 1);
    }
    CHECK_STR(str_of(rig_err.text), "more than 32 schemas lead from one to the next");
}

TEST(a_keyword_is_never_passed_over)
{
    CHECK_REFUSED("{\"properties\":{\"a\":{\"minimun\":1}}}", "/properties/a/minimun",
                  "the keyword \"minimun\" is not known here; did you mean \"minimum\"?");
    CHECK_REFUSED("{\"unevaluatedProperties\":false}", "/unevaluatedProperties", "the keyword unevaluatedProperties is not supported");
    CHECK_REFUSED("{\"$dynamicRef\":\"#a\"}", "/$dynamicRef", "the keyword $dynamicRef is not supported");
    CHECK_REFUSED("{\"format\":\"date-tme\"}", "/format", "the format \"date-tme\" is not known here; did you mean \"date-time\"?");
    CHECK_REFUSED("{\"items\":[{}]}", "/items",
                  "items must be one schema; a schema for each place is prefixItems, since draft 2020-12");
    CHECK_REFUSED("{\"dependencies\":{}}", "/dependencies",
                  "dependencies is of an older draft; since 2020-12 it is dependentRequired or dependentSchemas");
    CHECK_COMPILES("{\"x-order\":1,\"title\":\"t\",\"examples\":[1],\"$comment\":\"c\",\"deprecated\":true}");
}

TEST(values_of_keywords_are_checked)
{
    CHECK_REFUSED("{\"type\":\"text\"}", "/type", "type must be of null, boolean, number, integer, string, array, object, not \"text\"");
    CHECK_REFUSED("{\"type\":[]}", "/type", "type must name one type at least");
    CHECK_REFUSED("{\"minLength\":-1}", "/minLength", "minLength must be a whole number from 0 on, not -1");
    CHECK_REFUSED("{\"exclusiveMinimum\":true}", "/exclusiveMinimum", "exclusiveMinimum must be a number, not true");
    CHECK_REFUSED("{\"multipleOf\":0}", "/multipleOf", "multipleOf must be above 0");
    CHECK_REFUSED("{\"multipleOf\":1234567890.1234567891}", "/multipleOf", "multipleOf must have at most 18 digits");
    CHECK_REFUSED("{\"required\":[1]}", "/required/0", "required must be a string, not 1");
    CHECK_REFUSED("{\"properties\":{\"a\":7}}", "/properties/a", "a schema is an object, true or false, not 7");
    CHECK_REFUSED("{\"anyOf\":[]}", "/anyOf", "anyOf must have one schema at least");
    CHECK_REFUSED("{\"enum\":[]}", "/enum", "enum must have one value at least");
    CHECK_REFUSED("{\"pattern\":\"a(\"}", "/pattern", "this is not a regular expression: missing closing parenthesis (byte 2 of it)");
    CHECK_REFUSED("{\"properties\":{\"a\":{\"type\":\"integer\",\"default\":\"x\"}}}", "/properties/a/default",
                  "the default does not fit: \"default\" must be a whole number, not \"x\"");
    CHECK_INT(rig_compile("{"), ERR_SYNTAX);
    CHECK_INT(rig_compile("7"), ERR_INVALID);
}

TEST(a_schema_that_doubles_its_work_at_each_step_ends)
{
    char text[8192];
    size_t len = (size_t)snprintf(text, sizeof text, "{\"not\":{\"not\":{\"$ref\":\"#/$defs/0\"}},\"$defs\":{\"14\":{\"type\":\"string\"}");
    for (int i = 0; i < 14; i++)
        len += (size_t)snprintf(text + len, sizeof text - len,
                                ",\"%d\":{\"allOf\":[{\"$ref\":\"#/$defs/%d\"},{\"$ref\":\"#/$defs/%d\"},{\"$ref\":\"#/$defs/%d\"},{\"$ref\":\"#/$defs/%d\"}]}", i,
                                i + 1, i + 1, i + 1, i + 1);
    snprintf(text + len, sizeof text - len, "}}");
    CHECK_COMPILES(text);
    CHECK_UNFIT("\"x\"", 1);
    CHECK(strstr(rig_report.items[0].text, "takes too long to check"));
}

TEST_MAIN
