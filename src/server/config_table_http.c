/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows of an http type: types.NAME.http and what is below it.
 */
#include "base/limits.h"
#include "server/config_row.h"

static const char *const methods[] = {
    [WEB_POST] = "POST", [WEB_PUT] = "PUT", [WEB_PATCH] = "PATCH", [WEB_DELETE] = "DELETE", [WEB_GET] = "GET", NULL};
static const char *const shapes[] = {[WEB_OBJECT] = "object", [WEB_STRING] = "string", NULL};

static const struct config_key poll_keys[] = {
    {"status", KIND_URL, FIELD(web_poll_conf, status), .required = true,
     .help = "what is asked (GET) how it goes; {remote.id} is filled in, and what `url` has"},
    {"result", KIND_URL, FIELD(web_poll_conf, result),
     .help = "whose answer (GET) has the result; without it, the last answer of `status` has"},
    {"every", KIND_DURATION, FIELD(web_poll_conf, every_ms), .initial = "2s", .min = 1, .max = LIMIT_DELAY_MS,
     .help = "from one answer to the next call; longer when an answer says Retry-After"},
    {"call_timeout", KIND_DURATION, FIELD(web_poll_conf, call_timeout_ms), .initial = "1m", .min = 1, .max = LIMIT_DELAY_MS,
     .help = "longest time of each call, that of `url` included"},
    {"tries", KIND_INT, FIELD(web_poll_conf, tries), .initial = "5", .min = 1, .max = LIMIT_ATTEMPTS, .unit = "answers",
     .help = "answers in a row that are of no use before the attempt fails as bad_result"},
    {"state", KIND_POINTER, FIELD(web_poll_conf, state), .initial = "/status", .help = "where the state is in what `status` answers"},
    {"progress", KIND_POINTER, FIELD(web_poll_conf, progress), .initial = "/progress", .help = "there: percent"},
    {"message", KIND_POINTER, FIELD(web_poll_conf, message), .initial = "/message", .help = "there: what it is doing"},
    {"error", KIND_POINTER, FIELD(web_poll_conf, error), .initial = "/error", .help = "there: why it failed"},
    {"done", KIND_WORDS, FIELD(web_poll_conf, done), .initial = "completed", .help = "states that mean done"},
    {"failed", KIND_WORDS, FIELD(web_poll_conf, failed), .initial = "failed, cancelled",
     .help = "states that mean failed; every other state means that it is not over"},
};
const struct config_section config_table_http_poll = {"http.poll", KEYS(web_poll_conf, poll_keys)};

static const struct config_key callback_keys[] = {
    {"base", KIND_URL, FIELD(web_callback_conf, base), .required = true,
     .help = "this server as the other side reaches it; {callback_url} is below it"},
    {"result", KIND_POINTER, FIELD(web_callback_conf, result), .initial = "", .help = "where the result is in what it sends; \"\": all of it"},
    {"state", KIND_POINTER, FIELD(web_callback_conf, state), .help = "where the state is; without it each callback means done"},
    {"progress", KIND_POINTER, FIELD(web_callback_conf, progress), .initial = "/progress", .help = "with `state`: percent"},
    {"message", KIND_POINTER, FIELD(web_callback_conf, message), .initial = "/message", .help = "with `state`: what it is doing"},
    {"error", KIND_POINTER, FIELD(web_callback_conf, error), .initial = "/error", .help = "with `state`: why it failed"},
    {"done", KIND_WORDS, FIELD(web_callback_conf, done), .initial = "completed", .help = "states that mean done"},
    {"failed", KIND_WORDS, FIELD(web_callback_conf, failed), .initial = "failed, cancelled",
     .help = "states that mean failed; after every other one another callback is waited for"},
};
const struct config_section config_table_http_callback = {"http.callback", KEYS(web_callback_conf, callback_keys)};

