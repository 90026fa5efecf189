// SPDX-License-Identifier: Apache-2.0
//
// A small HTTP server for the tests of the client: it keeps what it was asked and answers what it was told to.
import { once } from "node:events";
import http from "node:http";

/** `answers` are functions (request, response) given in turn, the last one again and again. `requests`: what was asked, as
 * `{method, target, headers, body}`. `connections`: how many were taken. */
export class FakeServer {
    requests = [];
    connections = 0;
    #open = new Set();

    static async start(t, ...answers) {
        const it = new FakeServer(answers);
        it.server.listen(0, "127.0.0.1");
        await once(it.server, "listening");
        it.url = `http://127.0.0.1:${it.server.address().port}`;
        t.after(() => it.close());
        return it;
    }

    constructor(answers) {
        this.server = http.createServer(async (request, response) => {
            const pieces = [];
            for await (const piece of request) pieces.push(piece);
            const { method, url: target, headers } = request;
            this.requests.push({ method, target, headers, body: Buffer.concat(pieces).toString() });
            await (answers.length > 1 ? answers.shift() : answers[0])(request, response);
        });
        this.server.on("connection", (socket) => {
            this.connections++;
            this.#open.add(socket);
            socket.once("close", () => this.#open.delete(socket));
        });
    }

    /** Closes the connections that are open. */
    hangUp() {
        for (const socket of this.#open) socket.destroy();
    }

    close() {
        this.server.close();
        this.hangUp();
    }
}

export function answer(value = {}, status = 200, headers = {}) {
    return (request, response) => {
        const body = Buffer.isBuffer(value) ? value : JSON.stringify(value);
        response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(body);
    };
}

export function problem(status, code, headers = {}, more = {}) {
    const body = { status, code, title: "a title", detail: "a detail", request_id: "r1", ...more };
    return answer(body, status, { "Content-Type": "application/problem+json", ...headers });
}

/** The request was taken, the connection breaks instead of an answer. */
export function hangUp(request) {
    request.socket.destroy();
}

/** Nothing is ever said. */
export function keepSilent() {}
