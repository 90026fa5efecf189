/* SPDX-License-Identifier: Apache-2.0
 *
 * Routes of a configuration: what is right is taken as it is meant, what is not is told at its place.
 */
#include "server/config_routes.h"
#include "test_config_dir.h"

static struct config c;
static struct config_errors errors;

#define TYPES "types: {a: {exec: [true]}, b.*: {exec: [true]}}\nroutes:\n"

static void load(const char *routes)
{
    char text[8192];
    snprintf(text, sizeof text, TYPES "%s", routes);
    config_release(&c);
    if (config_load(&c, config_dir_write("bide.yaml", text), NULL, &errors) == 0) return;
    fprintf(stderr, "%s\n", errors.items[0].text);
    test_fail();
}

/* What follows `  - ` of one route in line 3, refused with this alone. */
static void refuse(const char *route, int column, const char *why)
{
    char text[8192];
    snprintf(text, sizeof text, TYPES "  - %s\n", route);
    config_release(&c);
    CHECK(config_load(&c, config_dir_write("bide.yaml", text), NULL, &errors) != 0);
    CHECK_STR(str_of(errors.items[0].text), why);
    CHECK_INT(errors.items[0].mark.line, 3);
    CHECK_INT(errors.items[0].mark.column, column);
    CHECK_INT(errors.n, 1);
}

TEST(each_verb_is_found_with_its_value)
{
    static const char *const words[] = {"submit", "run", "get", "latest", "list", "count", "retry", "cancel", "health", "stats",
                                        "notifications", "read", "ws"};
    load("  - {path: POST /1, submit: a}\n  - {path: POST /2, run: b.x}\n  - {path: \"GET /3/{id}\", get: path.id}\n"
         "  - {path: GET /4, latest: {subject: query.s}}\n  - {path: GET /5, list: {type: const.a, tag.x: query.x}}\n"
         "  - {path: GET /6, count: {}}\n  - {path: \"POST /7/{id}\", retry: path.id}\n  - {path: POST /8, cancel: body.id}\n"
         "  - {path: GET /9, health: {}}\n  - {path: GET /10, stats: true}\n"
         "  - {path: GET /11, notifications: {unread_only: query.u}}\n  - {path: POST /12, read: body.id}\n  - {path: GET /13, ws: events}\n");
    CHECK_INT(c.n_routes, CONFIG_VERBS);
    for (int v = 0; v < CONFIG_VERBS; v++) {
        const char *value = NULL;
        CHECK_INT(config_routes_verb(&c.routes[v], &value), v);
        CHECK(value != NULL);
        CHECK_STR(str_of(config_routes_word((enum config_verb)v)), words[v]);
    }
    CHECK_STR(str_of(c.routes[0].submit), "\"a\"");
    CHECK_INT(c.routes[1].wait_ms, 60000);
    CHECK_INT(c.routes[1].failed_status, 500);
    CHECK_INT(c.routes[1].status, 0);
}

TEST(a_type_is_a_name_or_a_source)
{
    load("  - {path: POST /1, submit: body.kind}\n  - {path: \"POST /2/{t}\", submit: path.t}\n  - {path: POST /3, submit: const.body.x}\n");
    CHECK(config_routes_is_source(c.routes[0].submit) && config_routes_is_source(c.routes[2].submit));
    CHECK(!config_routes_is_source("\"bodybuilder\"") && !config_routes_is_source("\"a\""));
    refuse("{path: POST /a, submit: nope}", 21, "\"submit\": no type \"nope\" is declared");
    refuse("{path: POST /a, run: {a: b}}", 21, "\"run\": expected the name of a type, or a source of it");
    refuse("{path: POST /a, submit: path.kind}", 21, "\"submit\": \"path.kind\": the path has no {kind}");
}

TEST(paths_that_are_none_or_the_servers_own_are_refused)
{
    refuse("{path: GET a, health: {}}", 6,
           "\"path\": expected a method (GET, POST, PUT, PATCH, DELETE), a blank and a path that begins with /; found \"GET a\"");
    refuse("{path: GET /v1/tasks, health: {}}", 6, "\"path\": the server's own routes are there");
    refuse("{path: GET /v1, health: {}}", 6, "\"path\": the server's own routes are there");
    refuse("{path: POST /metrics, health: {}}", 6, "\"path\": the server's own routes are there");
    refuse("{path: GET /healthz, health: {}}", 6, "\"path\": the server's own routes are there");
    refuse("{path: GET /openapi.json, health: {}}", 6, "\"path\": the server's own routes are there");
    refuse("{path: \"GET /{a}/tasks\", health: {}}", 6, "\"path\": a path begins with a text, not with a name in braces");
    load("  - {path: GET /health, health: {}}\n  - {path: GET /v1beta/x, health: {}}\n  - {path: GET /, health: {}}\n");
}

