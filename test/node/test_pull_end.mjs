// SPDX-License-Identifier: Apache-2.0
//
// A worker that pulls: how it begins, how it ends, and a server that is away meanwhile.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";

import { Client } from "../../sdk/node/index.js";
import { Output } from "../../sdk/node/src/pull_output.js";
import { Attempt } from "../../sdk/node/src/attempt.js";
import { FakeDesk } from "./fake_desk.mjs";
import { answer, FakeServer, hangUp, problem } from "./fake_server.mjs";
import { PullerProcess } from "./puller_process.mjs";
import { until } from "./server.mjs";

async function start(t, env = {}) {
    const desk = await FakeDesk.start(t);
    const puller = PullerProcess.start(t, desk.url, env);
    return { desk, puller };
}

test("a server that is away is waited for", async (t) => {
    const { desk, puller } = await start(t);
    desk.answers("claim", hangUp, problem(503, "draining"), problem(429, "try_again"), answer(Buffer.from("<html>"), 502));
    desk.give({ id: "t1", type: "echo" });
    await desk.heard("done", "t1.f1");
    assert.equal(puller.printed.match(/trying until it is back/g).length, 1);
});

for (const [status, code, detail] of [[422, "unknown_type", "a detail"], [401, "unauthorized", "a detail"], [200, "problem", "no tasks"]]) {
    test(`a server that gives it nothing for good ends it: ${status}`, async (t) => {
        const { desk, puller } = await start(t);
        desk.answers("claim", status === 200 ? answer({}) : problem(status, code));
        assert.equal(await puller.exited, 1);
        assert.match(puller.printed, new RegExp(`${code}: ${desk.url} does not give tasks to this worker: .*${detail}`));
    });
}

test("one that is refused later finishes what it has", async (t) => {
    const { desk, puller } = await start(t, { CONCURRENCY: "2" });
    desk.give({ id: "t1", type: "obey" });
    await desk.heard("beat", "t1.f1");
    desk.answers("claim", problem(422, "unknown_type"));
    desk.give({ id: "t2", type: "echo" });
    await desk.heard("done", "t2.f1");
    desk.answers("beat", answer({ lease_ms: 30_000, beat_ms: 20, cancel: "user" }));
    assert.equal(await puller.exited, 1);
    await desk.heard("cancelled", "t1.f1");
});

