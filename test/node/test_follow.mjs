// SPDX-License-Identifier: Apache-2.0
//
// Events, outputs and logs followed with the Node SDK and with the one for browsers, over lines that break.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import test from "node:test";

import { Bide, BideError } from "../../sdk/js/bide.js";
import * as node from "../../sdk/node/index.js";
import { cutter } from "./cutter.mjs";
import { QUICK, ROOT, serve, until } from "./server.mjs";

const SIZES = [500, 1000, 433, 5000, 900, 2500, 60000];
const ACTOR = ["/usr/bin/python3", "-S", join(ROOT, "test/api/workers/actor.py")];
const CONFIG = { defaults: QUICK, queues: { default: { concurrency: 4 } }, workers: { actor: { command: ACTOR } }, types: { act: { worker: "actor" } } };

const piece = (data) => ["say", { op: "output", data }];
const progress = (percent) => ["say", { op: "progress", percent }];
const words = (events) => events.map((event) => event.name);

/** The two SDKs behind one way of calling them. */
const SDKS = {
    node: (url, options) => {
        const client = new node.Client(url);
        return {
            submit: (input) => client.submit("act", input),
            follow: (id, more) => client.follow(id, { ...options, ...more }),
            events: (filter, more) => client.events({ ...filter, ...options, ...more }),
            close: () => client.close(),
        };
    },
    js: (url, options) => {
        const client = new Bide(url, options);
        const named = async function* (events) {
            for await (const { event, data, id } of events) yield { name: event, data, id };
        };
        return {
            submit: (input) => client.submit("act", input),
            follow: (id, more) => named(client.follow(id, more)),
            events: (filter, more) => named(client.events(filter, more)),
            close() {},
        };
    },
};

async function connect(t, kind) {
    const server = await serve(t, CONFIG);
    const client = SDKS[kind](server.url);
    t.after(() => client.close());
    const gate = (name) => ["until", join(server.dir, name)];
    return { server, client, gate, open: (name) => writeFileSync(join(server.dir, name), "") };
}

async function upTo(events, name) {
    const seen = [];
    while (seen.at(-1)?.name !== name) {
        const { value, done } = await events.next();
        assert.ok(!done, `no ${name} among ${words(seen)}`);
        seen.push(value);
    }
    return seen;
}

async function all(events) {
    const items = [];
    for await (const item of events) items.push(item);
    return items;
}

/** As it is, at the same address. */
async function restart(server) {
    const { host } = new URL(server.url);
    await server.kill9();
    server.listen = [host];
    await server.start();
    server.url = `http://${host}`;
}

