/* SPDX-License-Identifier: Apache-2.0
 *
 * Types that are requests: what their configuration is, how it is refused, what of it is shown.
 */
#include "server/config_show.h"
#include "server/config_table.h"
#include "test.h"
#include "test_config_dir.h"
#include <sys/stat.h>
#include <unistd.h>

static struct config c;
static struct config_errors errors;
static struct buf shown;

static void forget(void) { config_release(&c); }

static int load(const char *yaml)
{
    static bool begun;
    if (!begun) atexit(forget);
    begun = true;
    config_release(&c);
    return config_load(&c, config_dir_write("bide.yaml", yaml), NULL, &errors);
}

static const struct web_conf *http(void) { return &config_type_find(&c, STR("a"))->http; }

static void broken(const char *yaml, int line, int column, const char *text)
{
    CHECK_INT(load(yaml), ERR_CONFIG);
    if (errors.n != 1 || strcmp(errors.items[0].text, text)) fprintf(stderr, "in:\n%s", yaml);
    CHECK_STR(str_of(errors.items[0].text), text);
    CHECK_INT(errors.n, 1);
    CHECK_INT(errors.items[0].mark.line, line);
    CHECK_INT(errors.items[0].mark.column, column);
}

#define AT(more) "types:\n  a:\n    http:\n      url: http://h/x\n      " more "\n"

TEST(a_url_is_enough)
{
    CHECK_INT(load("types: {a: {http: {url: \"http://h/{id}\"}}}\n"), 0);
    CHECK_STR(str_of(http()->url), "http://h/{id}");
    CHECK(http()->body == NULL && http()->result == NULL && !http()->poll.status && !http()->callback.base && !http()->stream.piece);
    CHECK_INT(http()->concurrency, 16);
    CHECK_INT(http()->connect_timeout_ms, 10000);
    CHECK_INT(http()->method, WEB_POST);
}

TEST(a_body_may_be_a_map_whose_values_keep_their_types)
{
    CHECK_INT(load(AT("body: {model: m, stream: true, n: 2, messages: [{content: \"{input.text}\"}]}")), 0);
    CHECK_STR(str_of(http()->body), "{\"model\": \"m\", \"stream\": true, \"n\": 2, \"messages\": [{\"content\": \"{input.text}\"}]}");
}

TEST(a_url_is_refused_where_it_stands)
{
    broken("types:\n  a:\n    http: {url: \"ftp://h/\"}\n", 3, 18, "\"url\": \"ftp://h/\": it must begin with http:// or https://");
    broken("types:\n  a:\n    http:\n      url: http://{input.host}/\n", 4, 12,
           "\"url\": \"http://{input.host}/\": whom it calls cannot come from a template, only what is behind the host");
    broken(AT("cancel: http://h/{reomte.id}"), 5, 15, "\"cancel\": \"http://h/{reomte.id}\": {reomte.id} is no template that is known here");
    broken(AT("proxy: proxy:3128"), 5, 14, "\"proxy\": \"proxy:3128\": it must begin with http:// or https://");
    broken(AT("proxy: http://u:hush@proxy:3128"), 5, 14,
           "\"proxy\": a user and password do not belong into a URL; secret_headers and proxy_login have a place for them");
    broken(AT("poll: {status: /jobs}"), 5, 22, "\"status\": \"/jobs\": it must begin with http:// or https://");
    broken("types:\n  a:\n    http: {method: POST}\n", 3, 5, "\"url\" is missing");
}

TEST(what_belongs_together_is_looked_at)
{
    broken(AT("poll: {every: 1s}"), 5, 7, "\"status\" is missing");
    broken(AT("stream: {end: x}"), 5, 7, "\"piece\" is missing");
    broken(AT("callback: {base: \"http://me\"}"), 5, 18, "\"callback\": {callback_url} is in none of url, headers and body, so nobody could call back");
    broken(AT("body: {to: \"{callback_url}\"}"), 4, 7, "\"http\": {callback_url} needs \"callback\" with its \"base\"");
    broken(AT("poll: {status: \"http://h/\"}\n      stream: {piece: /x}"), 6, 16,
           "\"stream\" is an answer that has the result; with \"poll\" or \"callback\" it has not");
    char said[PATH_MAX + 64];
    snprintf(said, sizeof said, "\"ca_file\": %s/none.pem: No such file or directory", config_dir);
    broken(AT("ca_file: none.pem"), 5, 7, said);
    broken("types:\n  a:\n    http: {url: \"http://h\"}\n    cwd: .\n", 2, 3, "\"a\": \"cwd\" goes with \"exec\"; a request has none");
    broken("types:\n  a:\n    http: {url: \"http://h\"}\n    exec: [x]\n", 2, 3, "\"a\" needs only one of \"worker\", \"exec\", \"http\", \"pull\" and \"steps\"");
}