TEST(two_routes_of_one_method_and_path_are_refused)
{
    config_release(&c);
    CHECK(config_load(&c, config_dir_write("bide.yaml", "routes:\n  - {path: \"GET /t/{id}\", get: path.id}\n  - {path: \"POST /t/{id}\", retry: path.id}\n"
                                                        "  - {path: GET /t/last, health: {}}\n  - {path: \"GET /t/{task}\", get: path.task}\n"),
                      NULL, &errors) != 0);
    CHECK_INT(errors.n, 1);
    CHECK_STR(str_of(errors.items[0].text), "\"path\": the route of line 2 has this method and path already");
    CHECK_INT(errors.items[0].mark.line, 5);
}

TEST(a_route_does_one_thing)
{
    refuse("{path: GET /a}", 6, "a route needs one of submit, run, get, latest, list, count, retry, cancel, health, stats, notifications, read, ws");
    refuse("{path: GET /a, health: {}, stats: {}}", 32, "\"stats\": a route does one thing, and this one has \"health\" already");
    refuse("{path: GET /a, health: {x: y}}", 20, "\"health\": this takes nothing: write {}");
    refuse("{path: GET /a, get: {x: query.id}}", 20, "\"get\": expected the source of a task's id, like path.task_id");
    refuse("{path: GET /a, health: {}, fields: body}", 32, "\"fields\": this goes with submit and run");
    refuse("{path: GET /a, list: {}, callback: {url: query.url}}", 41, "\"callback.url\": this goes with submit and run");
    refuse("{path: POST /a, submit: a, wait: 5s}", 32, "\"wait\": this goes with run");
    refuse("{path: POST /a, run: a, limit: 5}", 29, "\"limit\": this goes with list, count and notifications");
    refuse("{path: POST /a, run: a, on_conflict: existing}", 29, "\"on_conflict\": this says what becomes of a \"key\" that is held: give one");
    refuse("{path: POST /a, run: a, wait: 2m}", 35, "\"wait\": \"2m\" is too long: 1m is the most");
}

TEST(what_a_key_says_is_of_its_kind)
{
    refuse("{path: POST /a, submit: a, callback: {url: nope.url}}", 43, "\"callback.url\": \"nope.url\" names no source; a source begins with one of body., query., path., form., file., header., const. (which is text)");
    refuse("{path: POST /a, submit: a, serial: 5}", 40, "\"serial\": expected true or false; found \"5\"");
}

TEST(a_websocket_is_of_a_task_or_of_a_filter)
{
    const char *good[] = {"{path: GET /a, ws: events}", "{path: GET /a, ws: {}}", "{path: GET /a, ws: notifications, serial: true, reply: {id: notification.id}}", "{path: GET /a, ws: {tag.p: query.p, type: const.t}}",
                          "{path: 'GET /a/{id}', ws: path.id, serial: true, reply: {id: task.id, what: event.name, p: path.id}}"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct buf b;
        buf_init(&b, 1 << 16);
        buf_add_format(&b, "routes:\n  - %s\n", good[i]);
        CHECK_INT(config_load(&c, config_dir_write("bide.yaml", b.p), NULL, &errors), 0);
        config_release(&c);
        buf_release(&b);
    }
    refuse("{path: GET /a, ws: {status: query.s}}", 20, "\"ws\": \"status\": expected a map of type, queue, subject, tag.NAME, each with a source");
    refuse("{path: GET /a, ws: [query.s]}", 20, "\"ws\": expected events, notifications, a filter like {subject: query.subject}, or the source of a task's id, like path.task_id");
    refuse("{path: GET /a, ws: notifications, reply: task.id}", 39, "\"reply\": \"task.id\" names no source; a source begins with one of notification., event., query., path., header., const. (which is text)");
    refuse("{path: POST /a, ws: events}", 6, "\"path\": a WebSocket begins with GET");
    refuse("{path: GET /a, ws: events, status: 201}", 32, "\"status\": a WebSocket begins with 101 and no other");
    refuse("{path: GET /a, ws: path.id}", 20, "\"ws\": \"path.id\": the path has no {id}");
    refuse("{path: GET /a, ws: events, reply: body.x}", 32, "\"reply\": \"body.x\" names no source; a source begins with one of task., event., query., path., header., const. (which is text)");
}

