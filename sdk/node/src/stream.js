// SPDX-License-Identifier: Apache-2.0
//
// tasks:batch as NDJSON: the submits go out a line at a time, the answers come in while they do.
//
// Neither side runs ahead: the next submit is asked of the caller when the connection has taken the last one, and the
// server reads no further than its answers are taken.
import { submission } from "./calls.js";
import { valueOf } from "./call.js";
import { answerOf, awayOf } from "./connection.js";
import { lines } from "./lines.js";
import { Problem } from "./problems.js";

const LINE = 16 * 1024 * 1024; // of an answer: far more than an id or a problem
const HELD = 64 * 1024; // characters that are sent as one piece

/** Yields the answers of the server, one for each task. Throws what the tasks' own iterator throws, too. */
export async function* exchange(connections, call, headers, tasks, timeoutMs) {
    const request = connections.open(call.method, call.target, headers, timeoutMs);
    const answer = answerOf(request, connections.address);
    let trouble; // of writing: an error of the caller's iterator
    write(request, tasks).catch((error) => {
        trouble = error;
        request.destroy(error);
    });
    try {
        const response = await answer;
        if (response.statusCode >= 300) {
            valueOf(call, { status: response.statusCode, headers: response.headers, body: await whole(response) });
        }
        for await (const line of lines(response, LINE)) yield JSON.parse(line);
    } catch (error) {
        if (trouble) throw trouble;
        throw error instanceof Problem ? error : awayOf(error, request, connections.address);
    } finally {
        request.destroy(); // the caller may have left in the middle; the tasks' iterator ends at its next step
    }
}

async function write(request, tasks) {
    let held = "";
    for await (const task of tasks) {
        held += JSON.stringify(submission(task)) + "\n";
        if (held.length < HELD && !isAsync(tasks)) continue; // of an iterator that waits for its tasks none is held back
        if (!(await push(request, held))) return;
        held = "";
    }
    request.end(held);
}

function isAsync(tasks) {
    return Symbol.asyncIterator in tasks;
}

/** False when the connection is gone: whoever reads the answer tells. */
async function push(request, text) {
    if (!request.destroyed && !request.write(text)) await taken(request);
    return !request.destroyed;
}

function taken(request) {
    return new Promise((resolve) => {
        const on = () => {
            request.off("drain", on).off("close", on);
            resolve();
        };
        request.on("drain", on).on("close", on);
    });
}

async function whole(response) {
    const pieces = [];
    for await (const piece of response) pieces.push(piece);
    return Buffer.concat(pieces);
}
