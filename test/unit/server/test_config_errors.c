/* SPDX-License-Identifier: Apache-2.0
 *
 * Broken configurations: each is refused at its line and column, in words that help.
 */
#include "server/config.h"
#include "test.h"
#include "test_config_dir.h"

static struct config_errors errors;

/* The first problem, and how many there are. */
static void broken(struct str yaml, size_t n, int line, int column, const char *text)
{
    struct config c;
    int err = config_load(&c, config_dir_write_bytes("bide.yaml", yaml), NULL, &errors);
    CHECK_INT(err, ERR_CONFIG);
    CHECK(c.arena.head == NULL && c.types == NULL);
    if (errors.n != n || !errors.n || strcmp(errors.items[0].text, text) || errors.items[0].mark.line != line ||
        errors.items[0].mark.column != column) {
        fprintf(stderr, "in:\n%.*s\n", STR_ARG(yaml));
        for (size_t i = 0; i < errors.n; i++)
            fprintf(stderr, "saw %d:%d: %s\n", errors.items[i].mark.line, errors.items[i].mark.column,
                    errors.items[i].text);
        fprintf(stderr, "wanted %zu, first %d:%d: %s\n", n, line, column, text);
    }
    CHECK_INT(errors.n, n);
    CHECK_STR(str_of(errors.items[0].text), text);
    CHECK_INT(errors.items[0].mark.line, line);
    CHECK_INT(errors.items[0].mark.column, column);
}

#define BROKEN(yaml, line, column, text) broken(STR(yaml), 1, line, column, text)

TEST(unknown_keys_name_the_nearest)
{
    BROKEN("lisen: \":1\"\n", 1, 1, "unknown key \"lisen\" (did you mean \"listen\"?)");
    BROKEN("types:\n  a: {exec: [x], quue: default}\n", 2, 18, "unknown key \"quue\" (did you mean \"queue\"?)");
    BROKEN("defaults:\n  retry:\n    bse: 1s\n", 3, 5, "unknown key \"bse\" (did you mean \"base\"?)");
    BROKEN("queues: {a: {burst: 5}}\n", 1, 14, "unknown key \"burst\"");
    BROKEN("tokens: {}\n", 1, 1, "unknown key \"tokens\"");
    BROKEN("? [a]\n: b\n", 1, 4, "a key must be a text");
}

TEST(a_number_needs_its_unit)
{
    BROKEN("defaults: {timeout: 90}\n", 1, 21,
           "\"timeout\": expected a duration like 90s, 1h30m; a number needs its unit; found \"90\"");
    BROKEN("types:\n  a:\n    exec: [x]\n    retry: {cap: soon}\n", 4, 18,
           "\"cap\": expected a duration like 90s, 1h30m; a number needs its unit; found \"soon\"");
    BROKEN("workers: {w: {command: [x], keep_alive: ever}}\n", 1, 41,
           "\"keep_alive\": expected a duration like 90s, 1h30m, or forever; a number needs its unit; found \"ever\"");
}

TEST(a_rate_says_what_it_would_be)
{
#define WANTED "\"rate\": expected a rate like 10/s, 90/m, 1000/h or 10/s burst 20; 0 is no limit; found "
    BROKEN("queues: {a: {rate: 10}}\n", 1, 20, WANTED "\"10\"");
    BROKEN("queues: {a: {rate: fast}}\n", 1, 20, WANTED "\"fast\"");
    BROKEN("queues: {a: {rate: 10/s burst none}}\n", 1, 20, WANTED "\"10/s burst none\"");
    BROKEN("queues: {a: {rate: [10/s]}}\n", 1, 21, WANTED "a list");
}

TEST(numbers_keep_their_range)
{
    BROKEN("queues: {a: {concurrency: 0}}\n", 1, 27,
           "\"concurrency\": expected a whole number from 1 to 100000; found \"0\"");
    BROKEN("queues: {a: {concurrency: many}}\n", 1, 27,
           "\"concurrency\": expected a whole number from 1 to 100000; found \"many\"");
    BROKEN("queues: {a: {concurrency: 1.5}}\n", 1, 27,
           "\"concurrency\": expected a whole number from 1 to 100000; found \"1.5\"");
    BROKEN("types:\n  a: {exec: [x], priority: 101}\n", 2, 28,
           "\"priority\": expected a whole number from -100 to 100; found \"101\"");
    BROKEN("defaults: {timeout: 0}\n", 1, 21, "\"timeout\": \"0\" is too short: 1ms is the least");
    BROKEN("defaults: {timeout: 99999d}\n", 1, 21, "\"timeout\": \"99999d\" is too long: 366d is the most");
}

