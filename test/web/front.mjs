// SPDX-License-Identifier: Apache-2.0
//
// Stands between the browser and a real bide: passes on what it is not told to answer itself, so that a test can say what a
// stream tells and when, what a part of the API has, and that nobody answers.
import http from "node:http";
import { atEnd } from "./rig.mjs";

/** answers: {"GET /v1/events": (request, response) => ...}. Returns {url, asked, stop(), go()}. */
export async function front(t, server, answers = {}) {
    const asked = [];
    let silent = false;
    const proxy = http.createServer((request, response) => {
        const path = request.url.split("?")[0];
        asked.push({ method: request.method, url: request.url, at: performance.now() });
        if (silent) return request.socket.destroy();
        const own = answers[`${request.method} ${path}`];
        if (own) return own(request, response);
        const to = http.request(server.url + request.url, { method: request.method, headers: request.headers }, (answer) => {
            response.writeHead(answer.statusCode, answer.headers);
            answer.pipe(response);
        });
        to.on("error", () => response.destroy());
        request.pipe(to);
    });
    await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    atEnd(t, () => {
        proxy.closeAllConnections();
        return new Promise((resolve) => proxy.close(resolve));
    });
    return {
        url: `http://127.0.0.1:${proxy.address().port}`,
        asked,
        stop() {
            silent = true;
            proxy.closeAllConnections();
        },
        go: () => (silent = false),
    };
}

/** A stream of events for `answers`: `open` are those that listen; say(kind, data) tells all of them. */
export function stream() {
    const open = new Set();
    return {
        open,
        answer(request, response) {
            response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache" });
            response.write(": here\n\n");
            open.add(response);
            response.on("close", () => open.delete(response));
        },
        /** What was said has gone to the other side. */
        taken: () => Promise.all([...open].map((one) => one.writableNeedDrain && new Promise((resolve) => one.once("drain", resolve).once("close", resolve)))),
        say(kind, data) {
            for (const response of open) response.write(`event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);
        },
    };
}

/** For `answers`: JSON, of a value or of a function of the request. */
export const json = (value, status = 200) => (request, response) => {
    response.writeHead(status, { "Content-Type": status < 400 ? "application/json" : "application/problem+json" });
    response.end(JSON.stringify(typeof value === "function" ? value(request) : value));
};
