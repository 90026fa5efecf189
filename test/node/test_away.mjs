// SPDX-License-Identifier: Apache-2.0
//
// A server that is away while it is followed or waited for, with both SDKs for JavaScript: behind a proxy it has an error page.
import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import test from "node:test";

import { Bide } from "../../sdk/js/bide.js";
import * as node from "../../sdk/node/index.js";
import { answer, FakeServer, hangUp, problem } from "./fake_server.mjs";

const TASK = { id: "t1", status: "completed", result: 7 };
const A = 'retry: 20\nid: 1\nevent: a\ndata: {}\n\n';
const END = 'id: 2\nevent: task.completed\ndata: {"id": "t1", "status": "completed"}\n\nevent: end\ndata: {"reason": "completed"}\n\n';
const page = (status) => answer(Buffer.from("<html>Bad Gateway</html>"), status, { "Content-Type": "text/html" });
const PROXY = [page(502), answer({ message: "no server" }, 503), page(504)];

const stream = (text) => (request, response) => response.writeHead(200, { "Content-Type": "text/event-stream" }).end(text);

/** Breaks after its text, once `act` was called. */
const broken = (text, act = () => {}) => (request, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.write(text, () => (act(), request.socket.destroy()));
};

const CLIENTS = { node: (url) => new node.Client(url, { retries: 0 }), js: (url) => new Bide(url) };

async function connect(t, kind, ...answers) {
    const server = await FakeServer.start(t, ...answers);
    const client = CLIENTS[kind](server.url);
    t.after(() => client.close?.());
    return { server, client };
}

async function names(events) {
    const items = [];
    for await (const { name, event } of events) items.push(name ?? event);
    return items;
}

for (const kind of Object.keys(CLIENTS)) {
    for (const [what, follow] of [["follow", (client) => client.follow("t1")], ["events", (client) => client.events()]]) {
        test(`${kind}: ${what} waits while a proxy says that its server is away`, async (t) => {
            const { server, client } = await connect(t, kind, stream(A), ...PROXY, stream(END));
            assert.deepEqual(await names(follow(client)), ["a", "task.completed", "end"]);
            assert.deepEqual(server.requests.map(({ headers }) => headers["last-event-id"]), [undefined, "1", "1", "1", "1"]);
        });
    }

    test(`${kind}: what passes by no waiting is thrown, and so is a proxy's page at the first step`, async (t) => {
        const { client } = await connect(t, kind, stream(A), problem(504, "timeout"), stream(A), page(500), page(502));
        for (const [status, code] of [[504, "timeout"], [500, "problem"], [502, "away"]]) {
            await assert.rejects(names(client.follow("t1")), (error) => error.status === status && error.code === code);
        }
    });

    test(`${kind}: an error page is away where a proxy stands before a server that is`, async (t) => {
        const { client } = await connect(t, kind, ...PROXY, page(500));
        for (const [status, code] of [[502, "away"], [503, "away"], [504, "away"], [500, "problem"]]) {
            await assert.rejects(client.get("t1"), (error) => error.status === status && error.code === code);
        }
    });
}

test("node: a wait outlasts the proxy's pages", async (t) => {
    const { client } = await connect(t, "node", answer({ id: "t1", status: "running" }), ...PROXY, answer(TASK));
    assert.deepEqual(await client.wait("t1"), TASK);
});

test("node: what reads is sent again after a proxy's page, what does not is not", async (t) => {
    const server = await FakeServer.start(t, page(502), answer(TASK), page(502));
    const client = new node.Client(server.url);
    t.after(() => client.close());
    assert.deepEqual(await client.get("t1"), TASK);
    await assert.rejects(client.retry("t1"), node.Away);
    assert.equal(server.requests.length, 3);
});

test("js: a wait that has heard of the ending asks a server that is away for the task again", async (t) => {
    const { server, client } = await connect(t, "js", stream(END), page(502), hangUp, answer(TASK));
    assert.deepEqual(await client.wait("t1"), TASK);
    assert.deepEqual(server.requests.map(({ target }) => target), ["/v1/tasks/t1/events", ...Array(3).fill("/v1/tasks/t1")]);
    const refused = await connect(t, "js", stream(END), problem(404, "not_found"));
    await assert.rejects(refused.client.wait("t1"), (error) => error.code === "not_found");
});

test("js: a break that was mended long ago does not count", async (t) => {
    const now = Date.now.bind(Date);
    let ahead = 0;
    t.mock.method(Date, "now", () => now() + ahead);
    const later = broken(":\n\n", () => (ahead += 40_000));
    const { client } = await connect(t, "js", broken(A), later, stream(END));
    assert.deepEqual(await names(client.follow("t1")), ["a", "task.completed", "end"]);
});

test("js: a rest leaves no listener behind", async (t) => {
    const over = new AbortController();
    const heard = [];
    const again = (request, response) => {
        heard.push(getEventListeners(over.signal, "abort").length);
        if (heard.length === 6) over.abort(new Error("enough"));
        stream(A)(request, response);
    };
    const { client } = await connect(t, "js", again);
    await assert.rejects(names(client.follow("t1", { signal: over.signal })), /enough/);
    assert.deepEqual(heard, Array(6).fill(1)); // of the connection
    assert.equal(getEventListeners(over.signal, "abort").length, 0);
});