TEST(kinds_are_checked)
{
    BROKEN("listen: {a: b}\n", 1, 10, "\"listen\": expected HOST:PORT or unix:PATH, one or a list; found a map");
    BROKEN("listen: []\n", 1, 1, "\"listen\": expected HOST:PORT or unix:PATH, one or a list; found \"[]\"");
    BROKEN("listen: [8080]\n", 1, 10, "\"listen\": expected HOST:PORT or unix:PATH, one or a list; found \"8080\"");
    BROKEN("listen: [[x:1]]\n", 1, 11, "\"listen\": item 1: expected a text; found a list");
    BROKEN("store: postgres://x\n", 1, 8, "\"store\": expected mem: or sqlite:FILE; found \"postgres://x\"");
    BROKEN("data_dir:\n", 1, 1, "\"data_dir\": expected a path; found nothing");
    BROKEN("defaults: 5\n", 1, 11, "\"defaults\": expected a map of keys; found \"5\"");
    BROKEN("defaults: [1]\n", 1, 12, "\"defaults\": expected a map of keys; found a list");
    BROKEN("queues: [a]\n", 1, 10, "\"queues\": expected a map of names, each with a map of keys; found a list");
    BROKEN("queues: {a: 5}\n", 1, 13, "\"a\": expected a map of keys; found a text");
    BROKEN("queues: {a: {paused: yes}}\n", 1, 22, "\"paused\": expected true or false; found \"yes\"");
    BROKEN("defaults: {retry: {backoff: linear}}\n", 1, 29,
           "\"backoff\": expected one of fixed, exponential; found \"linear\"");
    BROKEN("- a\n- b\n", 1, 3, "expected a map of keys; found a list");
    BROKEN("hello\n", 1, 1, "expected a map of keys; found a text");
}

TEST(a_command_is_a_list)
{
    BROKEN("workers: {w: {command: ./speech --model x}}\n", 1, 24,
           "\"command\": expected a list, program and arguments, like [./speech, --model, en-us]: there is no shell; "
           "found "
           "\"./speech --model x\"");
    BROKEN("workers:\n  w:\n    instances: 2\n", 2, 3, "\"command\" is missing");
    BROKEN("workers: {w: {command: [x, ]}, v: {}}\n", 1, 32, "\"command\" is missing");
    BROKEN("workers: {w: {command: [x], env: [A=1]}}\n", 1, 35, "\"env\": expected a map of NAME: text; found a list");
    BROKEN("workers: {w: {command: [x], env: {A: [1]}}}\n", 1, 35, "\"env\": expected a text for \"A\"; found a list");
    BROKEN("workers: {w: {command: [x], env: {A=B: 1}}}\n", 1, 35, "\"env\": this cannot be the name of a variable");
}

TEST(a_type_has_one_handler_and_names_what_exists)
{
    BROKEN("types:\n  a: {queue: default}\n", 2, 3, "\"a\" needs one of \"worker\", \"exec\", \"http\", \"pull\" and \"steps\"");
    BROKEN("workers: {w: {command: [x]}}\ntypes:\n  a: {exec: [x], worker: w}\n", 3, 3,
           "\"a\" needs only one of \"worker\", \"exec\", \"http\", \"pull\" and \"steps\"");
    BROKEN("types:\n  a: {exec: [x], queue: gpu}\nqueues: {gpu1: {}}\n", 2, 25,
           "\"queue\": no queue \"gpu\" is declared (did you mean \"gpu1\"?)");
    BROKEN("types:\n  a: {worker: whisper}\n", 2, 15, "\"worker\": no worker \"whisper\" is declared");
    BROKEN("workers: {w: {command: [x]}}\ntypes:\n  a: {worker: w, stdout: text}\n", 3, 3,
           "\"a\": \"stdout\" goes with \"exec\"; a worker has its own");
    BROKEN("types:\n  a*b: {exec: [x]}\n", 2, 3,
           "a name in \"types\" has 1 to 200 characters of A-Z a-z 0-9 . _ - : /, and may end with *");
    BROKEN("queues:\n  a b: {}\n", 2, 3, "a name in \"queues\" has 1 to 200 characters of A-Z a-z 0-9 . _ - : /");
}

#define CHAIN "types:\n  e: {exec: [x]}\n  c:\n    steps:\n      - {type: e, name: a}\n"

TEST(a_chain_names_what_comes_before)
{
    BROKEN(CHAIN "      - {type: f}\n", 6, 10, "type: no type \"f\" is declared");
    BROKEN(CHAIN "      - {type: c}\n", 6, 10, "type: \"c\" is a chain itself");
    BROKEN(CHAIN "      - {type: e, name: a}\n", 6, 19, "name: there are two steps \"a\"");
    BROKEN(CHAIN "      - {type: e, name: task}\n", 6, 19,
           "name: \"task\" cannot be the name of a step: give it a `name` of A-Z a-z 0-9 _ -, and not input, task, const or item");
    BROKEN(CHAIN "      - {type: e, input: {x: e.result}}\n", 6, 19, "input: \"e.result\" names no source; a source begins with one of input., task., a., const. (which is text)");
    BROKEN(CHAIN "      - {type: e, when: [a]}\n", 6, 19, "when: a condition is a source (input.summarize), or a map of sources and what they must be");
    BROKEN("types:\n  e: {exec: [x]}\n  c: {steps: [{type: e, when: input.x}]}\n", 3, 25, "when: the first step is always done");
    BROKEN(CHAIN "    result: b.result\n", 6, 5, "result: \"b.result\" names no source; a source begins with one of input., task., a., const. (which is text)");
    BROKEN("types:\n  e: {exec: [x], result: input.x}\n", 2, 3, "\"e\": \"result\" goes with \"steps\"");
    BROKEN("types:\n  e: {exec: [x]}\n  c:\n    steps:\n      - {name: b}\n      - {type: e}\n", 5, 10, "\"type\" is missing");
    BROKEN(CHAIN "      - {name: b}\n", 6, 10, "\"type\" is missing");
}