for (const kind of Object.keys(SDKS)) {
    test(`${kind}: a task is followed to its end, and after it nothing comes`, async (t) => {
        const { client, gate, open } = await connect(t, kind);
        const { id } = await client.submit({ steps: [gate("a"), progress(40), ["done", { x: 1 }]] });
        const events = client.follow(id);
        const seen = [(await events.next()).value];
        open("a");
        seen.push(...(await all(events)));
        assert.deepEqual(words(seen).slice(-3), ["task.progress", "task.completed", "end"]);
        assert.deepEqual(seen.at(-2).data.result, { x: 1 });
        assert.deepEqual(await all(client.follow(id, { lastId: seen.at(-1).id })), []);
        assert.deepEqual(words(await all(client.follow(id, { lastId: seen.at(-3).id }))), ["task.completed", "end"]);
    });

    test(`${kind}: a line that breaks loses nothing and says nothing twice`, async (t) => {
        const { server, client, gate, open } = await connect(t, kind);
        const steps = Array.from({ length: 40 }, (_, n) => [progress(n), ...(n === 20 ? [gate("b")] : [])]).flat();
        const { id } = await client.submit({ steps: [gate("begin"), ...steps, ["done", 1]] });
        const cut = await cutter(t, () => server.url, [3000, 1700, 2200, 60000, 4000]);
        const through = SDKS[kind](cut.url);
        t.after(() => through.close());
        const events = through.follow(id);
        const seen = [(await events.next()).value];
        open("begin");
        while (seen.at(-1).data.progress?.percent !== 20) seen.push((await events.next()).value);
        open("b");
        seen.push(...(await all(events)));
        assert.ok(cut.n > 2, `${cut.n} cuts`);
        const ids = seen.map((event) => event.id);
        assert.equal(new Set(ids).size, ids.length);
        const told = seen.filter((event) => event.name === "task.progress").map((event) => event.data.progress.percent);
        assert.deepEqual(told, [...told].sort((a, b) => a - b));
        assert.deepEqual([told.at(-1), words(seen).at(-1), words(seen).includes("reset")], [39, "end", false]);
    });

    test(`${kind}: a server that was killed is waited for, and what was missed is a reset`, async (t) => {
        const { server, client, gate, open } = await connect(t, kind);
        const { id } = await client.submit({ steps: [progress(10), gate("go"), ["done", 1]] });
        const events = client.follow(id);
        await upTo(events, "task.progress");
        await restart(server);
        const [reset] = (await upTo(events, "reset")).slice(-1);
        assert.equal(reset.data.id, id);
        open("go");
        assert.deepEqual(words(await all(events)).slice(-2), ["task.completed", "end"]);
    });

    test(`${kind}: events of all that fit, until they are left`, async (t) => {
        const { client } = await connect(t, kind);
        const giveUp = new AbortController();
        const events = client.events({ type: "act", kind: "completed" }, { signal: giveUp.signal });
        const first = events.next();
        let settled = false;
        first.then(() => (settled = true));
        const ids = [];
        await until(async () => ids.push((await client.submit({ steps: [["done", 1]] })).id) && settled, "it listens");
        assert.ok(ids.includes((await first).value.data.id));
        const rest = (async () => {
            for await (const event of events) assert.equal(event.name, "task.completed");
        })();
        giveUp.abort(new Error("enough"));
        await assert.rejects(rest, /enough/);
    });

    test(`${kind}: what is refused or nobody answers is thrown`, async (t) => {
        const { client } = await connect(t, kind);
        const unknown = "01a1ffe8-96cd-754e-be93-691a58a8ee38";
        await assert.rejects(client.follow(unknown).next(), (error) => error.status === 404 && error.code === "not_found");
        await assert.rejects(client.events({ kind: "sneezed" }).next(), (error) => error.status === 400);
        await assert.rejects(SDKS[kind]("http://127.0.0.1:1").events().next(), (error) => error.status === 0 && error.code === "away");
    });

    test(`${kind}: silence is a broken line`, async (t) => {
        const asked = [];
        const still = http.createServer((request, response) => {
            asked.push(request.headers["last-event-id"]);
            response.writeHead(200, { "Content-Type": "text/event-stream" });
            if (asked.length === 1) response.write('id: 1\nevent: a\ndata: {}\n\nid: half\nevent: lost\nda');
            else response.end("event: end\ndata: {}\n\n");
        });
        await new Promise((resolve) => still.listen(0, "127.0.0.1", resolve));
        t.after(() => (still.closeAllConnections?.(), still.close()));
        const client = SDKS[kind](`http://127.0.0.1:${still.address().port}`, { silenceMs: 100 });
        const seen = await all(client.follow("t1"));
        client.close();
        assert.deepEqual(seen.map(({ name, id }) => [name, id]), [["a", "1"], ["end", "1"]]);
        assert.deepEqual(asked, [undefined, "1"]);
    });
}

