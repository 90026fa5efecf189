// SPDX-License-Identifier: Apache-2.0
//
// The routes of the HTTP API as functions: arguments in, a call out. What the arguments mean is said in client.d.ts, at
// the methods of Client, which have the same names.
import { randomUUID } from "node:crypto";

import { call, path, query, readItems, readJson, readNothing, readResult, readText } from "./call.js";
import { plain, submission } from "./submission.js";

export { submission };

/** The states in which a task stays. */
export const ENDINGS = new Set(["completed", "failed", "cancelled", "expired"]);

const TASKS = "/v1/tasks";
const ATTEMPTS = "/v1/attempts";

// tasks

export function submit(type, input, { waitMs = 0, idempotencyKey, share, ...fields }) {
    const headers = { ...key(idempotencyKey), ...(waitMs > 0 ? { Prefer: `wait=${seconds(waitMs)}` } : {}) };
    return call("POST", query(TASKS, { share: share ? 1 : undefined }), readJson, { body: submission({ ...fields, type, input }), headers, waitMs });
}

export function submitMany(tasks, { idempotencyKey }) {
    const body = Array.from(tasks, submission);
    return call("POST", TASKS + ":batch", readItems, { body, headers: key(idempotencyKey) });
}

/** Its body is written line by line: see stream.js. It cannot be sent again from here, so it has no key of its own. */
export function submitLines({ idempotencyKey = null }) {
    const headers = { ...key(idempotencyKey), "Content-Type": "application/x-ndjson", Accept: "application/x-ndjson" };
    return call("POST", TASKS + ":batch", undefined, { headers });
}

export function get(id, waitMs) {
    const asked = waitMs === undefined ? {} : { wait: seconds(waitMs) };
    return call("GET", query(path(TASKS, id), asked), readJson, { waitMs });
}

export function latest(subject, { type }) {
    return call("GET", query(TASKS + "/latest", { subject, type }));
}

export function result(id) {
    return call("GET", path(TASKS, id, "result"), readResult);
}

export function log(id, { run, attempt }) {
    return call("GET", query(path(TASKS, id, "log"), { run, attempt }), readText);
}

export function output(id, { run, attempt }) {
    return call("GET", query(path(TASKS, id, "output"), { run, attempt }), readText);
}

export function attempts(id) {
    return call("GET", path(TASKS, id, "attempts"), readItems);
}

export function verb(id, word) {
    return call("POST", path(TASKS, id, word));
}

export function cancelAll(filters) {
    return call("POST", TASKS + ":cancel", readJson, { body: filter(filters) });
}

export function retryAll(filters) {
    return call("POST", TASKS + ":retry", readJson, { body: filter(filters) });
}

export function update(id, changes) {
    return patch(path(TASKS, id), changes);
}

export function remove(id) {
    return call("DELETE", path(TASKS, id), readNothing);
}

export function complete(id, result = null) {
    return call("POST", path(TASKS, id, "complete"), readJson, { body: { result } });
}

export function fail(id, code, message, { detail, type }) {
    return call("POST", path(TASKS, id, "fail"), readJson, { body: { code, message, detail, type } });
}

// queues, workers, the server

export function queue(name) {
    return call("GET", path("/v1/queues", name));
}

export function queueVerb(name, word) {
    return call("POST", path("/v1/queues", name, word));
}

export function updateQueue(name, changes) {
    return patch(path("/v1/queues", name), changes);
}

export function workerVerb(id, word) {
    return call("POST", path("/v1/workers", id, word));
}

export function stats() {
    return call("GET", "/v1/stats");
}

// notifications

export const NOTIFICATIONS = "/v1/notifications";

export function unreadNotifications({ subject }) {
    return call("GET", query(NOTIFICATIONS, { subject, limit: 1 }), (answer) => readJson(answer).unread);
}

export function readNotification(id) {
    return call("POST", path(NOTIFICATIONS, id, "read"));
}

export function readAllNotifications({ subject }) {
    return call("POST", NOTIFICATIONS + "/read-all", (answer) => readJson(answer).read, { body: { subject } });
}

/** A part of a list: its `items`, and `next_cursor` for the `cursor` of the next one, null at the end. */
export function page(base, filters) {
    return call("GET", query(base, filters));
}

export function tasksPage(filters) {
    return page(TASKS, filters);
}

// attempts, for the puller

export function claim(members, waitMs) {
    return call("POST", ATTEMPTS + ":claim", readJson, { body: { ...members, wait_ms: waitMs }, waitMs });
}

/** `word`: the task's id and the attempt's fence, with a dot between them. */
export function attempt(word, verb, body = {}) {
    return call("POST", path(ATTEMPTS, word, verb), readJson, { body });
}

export function attemptInput(word) {
    return call("GET", path(ATTEMPTS, word, "input"), readResult);
}

export function attemptFile(word, name, file) {
    return call("PUT", path(ATTEMPTS, word, "files", name), readJson, { file, headers: { "Content-Type": "application/octet-stream" } });
}

function patch(target, changes) {
    const body = plain(changes);
    return call("PATCH", target, readJson, { body, headers: { "Content-Type": "application/merge-patch+json" } });
}

/** Undefined: one of its own. null: none, and so it is not sent again when its answer is lost. */
function key(given) {
    return given === null ? {} : { "Idempotency-Key": given ?? randomUUID() };
}

/** The API speaks of seconds here, with up to three decimals. */
function seconds(ms) {
    return String(Math.max(0, Math.round(ms)) / 1000);
}

/** Without any member every task is meant: that has to be said, as `everything: true`, to the server as a time. */
function filter({ everything = false, ...filters }) {
    const given = Object.fromEntries(Object.entries(plain(filters)).filter(([, value]) => value !== undefined && value !== null));
    if (!everything && Object.keys(given).length === 0) {
        throw new TypeError("no filter: this would be about every task there is (everything: true says that it is meant)");
    }
    return Object.keys(given).length > 0 ? given : { created_after: "1970-01-01T00:00:01Z" };
}