TEST(there_may_be_two_hundred_of_them)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_add_text(&b, "routes:\n");
    for (int i = 0; i < 200; i++) buf_add_format(&b, "  - {path: GET /r%d, health: {}}\n", i);
    CHECK_INT(config_load(&c, config_dir_write("bide.yaml", b.p), NULL, &errors), 0);
    CHECK_INT(c.n_routes, 200);
    buf_add_text(&b, "  - {path: GET /more, health: {}}\n");
    config_release(&c);
    CHECK(config_load(&c, config_dir_write("bide.yaml", b.p), NULL, &errors) != 0);
    CHECK_STR(str_of(errors.items[0].text), "there are more routes than 200");
    CHECK_INT(errors.items[0].mark.line, 202);
    buf_release(&b);
}

TEST(schemas_and_uploads_are_of_routes_that_submit)
{
    refuse("{path: POST /a, submit: a, input: {type: nothing}}", 32,
           "\"input\": /type: type must be of null, boolean, number, integer, string, array, object, not \"nothing\"");
    refuse("{path: POST /a, submit: a, keep: ever}", 38, "\"keep\": expected one of record, task, forever; found \"ever\"");
    refuse("{path: GET /a, list: {}, input: {type: object}}", 30, "\"input\": this goes with submit and run");
    refuse("{path: GET /a, list: {}, keep: task}", 30, "\"keep\": this goes with submit and run");
    load("  - {path: POST /a, submit: a}\n  - {path: POST /b, run: a, keep: record, input: {type: object}}\n");
    CHECK(c.routes[0].keep == FILE_KEEP_TASK && !c.routes[0].schema);
    CHECK(c.routes[1].keep == FILE_KEEP_RECORD && c.routes[1].schema);
    CHECK_STR(str_of(c.routes[1].schema_text), "{\"type\": \"object\"}");
}

TEST(sources_have_to_be_there)
{
    refuse("{path: POST /a, submit: a, reply: {id: tsk.id}}", 32,
           "\"reply\": \"tsk.id\" names no source; a source begins with one of task., body., query., path., form., file., header., const. (which is text)");
    refuse("{path: POST /a, submit: a, fields: task.id}", 32,
           "\"fields\": \"task.id\" names no source; a source begins with one of body., query., path., form., file., header., const. (which is text)");
    refuse("{path: GET /a, count: {}, reply: task.id}", 31,
           "\"reply\": \"task.id\" names no source; a source begins with one of counts., tasks., query., path., header., const. (which is text)");
    refuse("{path: GET /a, health: {}, errors: {x: task.id}}", 32,
           "\"errors\": \"task.id\" names no source; a source begins with one of error., query., path., header., const. (which is text)");
    refuse("{path: GET /a, list: {}, reply: {each: tasks, as: item.input.x}}", 30,
           "\"reply\": \"item.input.x\": lists have neither inputs nor results; put what they should say into tags");
    refuse("{path: POST /a, submit: a, subject: header.X-Subject}", 32, "\"subject\": \"header.X-Subject\": write the names of headers in small letters");
    load("  - {path: POST /a, submit: a, subject: header.x-subject, tags: {n: query.n}}\n");
}

TEST(filters_and_words_have_names_that_are_given)
{
    refuse("{path: GET /a, list: {sbject: query.s}}", 20, "\"list\": \"sbject\": expected a map of type, queue, subject, status, tag.NAME, each with a source");
    refuse("{path: GET /a, count: query.s}", 20, "\"count\": expected a map of type, queue, subject, status, tag.NAME, each with a source");
    refuse("{path: GET /a, count: {}, words: {runing: x}}", 31,
           "\"words\": \"runing\": expected a text for each of blocked, scheduled, retrying, pending, running, completed, failed, cancelled, expired");
    refuse("{path: GET /a, count: {}, words: {running: 5}}", 31,
           "\"words\": \"running\": expected a text for each of blocked, scheduled, retrying, pending, running, completed, failed, cancelled, expired");
    CHECK(config_load(&c, config_dir_write("bide.yaml", "words: [running]\n"), NULL, &errors) != 0);
    CHECK_STR(str_of(errors.items[0].text),
              "\"words\": expected a text for each of blocked, scheduled, retrying, pending, running, completed, failed, cancelled, expired");
    CHECK_INT(errors.items[0].mark.line, 1);
    load("  - {path: GET /a, count: {}, words: {running: processing, retrying: pending}}\n");
    config_release(&c);
}

TEST_MAIN
