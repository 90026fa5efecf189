// SPDX-License-Identifier: Apache-2.0
//
// Server-sent events (the HTML standard, section 9.2), over as many connections as it takes:
//
//     asking ──200──▶ listening ──"end"──▶ over          204: the end was told before
//       ▲ └── away ──┐    │ broken off, or silent for SILENCE_MS
//       └── resting ◀┴────┘         (with the id of the last event that was told whole)
import { setTimeout as pause } from "node:timers/promises";

import { call, path, query, readNothing, valueOf } from "./call.js";
import { answerOf, awayOf } from "./connection.js";
import { Away, Draining, Problem, StoreUnavailable, TryAgain, Unsupported } from "./problems.js";

const SILENCE_MS = 45_000; // the server says something every 15 s
const PATIENCE_MS = 30_000; // how long a server that has answered may be away
const REST_MS = 100; // the first one; doubled for each further one
const REST_MOST_MS = 2_000; // unless the server says how long

export function ofAll({ lastId, signal, silenceMs, kind, ...filters }) {
    const target = query("/v1/events", { ...filters, kind: Array.isArray(kind) ? kind.join(",") : kind });
    return { target, lastId, signal, silenceMs, patienceMs: Infinity };
}

export function ofTask(id, { lastId, signal, silenceMs }) {
    return { target: path("/v1/tasks", id, "events"), lastId, signal, silenceMs, patienceMs: PATIENCE_MS };
}

/** `what`: log, output. */
export function ofText(id, what, { start, signal, silenceMs }) {
    const target = query(path("/v1/tasks", id, what), { follow: 1, from: start || undefined });
    return { target, signal, silenceMs, patienceMs: PATIENCE_MS };
}

/** Yields events; `headers`: of every request. */
export async function* listen(connections, headers, { target, lastId = "", signal, silenceMs = SILENCE_MS, patienceMs }) {
    const at = { id: lastId, retryMs: REST_MOST_MS };
    let [restMs, answered, gone] = [0, false, 0];
    for (;;) {
        try {
            const response = await open(connections, target, headers, at.id, silenceMs, signal);
            if (response === null) return;
            [answered, gone] = [true, 0];
            for await (const event of eventsOf(response, at)) {
                restMs = 0;
                yield event;
                if (event.name === "end") return;
            }
        } catch (error) {
            gone ||= performance.now();
            const isPassing = [Away, Draining, StoreUnavailable, TryAgain].some((kind) => error instanceof kind);
            if (!isPassing || !answered || performance.now() - gone >= patienceMs) throw error;
        }
        restMs = Math.min(restMs * 2 || REST_MS, at.retryMs);
        await pause(restMs, undefined, { signal }).catch((error) => {
            throw signal?.aborted ? signal.reason : error;
        });
    }
}

/** The pieces of the answer as they come; null: there is no more. Leaving them ends the connection. */
async function open(connections, target, more, id, silenceMs, signal) {
    const headers = { ...more, Accept: "text/event-stream, application/problem+json;q=0.5", ...(id ? { "Last-Event-ID": id } : {}) };
    const request = connections.open("GET", target, headers, silenceMs, signal);
    request.end();
    const response = await answerOf(request, connections.address, signal);
    const pieces = piecesOf(response, request, connections.address, signal);
    const { statusCode: status, headers: said } = response;
    const isStream = (said["content-type"] ?? "").startsWith("text/event-stream");
    if (status === 200 && isStream) return pieces;
    const whole = [];
    for await (const piece of pieces) whole.push(piece);
    valueOf(call("GET", target, readNothing), { status, headers: said, body: Buffer.concat(whole) });
    if (status === 204) return null;
    throw new Unsupported(501, { code: "unsupported", detail: "the server tells no events: it is of an older version" });
}

async function* piecesOf(response, request, address, signal) {
    try {
        yield* response;
    } catch (error) {
        throw awayOf(error, request, address, signal);
    } finally {
        request.destroy();
    }
}

/** `at.id` is that of the last event that was whole, `at.retryMs` what the server asked for. */
async function* eventsOf(pieces, at) {
    let [rest, name, id, data] = [Buffer.alloc(0), "", at.id, null];
    for await (const piece of pieces) {
        let whole = Buffer.concat([rest, piece]);
        for (let end; (end = whole.indexOf(10)) >= 0; whole = whole.subarray(end + 1)) {
            const line = whole.toString("utf8", 0, whole[end - 1] === 13 ? end - 1 : end);
            const colon = line.indexOf(":");
            const field = colon < 0 ? line : line.slice(0, colon);
            const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
            if (field === "event") name = value;
            else if (field === "id") id = value;
            else if (field === "retry" && Number(value) > 0) at.retryMs = Number(value);
            else if (field === "data") data = data === null ? value : data + "\n" + value;
            if (line !== "") continue;
            at.id = id;
            if (data !== null) yield { name, data: parsed(name, data), id };
            [name, data] = ["", null];
        }
        rest = whole;
    }
}

function parsed(name, text) {
    try {
        return JSON.parse(text);
    } catch (error) {
        throw new Problem(200, { code: "bad_answer", detail: `an event ${name} that is not JSON: ${error.message}` }, null, { cause: error });
    }
}

/** What a piece of a log, or of an output, says. */
export async function* texts(events) {
    for await (const { name, data } of events) if (name !== "end") yield data.data ?? data.text ?? "";
}
