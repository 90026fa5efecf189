// SPDX-License-Identifier: Apache-2.0
//
// Requests over kept-alive connections, with node:http: it speaks UNIX sockets, says whether a connection was used
// before, and lets a body be written while the answer is read, none of which the built-in fetch does.
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import { pipeline } from "node:stream/promises";

import { Away } from "./problems.js";

const IDLE_MS = 60_000; // less than the 75 s after which the server closes an idle connection

export class Connections {
    constructor(address) {
        this.address = address;
        this.module = address.tls ? https : http;
        this.agent = new this.module.Agent({ keepAlive: true, maxFreeSockets: 32, timeout: IDLE_MS });
    }

    /** Sends one request and reads the whole answer: `status`, `headers` (names in lower case), `body`. `body`: a Buffer, or
     * what fileBody made. `timeoutMs`: of silence before it gives up. Throws Away, `signal`'s reason when it aborts, and
     * what is wrong with the file. */
    async request(method, target, headers, body, timeoutMs, signal) {
        const length = body !== undefined || method !== "GET" ? { "Content-Length": body?.length ?? 0 } : {};
        const request = this.open(method, target, { ...headers, ...length }, timeoutMs, signal);
        if (body?.stream) pour(body.stream, request);
        else request.end(body);
        const response = await answerOf(request, this.address, signal);
        const pieces = [];
        try {
            for await (const piece of response) pieces.push(piece);
        } catch (error) {
            throw awayOf(error, request, this.address, signal);
        }
        return { status: response.statusCode, headers: response.headers, body: Buffer.concat(pieces) };
    }

    /** A request whose body is yet to be written. */
    open(method, target, headers, timeoutMs, signal) {
        const { headers: more, ...where } = this.address.where;
        const path = this.address.base + target;
        const request = this.module.request({ ...where, method, path, agent: this.agent, headers: { ...more, ...headers }, signal });
        request.setTimeout(timeoutMs, () => {
            request.lateness = new Error(`no answer for ${timeoutMs} ms`);
            request.destroy(request.lateness);
        });
        return request;
    }

    close() {
        this.agent.destroy();
    }
}

/** The bytes of a regular file as a body, for one request. Throws the error of the file system. */
export async function fileBody(path) {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const { size } = await file.stat();
    if (size > 0) return { length: size, stream: file.createReadStream({ end: size - 1 }) };
    await file.close();
    return Buffer.alloc(0);
}

function pour(stream, request) {
    stream.once("error", (error) => (request.unreadable = error));
    pipeline(stream, request).catch((error) => request.destroy(error)); // whoever reads the answer tells
}

/** The head of the answer, once it came. Throws Away. */
export function answerOf(request, address, signal) {
    return new Promise((resolve, reject) => {
        let response;
        request.once("response", (head) => resolve((response = head)));
        // A server that does not want the body answers and closes: the answer counts, whatever becomes of the rest.
        request.on("error", (error) => response || reject(awayOf(error, request, address, signal)));
    });
}

/** There was no answer, or half of one. */
export function awayOf(error, request, address, signal) {
    if (signal?.aborted) return signal.reason;
    if (request.unreadable) return request.unreadable;
    const cause = request.lateness ?? error;
    const silent = new Away(0, { code: "away", detail: `${address.url}: ${cause.message || cause.code}` }, null, { cause });
    // For those who send again: whether any of it can have arrived, and whether the server had its time.
    return Object.defineProperties(silent, {
        arrived: { value: !isUnconnected(error) || request.reusedSocket },
        late: { value: request.lateness !== undefined },
    });
}

function isUnconnected(error) {
    if (error.errors?.length) return error.errors.every(isUnconnected); // each address of the name was tried
    return error.syscall === "connect" || error.syscall === "getaddrinfo";
}