test("a URL that is none, and a worker without functions, are told", async (t) => {
    const puller = PullerProcess.start(t, "not a server");
    assert.equal(await puller.exited, 1);
    assert.match(puller.printed, /^not a server's URL: "not a server"/);
    const dir = mkdtempSync(join(tmpdir(), "bide-test-"));
    t.after(() => rmSync(dir, { recursive: true }));
    const index = new URL("../../sdk/node/index.js", import.meta.url);
    writeFileSync(join(dir, "idle.mjs"), `import { Worker } from ${JSON.stringify(index.href)}; await new Worker().run({ pull: "unix:/x" });`);
    const idle = PullerProcess.start(t, "", {}, join(dir, "idle.mjs"));
    assert.equal(await idle.exited, 1);
    assert.match(idle.printed, /asks for the types it has functions for, and this worker has none/);
});

for (const signal of ["SIGTERM", "SIGINT"]) {
    test(`${signal} while it waits ends it at once, and the server sees it go`, async (t) => {
        const { desk, puller } = await start(t);
        await until(() => desk.waiting === 1, "it waits");
        puller.kill(signal);
        assert.equal(await puller.exited, 0);
        await until(() => desk.waiting === 0, "nobody waits");
        assert.equal(puller.printed, "");
    });

    test(`${signal} while it works: it asks for nothing more and ends after its task, a second one ends it at once`, async (t) => {
        const { desk, puller } = await start(t, { CONCURRENCY: "2" });
        desk.give({ id: "t1", type: "obey" });
        await desk.heard("beat", "t1.f1");
        await until(() => desk.waiting === 1, "it waits for a second task");
        puller.kill(signal);
        await until(() => desk.waiting === 0, "it waits no more");
        const claims = desk.claims.length;
        await desk.heard("beat", "t1.f1", 5 + desk.said.length);
        assert.equal(desk.claims.length, claims);
        puller.kill(signal);
        assert.equal(await puller.exited, signal);
    });
}

test("after SIGTERM the verdict is told, also to a server that is away at first", async (t) => {
    const { desk, puller } = await start(t);
    desk.answers("done", hangUp, problem(503, "draining"));
    desk.give({ id: "t1", type: "compute", input: 500 });
    await desk.heard("beat", "t1.f1");
    puller.kill("SIGTERM");
    assert.equal((await desk.heard("done", "t1.f1", 3)).length, 3);
    assert.equal(await puller.exited, 0);
    assert.equal(desk.claims.length, 1);
});

// One attempt by itself

async function attempt(t, ...answers) {
    const server = await FakeServer.start(t, ...answers);
    const client = new Client(server.url);
    t.after(() => client.close());
    const told = [];
    const it = new Attempt({ id: "t1", fence: "f1", beat_ms: 20, input: 1 }, client, (frame) => told.push(frame));
    const bodies = () => server.requests.map(({ target, body }) => [target.split("/").at(-1), JSON.parse(body)]);
    return { it, told, bodies };
}

test("one that nobody works on is given back, once, and nothing is begun", async (t) => {
    const { it, bodies } = await attempt(t, problem(503, "draining"));
    it.release();
    const over = it.live();
    await it.prepare();
    assert.equal(it.begun(), null);
    it.hear({ op: "done", result: 1 });
    await over;
    assert.deepEqual(bodies(), [["release", {}]]);
});

test("of a log without end so much is kept for a server that is away as it takes at a time, and the rest counted", async (t) => {
    let isAway = true;
    const { it, bodies } = await attempt(t, (request, response) => {
        (isAway ? problem(503, "draining") : answer({ lease_ms: 30_000, beat_ms: 20, cancel: null }))(request, response);
    });
    const over = it.live();
    for (let n = 0; n < 40; n++) it.hear({ op: "log", level: "info", text: "é".repeat(20_000) });
    await until(() => bodies().length >= 2, "it was tried twice");
    isAway = false;
    it.hear({ op: "done", result: null });
    await over;
    const said = bodies().filter(([verb]) => verb === "beat").map(([, body]) => body.log);
    for (const log of said) assert.ok(Buffer.byteLength(log) <= 1024 * 1024);
    const last = said.at(-1);
    assert.equal(last.split("\n").length, 25);
    assert.match(last, /\nwarning: bide: 16 lines were left out while the server was away$/);
});

test("a piece of output is the same until it is heard, and the last one is told before the verdict", async (t) => {
    let isAway = true;
    const { it, bodies } = await attempt(t, (request, response) => {
        (isAway ? problem(503, "draining") : answer({ lease_ms: 30_000, beat_ms: 60_000, cancel: null }))(request, response);
    });
    const over = it.live();
    it.hear({ op: "output", n: 0, data: "one " });
    await until(() => bodies().length >= 1, "it was tried");
    it.hear({ op: "output", n: 1, data: "two" });
    isAway = false;
    it.hear({ op: "done", result: null });
    await over;
    const pieces = bodies().map(([verb, body]) => (verb === "output" ? body : body.output)).filter(Boolean);
    assert.deepEqual(pieces[0], { n: 0, data: "one " });
    assert.deepEqual(pieces.at(-2), { n: 0, data: "one " });
    assert.deepEqual(pieces.at(-1), { n: 1, data: "two" });
    assert.equal(bodies().at(-1)[0], "done");
});

test("what has no room is said once, and leaves a gap in the numbers", () => {
    const output = new Output();
    assert.ok(output.add("a"));
    const first = output.piece();
    assert.ok(output.add("x".repeat(999_999)) && !output.add("y") && output.add("z"));
    output.heard(first);
    output.heard(first);
    assert.equal(output.held, 999_999);
    output.heard(output.piece());
    assert.ok(output.add("b"));
    assert.deepEqual(output.piece(), { n: 3, data: "b" });
    output.heard(output.piece());
    assert.ok(!output.add("x".repeat(1_000_001)) && output.add("c"));
    assert.equal(output.piece().n, 5);
});

test("a lease of a year, and an answer without a time, are no reason to ask again and again", async (t) => {
    const { it, bodies } = await attempt(t, answer({ lease_ms: 3e10, beat_ms: 1e10, cancel: null }), answer({}));
    const over = it.live();
    await until(() => bodies().length === 1, "a beat");
    it.hear({ op: "progress", percent: 1 });
    await until(() => bodies().length === 2, "another, with the progress");
    await once(AbortSignal.timeout(200), "abort");
    it.hear({ op: "cancelled" });
    await over;
    assert.deepEqual(bodies().map(([verb]) => verb), ["beat", "beat", "cancelled"]);
});
