// SPDX-License-Identifier: Apache-2.0
//
// One request of the HTTP API before it is sent, and its answer after it came. Nothing here knows of sockets: calls.js
// makes calls, client.js has connection.js carry them.
import * as kinds from "./problems.js";

const { Away, NotEnded, Problem, TooLarge } = kinds;
const byCode = new Map(Object.values(kinds).map((kind) => [kind.code, kind]));
const BODY = 16 * 1024 * 1024 + 64 * 1024; // the longest body that the server takes, in bytes

/** `method`, `target` (path and query), `read` (of a good answer, what the client's method returns), `body` (anything
 * JSON can hold; undefined: none) or `file` (the path of one that is the body), `headers`, `waitMs` (what the server was
 * asked to wait, beyond its usual time). */
export function call(method, target, read = readJson, { body, file, headers = {}, waitMs = 0 } = {}) {
    return { method, target, read, body, file, headers, waitMs };
}

/** Whether sending it twice does no more than sending it once. */
export function isRepeatable({ method, headers }) {
    return method === "GET" || "Idempotency-Key" in headers;
}

/** The body as sent. Throws TypeError (JSON cannot hold it), TooLarge. */
export function payload({ body }) {
    if (body === undefined) return undefined;
    const data = Buffer.from(JSON.stringify(body));
    if (data.length > BODY) {
        throw new TooLarge(413, { code: "too_large", detail: `a request of ${data.length} bytes: the server takes ${BODY}` });
    }
    return data;
}

/** What a good answer says. Throws the problem that another one is. An answer: `status`, `headers`, `body` (a Buffer). */
export function valueOf(call, answer) {
    if (answer.status >= 300) throw problemOf(answer.status, problemBody(answer), retryAfterMs(answer));
    return call.read(answer);
}

/** The error for an error answer, by its `code`. Without one it is not bide's own, but a proxy's. */
export function problemOf(status, body, retryAfter = null) {
    const unknown = body.code === undefined && [502, 503, 504].includes(status) ? Away : Problem;
    return new (byCode.get(String(body.code)) ?? unknown)(status, body, retryAfter);
}

export function readJson(answer) {
    try {
        return JSON.parse(answer.body);
    } catch (error) {
        const detail = `an answer that is not JSON (${error.message}): ${answer.body.subarray(0, 200)}`;
        throw new Problem(answer.status, { detail }, null, { cause: error });
    }
}

export function readNothing() {}

export function readText(answer) {
    return answer.body.toString();
}

export function readItems(answer) {
    return readJson(answer).items;
}

export function readResult(answer) {
    if (answer.status === 202) {
        throw new NotEnded(202, { code: "not_ended", detail: "the task has not ended" }, retryAfterMs(answer));
    }
    const kind = (answer.headers["content-type"] ?? "").split(";")[0].trim();
    return kind === "application/json" ? readJson(answer) : answer.body;
}

/** The first part as it is, the others as one segment each. */
export function path(first, ...segments) {
    return first + segments.map((segment) => "/" + encodeURIComponent(segment)).join("");
}

/** With the members that are neither undefined nor null as its query; a Date as RFC 3339, a list as many of its name. */
export function query(base, members) {
    const asked = new URLSearchParams();
    for (const [name, value] of Object.entries(members)) {
        for (const one of Array.isArray(value) ? value : [value]) {
            if (one !== undefined && one !== null) asked.append(name, one instanceof Date ? one.toISOString() : String(one));
        }
    }
    const text = asked.toString();
    return text ? `${base}?${text}` : base;
}

function retryAfterMs(answer) {
    const text = answer.headers["retry-after"] ?? "";
    return /^\d+$/.test(text) ? Number(text) * 1000 : null;
}

function problemBody(answer) {
    try {
        const body = JSON.parse(answer.body);
        if (body !== null && typeof body === "object" && !Array.isArray(body)) return body;
    } catch {
        // what it is instead is the detail
    }
    return { detail: answer.body.subarray(0, 500).toString() };
}