test("node: output and log are texts over a line that breaks", async (t) => {
    const { server, client, gate, open } = await connect(t, "node");
    const steps = Array.from({ length: 200 }, (_, n) => [piece(`${n} ä `), ...(n === 100 ? [gate("c")] : [])]).flat();
    const { id } = await client.submit({ steps: [...steps, ["print", "said"], ["done", 1]] });
    const cut = await cutter(t, () => server.url, SIZES);
    const through = new node.Client(cut.url);
    t.after(() => through.close());
    let said = "";
    for await (const text of through.followOutput(id)) {
        said += text;
        if (said.endsWith("100 ä ")) open("c");
    }
    assert.ok(cut.n > 1, `${cut.n} cuts`);
    assert.equal(said, Array.from({ length: 200 }, (_, n) => `${n} ä `).join(""));
    const direct = new node.Client(server.url);
    t.after(() => direct.close());
    assert.deepEqual(await all(direct.followOutput(id, { start: 199 })), ["199 ä "]);
    assert.equal((await all(direct.followLog(id))).join(""), await direct.log(id));
});

// ---- sdk/js beyond events ----

test("js: it is small, has no dependency, and needs no build", () => {
    const source = readFileSync(join(ROOT, "sdk/js/bide.js"));
    assert.ok(source.length <= 6 * 1024, `${source.length} bytes`);
    assert.doesNotMatch(source.toString(), /\bimport\b|\brequire\b|process\./);
});

test("js: submit, get, cancel, upload, wait, and errors with their problem", async (t) => {
    const { server, gate } = await connect(t, "js");
    const bide = new Bide(server.url);
    const task = await bide.submit("act", { steps: [["done", { text: "é" }]] }, { tags: { a: "b" } });
    assert.deepEqual(task.tags, { a: "b" });
    assert.deepEqual((await bide.wait(task.id)).result, { text: "é" });
    assert.equal((await bide.get(task.id)).status, "completed");
    const long = await bide.submit("act", { steps: [gate("never")] });
    await bide.cancel(long.id);
    assert.equal((await bide.wait(long.id)).status, "cancelled");
    const file = await bide.upload(new Blob(["a day in may"], { type: "text/plain" }), "day.txt");
    assert.deepEqual([file.name, file.bytes, file.content_type], ["day.txt", 12, "text/plain"]);
    const told = [];
    await bide.follow(task.id, { onEvent: ({ event }) => told.push(event) });
    assert.deepEqual(told, ["task.completed", "end"]);
    await assert.rejects(bide.submit("acr", {}), (error) => error instanceof BideError && error.code === "unknown_type" && error.problem.status === 422);
});

test("js: the address of a shared task stands where its id may, from another origin, without a token", async (t) => {
    const { server } = await connect(t, "js");
    const body = JSON.stringify({ type: "act", input: { steps: [["done", 7]] } });
    const made = await fetch(server.url + "/v1/tasks?share=1", { method: "POST", body, headers: { "Content-Type": "application/json" } });
    const { share_url: url } = await made.json();
    const page = new Bide(server.url);
    assert.equal((await page.wait(url)).result, 7);
    assert.deepEqual((await all(page.follow(url))).map(({ event }) => event), ["task.completed", "end"]);
    assert.equal((await page.get(url)).input, undefined);
    await assert.rejects(page.cancel(url), (error) => error.status === 404);
});

test("js: where no events are told it asks how the task stands", async (t) => {
    let n = 0;
    const states = [{ status: "running", progress: null }, { status: "running", progress: { percent: 5 } }, { status: "completed", progress: null }];
    const old = http.createServer((request, response) => {
        const isEvents = request.url.endsWith("/events");
        assert.equal(request.headers.authorization, "Bearer secret");
        response.writeHead(isEvents ? 404 : 200, { "Content-Type": "application/json" });
        response.end(JSON.stringify(isEvents ? { code: "not_found" } : states[Math.min(n++, 2)]));
    });
    await new Promise((resolve) => old.listen(0, "127.0.0.1", resolve));
    t.after(() => (old.closeAllConnections?.(), old.close()));
    const bide = new Bide(`http://127.0.0.1:${old.address().port}`, { token: "secret" });
    const seen = await all(bide.follow("t1"));
    assert.deepEqual(seen.map(({ event }) => event), ["reset", "reset", "task.completed", "end"]);
});
