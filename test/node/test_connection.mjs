// SPDX-License-Identifier: Apache-2.0
//
// The connections of the client, and what it sends again: against a server that does as it is told.
import assert from "node:assert/strict";
import test from "node:test";

import * as bide from "../../sdk/node/index.js";
import { answer, FakeServer, hangUp, keepSilent, problem } from "./fake_server.mjs";

const TASK = { id: "t1", status: "completed" };

async function connect(t, answers, options = {}) {
    const server = await FakeServer.start(t, ...answers);
    const client = new bide.Client(server.url, options);
    t.after(() => client.close());
    return { server, client };
}

test("what is sent", async (t) => {
    const { server, client } = await connect(t, [answer(TASK)], { token: "secret" });
    await client.submit("a type", { text: "ü" }, { waitMs: 1500, run_at: new Date(0), idempotencyKey: "k" });
    await client.get("a/b?c");
    await client.update("t1", { priority: 1 });
    const [submit, get, update] = server.requests;
    assert.deepEqual([submit.method, submit.target, submit.body], ["POST", "/v1/tasks", '{"run_at":"1970-01-01T00:00:00.000Z","type":"a type","input":{"text":"ü"}}']);
    const { authorization, "content-type": kind, prefer, "idempotency-key": key, "user-agent": agent } = submit.headers;
    assert.deepEqual([authorization, kind, prefer, key, agent], ["Bearer secret", "application/json", "wait=1.5", "k", "bide-node/0.1"]);
    assert.deepEqual([get.method, get.target, get.headers["content-length"]], ["GET", "/v1/tasks/a%2Fb%3Fc", undefined]);
    assert.equal(update.headers["content-type"], "application/merge-patch+json");
});

test("the environment says where the server is when nobody else does", async (t) => {
    const { server } = await connect(t, [answer({})]);
    const before = { ...process.env };
    t.after(() => Object.assign(process.env, { BIDE_SERVER: "", BIDE_TOKEN: "" }, before));
    Object.assign(process.env, { BIDE_SERVER: server.url + "/behind/", BIDE_TOKEN: "from there" });
    const client = new bide.Client();
    t.after(() => client.close());
    assert.equal(client.url, server.url + "/behind/");
    await client.stats();
    assert.deepEqual([server.requests[0].target, server.requests[0].headers.authorization], ["/behind/v1/stats", "Bearer from there"]);
});

test("one connection serves call after call and is replaced when it was closed", async (t) => {
    const { server, client } = await connect(t, [answer(TASK)]);
    for (let n = 0; n < 3; n++) await client.stats();
    assert.equal(server.connections, 1);
    server.hangUp();
    await client.cancel("t1");
    assert.deepEqual([server.connections, server.requests.length], [2, 4]);
});

test("a submit whose answer was lost is sent again with its key, and the same body", async (t) => {
    const { server, client } = await connect(t, [hangUp, hangUp, answer(TASK)]);
    assert.equal((await client.submit("t", 1)).id, "t1");
    const [first, second, third] = server.requests;
    assert.match(first.headers["idempotency-key"], /^[0-9a-f-]{36}$/);
    for (const other of [second, third]) {
        assert.deepEqual([other.headers["idempotency-key"], other.body], [first.headers["idempotency-key"], first.body]);
    }
});

test("a first submit that is still being answered is asked for again", async (t) => {
    const { client } = await connect(t, [hangUp, problem(409, "idempotency_key_in_use"), answer(TASK)]);
    assert.equal((await client.submit("t")).id, "t1");
});

test("what may have been done is not done twice", async (t) => {
    const { server, client } = await connect(t, [hangUp]);
    for (const act of [
        () => client.submit("t", 1, { idempotencyKey: null }),
        () => client.retry("t1"),
        () => client.complete("t1"),
        () => client.cancelAll({ everything: true }),
    ]) {
        const asked = server.requests.length;
        await assert.rejects(act(), (error) => error instanceof bide.Away && error.status === 0 && error.message.includes(server.url));
        assert.equal(server.requests.length, asked + 1);
    }
});

test("retries end, and there are none when none are wanted", async (t) => {
    const { server, client } = await connect(t, [hangUp]);
    await assert.rejects(client.stats(), bide.Away);
    assert.equal(server.requests.length, 3);
    const other = new bide.Client(server.url, { retries: 0 });
    t.after(() => other.close());
    await assert.rejects(other.submit("t"), bide.Away);
    assert.equal(server.requests.length, 4);
});

test("a server that did nothing is asked again after its Retry-After, even for what cannot be repeated", async (t) => {
    const full = problem(429, "queue_full", { "Retry-After": "1" });
    const { server, client } = await connect(t, [full, problem(503, "draining", { "Retry-After": "0" }), answer(TASK)]);
    const began = performance.now();
    assert.equal((await client.retry("t1")).id, "t1");
    assert.ok(performance.now() - began >= 990, "it rests for the second that it was told");
    assert.equal(server.requests.length, 3);
});