TEST(what_a_pool_needs_is_there_and_enough)
{
#define NEEDS(needs) "resources: {vram: 24G, seats: 3}\nworkers:\n  w: {command: [x], needs: {" needs "}}\n"
    BROKEN(NEEDS("vrm: 1G"), 3, 29, "\"needs\": no resource \"vrm\" is declared in \"resources\" (did you mean \"vram\"?)");
    BROKEN(NEEDS("vram: 25G"), 3, 35, "\"needs\": 25G of \"vram\" is more than there is: \"resources\" has 24G");
    BROKEN(NEEDS("vram: 6"), 3, 35, "\"needs\": \"vram\" is a size in \"resources\" (24G): 6 is a number without a unit");
    BROKEN(NEEDS("seats: 1G"), 3, 36, "\"needs\": \"seats\" is a number in \"resources\" (3): 1G is a size");
    BROKEN(NEEDS("vram: 0"), 3, 35, "\"needs\": \"vram\": expected a size like 6G, or a whole number from 1; found \"0\"");
    BROKEN(NEEDS("vram: []"), 3, 29, "\"needs\": \"vram\": expected a size like 6G, or a whole number from 1; found a list");
    BROKEN("resources: {vram: 24Q}\nworkers: {w: {command: [x], needs: {vram: 1G}}}\n", 1, 19,
           "\"resources\": \"vram\": expected a size like 6G, or a whole number from 1; found \"24Q\"");
    BROKEN("resources: 24G\n", 1, 12, "\"resources\": expected a map of names, each with a size like 6G or a whole number; found \"24G\"");
    BROKEN("workers: {w: {command: [x], needs: {vram: 1G}}}\n", 1, 37, "\"needs\": no resource \"vram\" is declared in \"resources\"");
    BROKEN("resources: {a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1}\n", 1, 13, "\"resources\": 9 names; at most 8");
    BROKEN("resources: {\"a b\": 1}\n", 1, 14, "a name in \"resources\" has 1 to 200 characters of A-Z a-z 0-9 . _ - : /");
}

TEST(what_is_not_yaml_has_its_place)
{
    BROKEN("queues:\n  a: {}\n  b: {}\n  a: {}\n", 4, 3, "duplicate key");
    BROKEN("store: \"mem:\n  listen: x\n", 1, 9, "double-quoted scalar without closing quote");
    BROKEN("store: *x\n", 1, 9, "invalid alias");
    BROKEN("store: \"mem:\"\n---\nlisten: a:1\n", 3, 1, "only one document: take out the line \"---\" before it");
    BROKEN("store: mem\xff\n", 1, 11, "the file is not UTF-8 here");
    BROKEN("# \xc3\xa4\nstore: \xed\xa0\x80\n", 2, 8, "the file is not UTF-8 here");
}

TEST(several_problems_come_at_once_in_the_order_of_the_file)
{
    broken(STR("typs: {}\ntypes:\n  a: {exec: [x], timeout: 5}\nqueues: {q: {concurrency: x}}\n"), 3, 1, 1,
           "unknown key \"typs\" (did you mean \"types\"?)");
    CHECK_INT(errors.items[1].mark.line, 3);
    CHECK_INT(errors.items[2].mark.line, 4);
    struct buf b;
    buf_init(&b, 65536);
    config_errors_write(&errors, &b);
    struct str lines = buf_str(&b), first = str_cut(&lines, '\n');
    CHECK(str_ends(first, STR("/bide.yaml:1:1: unknown key \"typs\" (did you mean \"types\"?)")));
    buf_release(&b);
}

TEST(no_more_than_twenty_are_shown_and_the_rest_is_counted)
{
    char yaml[1024] = "";
    for (int i = 0; i < 25; i++) snprintf(yaml + strlen(yaml), sizeof yaml - strlen(yaml), "k%d: 1\n", i);
    broken(str_of(yaml), CONFIG_ERRORS, 1, 1, "unknown key \"k0\"");
    CHECK_INT(errors.more, 5);
}

TEST(a_file_that_cannot_be_read_is_a_problem_too)
{
    struct config c;
    CHECK_INT(config_load(&c, config_dir_path("absent.yaml"), NULL, &errors), ERR_CONFIG);
    CHECK_INT(errors.items[0].mark.line, 0);
    CHECK_STR(str_of(errors.items[0].text), "cannot open it: No such file or directory");
    CHECK_INT(config_load(&c, config_dir_path(""), NULL, &errors), ERR_CONFIG);
    CHECK_STR(str_of(errors.items[0].text), "cannot read it: Is a directory");
}

TEST_MAIN