static const struct config_key stream_keys[] = {
    {"piece", KIND_POINTER, FIELD(web_stream_conf, piece), .required = true, .help = "where the text is in an event's data"},
    {"error", KIND_POINTER, FIELD(web_stream_conf, error), .initial = "/error", .help = "there: why it failed"},
    {"end", KIND_TEXT, FIELD(web_stream_conf, end), .initial = "[DONE]",
     .help = "the data that ends the stream, which has broken off without it; \"\": the end of the answer does"},
    {"shape", KIND_CHOICE, FIELD(web_stream_conf, shape), .initial = "object", .words = shapes,
     .help = "the pieces together as {\"text\": ...}, or as a string"},
};
const struct config_section config_table_http_stream = {"http.stream", KEYS(web_stream_conf, stream_keys)};

static const struct config_key http_keys[] = {
    {"url", KIND_URL, FIELD(web_conf, url), .required = true,
     .help = "what is called; behind the host {input.path}, {id}, {attempt}, {type}, {fence}, {callback_url} are filled in, percent-encoded"},
    {"method", KIND_CHOICE, FIELD(web_conf, method), .initial = "POST", .words = methods, .help = "how; a GET has no body"},
    {"headers", KIND_ENV, FIELD(web_conf, headers), .help = "sent with every call; the same are filled in"},
    {"secret_headers", KIND_SECRETS, FIELD(web_conf, secret_headers),
     .help = "the same, each value read from file:PATH or credential:NAME; with words before it, as in `Bearer file:key`"},
    {"body", KIND_JSON, FIELD(web_conf, body),
     .help = "what is sent instead of the input; a text that is one template becomes the value itself"},
    {"result", KIND_POINTER, FIELD(web_conf, result),
     .help = "where the result is in the answer; without it, it is all of it, as JSON or as {\"text\": ...}"},
    {"error", KIND_POINTER, FIELD(web_conf, error), .initial = "/error/message", .help = "where the reason is in an answer that refuses"},
    {"stream", KIND_SECTION, FIELD(web_conf, stream), .section = &config_table_http_stream,
     .help = "an answer of type text/event-stream becomes output while it comes, and its text the result"},
    {"id", KIND_POINTER, FIELD(web_conf, id), .initial = "/id", .help = "with `poll` or `callback`: where the remote id is in what `url` answers"},
    {"poll", KIND_SECTION, FIELD(web_conf, poll), .section = &config_table_http_poll, .help = "`url` only takes the work; it is asked until it is done"},
    {"callback", KIND_SECTION, FIELD(web_conf, callback), .section = &config_table_http_callback, .help = "`url` only takes the work; it calls back when it is done"},
    {"cancel", KIND_URL, FIELD(web_conf, cancel),
     .help = "what is called, without a body, when the task is cancelled, times out or, without `poll`, the server stops; {remote.id} is filled in, too"},
    {"cancel_method", KIND_CHOICE, FIELD(web_conf, cancel_method), .initial = "POST", .words = methods, .help = "how"},
    {"concurrency", KIND_INT, FIELD(web_conf, concurrency), .initial = "16", .min = 1, .max = LIMIT_CALLS, .unit = "tasks",
     .help = "tasks of this type that are with the other side at one time"},
    {"connect_timeout", KIND_DURATION, FIELD(web_conf, connect_timeout_ms), .initial = "10s", .min = 1, .max = LIMIT_DELAY_MS,
     .help = "longest time until a connection stands"},
    {"call_timeout", KIND_DURATION, FIELD(web_conf, call_timeout_ms), .initial = "0", .max = LIMIT_DELAY_MS,
     .help = "without `poll`: longest time of the call; it can be tried again; 0: the task's `timeout`"},
    {"ca_file", KIND_PATH, FIELD(web_conf, ca_file), .help = "certificates (PEM) that may vouch for the other side, in place of the system's"},
    {"proxy", KIND_URL, FIELD(web_conf, proxy), .help = "an HTTP proxy that calls go through; those of the environment are not heeded"},
    {"proxy_login", KIND_SECRETS, FIELD(web_conf, proxy_login),
     .help = "who we are for that proxy (Basic): one user, and where the password is, as in `bide: file:proxy.key`"},
};
const struct config_section config_table_http = {"http", KEYS(web_conf, http_keys)};