test("one that wants a long rest is not asked again, nor is any other problem", async (t) => {
    const later = problem(429, "queue_full", { "Retry-After": "60" });
    const { server, client } = await connect(t, [later, problem(409, "conflict"), problem(409, "idempotency_key_in_use"), problem(500, "internal")]);
    await assert.rejects(client.submit("t"), (error) => error instanceof bide.QueueFull && error.retryAfterMs === 60_000);
    for (const kind of [bide.Conflict, bide.IdempotencyKeyInUse, bide.Internal]) await assert.rejects(client.submit("t"), kind);
    assert.equal(server.requests.length, 4);
});

test("silence is Away after timeoutMs, and is not asked again", async (t) => {
    const half = (request, response) => response.writeHead(200, { "Content-Length": "10" }).write("{");
    const { server, client } = await connect(t, [keepSilent, half], { timeoutMs: 50 });
    for (let n = 1; n <= 2; n++) {
        await assert.rejects(client.stats(), (error) => error instanceof bide.Away && /no answer for 50 ms/.test(error.message));
        assert.equal(server.requests.length, n);
    }
});

test("an answer that breaks off is Away", async (t) => {
    const broken = (request, response) => {
        response.writeHead(200, { "Content-Length": "10" }).write("{", () => request.socket.destroy());
    };
    const { client } = await connect(t, [broken], { retries: 0 });
    await assert.rejects(client.stats(), bide.Away);
});

test("a call that is aborted ends with the signal's reason", async (t) => {
    const abort = new AbortController();
    const { client } = await connect(t, [() => abort.abort(new Error("enough"))]);
    await assert.rejects(client.submit("t", 1, { signal: abort.signal }), /^Error: enough$/);
    await assert.rejects(client.submit("t", 1, { signal: abort.signal }), /^Error: enough$/);
});

test("a server that is not there is Away, and was never asked", async () => {
    const client = new bide.Client("http://127.0.0.1:9");
    await assert.rejects(client.retry("t1"), (error) => error instanceof bide.Away && /ECONNREFUSED/.test(error.message));
    await assert.rejects(new bide.Client("unix:/nowhere/bide.sock").stats(), /ENOENT/);
});

test("an error answer that is no problem is one all the same", async (t) => {
    const html = answer(Buffer.from("<html>"), 500, { "Content-Type": "text/html" });
    const { client } = await connect(t, [html, problem(418, "a_later_versions"), answer(Buffer.from("nonsense"))]);
    for (const [code, text] of [["problem", /<html>/], ["a_later_versions", /a detail/], ["problem", /not JSON/]]) {
        await assert.rejects(client.stats(), (error) => {
            assert.deepEqual([error.constructor, error.code], [bide.Problem, code]);
            return text.test(error.message);
        });
    }
});

test("a wait outlasts a server that restarts, but not one that was never there", async (t) => {
    const running = answer({ id: "t1", status: "running" });
    const { server, client } = await connect(t, [running, problem(503, "draining"), hangUp, answer(TASK), problem(503, "draining")]);
    assert.deepEqual(await client.wait("t1"), TASK);
    assert.equal(server.requests.length, 4);
    await assert.rejects(client.wait("t1"), bide.Draining);
});

test("a wait takes a breath between answers that come at once", async (t) => {
    const { server, client } = await connect(t, [answer({ id: "t1", status: "running" })]);
    await assert.rejects(client.wait("t1", { timeoutMs: 500 }), bide.WaitTimeout);
    assert.ok(server.requests.length >= 2 && server.requests.length <= 8, `${server.requests.length} requests`);
});

test("what cannot be sent is told before anything is sent", async (t) => {
    const { server, client } = await connect(t, [answer(TASK)]);
    await assert.rejects(client.submit("t", 10n), TypeError);
    await assert.rejects(client.submit("t", {}, { run_at: new Date("no day") }), RangeError);
    await assert.rejects(client.submit("t", "x".repeat(17 * 1024 * 1024)), bide.TooLarge);
    assert.equal(server.requests.length, 0);
    for (const url of ["ftp://x", "http://", "unix:", "localhost:80", "nonsense"]) assert.throws(() => new bide.Client(url), /not a server's URL/);
    for (const options of [{ timeoutMs: 0 }, { retries: -1 }, { retries: 1.5 }]) assert.throws(() => new bide.Client(server.url, options), RangeError);
});

test("bytes are bytes", async (t) => {
    const { client } = await connect(t, [answer(Buffer.from([0, 255]), 200, { "Content-Type": "audio/wav" })]);
    assert.deepEqual([...(await client.result("t1"))], [0, 255]);
});