TEST(headers_are_such_that_can_be_sent)
{
    broken(AT("headers: {\"X Y\": a}"), 5, 7, "\"headers\": \"X Y\" cannot be the name of a header");
    broken(AT("headers: {Content-length: \"1\"}"), 5, 7, "\"headers\": \"Content-length\" is set by the server itself");
    broken(AT("headers: {X: \"a\\r\\nEvil: b\"}"), 5, 7, "\"headers\": the value of \"X\" has a control character in it");
}

static void show(void *user, const struct config_item *item)
{
    (void)user;
    buf_add_str(&shown, item->path);
    buf_add_char(&shown, ':');
    config_show_value(&shown, item);
    buf_add_char(&shown, '\n');
}

static void keep(const char *secret)
{
    const char *path = config_dir_path("s");
    FILE *f = fopen(path, "w");
    if (!f || fputs(secret, f) < 0 || fclose(f) != 0 || chmod(path, 0600) != 0) abort();
}

static void unkeep(void) { unlink(config_dir_path("s")); }

TEST(secrets_of_headers_come_from_files_and_are_not_shown)
{
    keep("hush\n");
    int err = load(AT("secret_headers: {Authorization: \"Bearer file:s\", X-Key: \"file:s\"}"));
    unkeep();
    CHECK_INT(err, 0);
    CHECK_STR(str_of(http()->secret_headers[0]), "Authorization=Bearer hush");
    CHECK_STR(str_of(http()->secret_headers[1]), "X-Key=hush");
    buf_init(&shown, 1024 * 1024);
    config_show_each(&c, show, NULL);
    CHECK(strstr(shown.p, "types.a.http.secret_headers:{\"Authorization\":\"***\",\"X-Key\":\"***\"}\n") != NULL);
    CHECK(strstr(shown.p, "types.a.http.body:null\n") != NULL && strstr(shown.p, "types.a.http.proxy_login:null\n") != NULL);
    CHECK(strstr(shown.p, "hush") == NULL && strstr(shown.p, "http.poll") == NULL);
    buf_release(&shown);
    broken(AT("secret_headers: {A: Bearer hush}"), 5, 24, "\"secret_headers\": \"A\": expected file:PATH or credential:NAME, where the secret is kept; not the secret itself");
}

#define VIA "proxy: \"http://p:1\"\n      proxy_login: "

TEST(the_login_of_a_proxy_has_its_password_in_a_file_and_it_is_not_shown)
{
    keep("hush:=@%41\n");
    int err = load(AT(VIA "{bide@home: \"file:s\"}"));
    CHECK_INT(err, 0);
    CHECK_STR(str_of(http()->proxy_login[0]), "bide@home=hush:=@%41");
    CHECK(http()->proxy_login[1] == NULL);
    buf_init(&shown, 1024 * 1024);
    config_show_each(&c, show, NULL);
    CHECK(strstr(shown.p, "types.a.http.proxy_login:{\"bide@home\":\"***\"}\n") != NULL);
    CHECK(strstr(shown.p, "hush") == NULL);
    buf_release(&shown);
    broken(AT("proxy_login: {bide: \"file:s\"}"), 5, 7, "\"proxy_login\": it goes with \"proxy\"");
    broken(AT(VIA "{a: \"file:s\", b: \"file:s\"}"), 6, 7, "\"proxy_login\": it has one user with its password");
    broken(AT(VIA "{\"a:b\": \"file:s\"}"), 6, 7, "\"proxy_login\": no user can have this name");
    keep("hu\tsh\n");
    broken(AT(VIA "{bide: \"file:s\"}"), 6, 7, "\"proxy_login\": the password has a control character in it");
    unkeep();
    broken(AT(VIA "{bide: hush}"), 6, 21, "\"proxy_login\": \"bide\": expected file:PATH or credential:NAME, where the secret is kept; not the secret itself");
}

TEST_MAIN
