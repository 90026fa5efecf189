// SPDX-License-Identifier: Apache-2.0
//
// A worker that pulls, against a server that does as it is told: what is said to it, and what is said again.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import test from "node:test";

import { FakeDesk } from "./fake_desk.mjs";
import { answer, hangUp, problem } from "./fake_server.mjs";
import { PullerProcess } from "./puller_process.mjs";
import { until } from "./server.mjs";

async function start(t, env = {}) {
    const desk = await FakeDesk.start(t);
    const puller = PullerProcess.start(t, desk.url, env);
    return { desk, puller };
}

test("what it asks for: the types with a function, one task a job, under its name", async (t) => {
    const { desk, puller } = await start(t, { BIDE_TOKEN: "secret" });
    desk.give({ id: "t1", type: "echo", input: { text: "ü" }, resume: { page: 3 }, attempt: 2 });
    const [done] = await desk.heard("done", "t1.f1");
    assert.deepEqual(done, { result: { input: { text: "ü" }, attempt: 2, loads: 1, resume: { page: 3 } } });
    await until(() => desk.claims.length === 2, "the next claim");
    const [{ types, authorization, ...rest }] = desk.claims;
    assert.ok(types.includes("echo") && types.includes("return.*") && types.includes("sum"));
    const host = hostname();
    assert.deepEqual(rest, { max: 1, worker: `${host}-${puller.process.pid}`, host, wait_ms: 30_000 });
    assert.equal(authorization, "Bearer secret");
    assert.ok(desk.said.every(({ method, body }) => method === "POST" && typeof body === "object"));
});

test("the environment names it, and what it asks for", async (t) => {
    const { desk } = await start(t, { BIDE_PULL_NAME: "box-7", BIDE_PULL_TYPES: " echo, remote.*,," });
    await until(() => desk.claims.length === 1, "a claim");
    assert.deepEqual([desk.claims[0].types, desk.claims[0].worker], [["echo", "remote.*"], "box-7"]);
});

test("progress, log, output and checkpoint are told before the verdict, a file is sent, what is printed stays", async (t) => {
    const { desk, puller } = await start(t);
    desk.give({ id: "t1", type: "talk", beat_ms: 60_000 });
    assert.deepEqual(await desk.heard("done"), [{ result: null, files: ["out.srt"] }]);
    const beats = desk.said.filter(({ verb }) => verb === "beat").map(({ body }) => body);
    const { output, ...said } = Object.assign({}, ...beats);
    const pieces = beats.flatMap((beat) => beat.output ?? []);
    assert.deepEqual([pieces.map(({ n }) => n), pieces.map(({ data }) => data).join("")], [[...pieces.keys()], "hello world"]);
    assert.deepEqual(output, pieces.at(-1));
    assert.deepEqual(said, { progress: { percent: 40, message: "segment 4/10", data: { n: 4 } }, log: "info: lang=en", save: { at: 4 } });
    const [file] = desk.said.filter(({ verb }) => verb === "files/out.srt");
    assert.deepEqual([file.method, file.body], ["PUT", "1"]);
    assert.deepEqual(desk.said.map(({ verb }) => verb).slice(-2), ["files/out.srt", "done"]);
    assert.match(puller.printed, /on stdout/);
});

test("a file that is empty is sent, one that was never written is left out", async (t) => {
    const { desk } = await start(t);
    desk.give({ id: "t1", type: "name.a.file" });
    assert.deepEqual(await desk.heard("done"), [{ result: null, files: ["never.txt", "empty.txt"] }]);
    assert.deepEqual(desk.said.filter(({ method }) => method === "PUT").map(({ verb, body }) => [verb, body]), [["files/empty.txt", ""]]);
});

test("a verdict whose answer is lost is said again, and so is a file, until they are heard", async (t) => {
    const { desk, puller } = await start(t);
    desk.answers("files", hangUp, problem(503, "draining"));
    desk.answers("done", hangUp, problem(503, "store_unavailable"), problem(429, "try_again"));
    desk.give({ id: "t1", type: "talk" });
    const said = await desk.heard("done", "t1.f1", 4);
    for (const one of said) assert.deepEqual(one, said[0]);
    assert.equal(desk.said.filter(({ verb }) => verb === "files/out.srt").length, 3);
    desk.give({ id: "t2", type: "echo" });
    await desk.heard("done", "t2.f1");
    assert.match(puller.printed, /bide: task t1: .*; trying until it is heard/);
    assert.equal(desk.said.filter(({ verb }) => verb === "fail").length, 0);
});

test("what is to follow goes with the verdict", async (t) => {
    const { desk } = await start(t);
    desk.give({ id: "t1", type: "follow", input: [{ type: "y", input: { n: 1 } }, { type: "z" }] });
    assert.deepEqual(await desk.heard("done"), [{ result: "followed", next: [{ type: "y", input: { n: 1 } }, { type: "z" }] }]);
});

test("a verdict that comes too late is dropped, and the next task is taken", async (t) => {
    const { desk, puller } = await start(t);
    desk.answers("done", problem(409, "stale_fence"));
    desk.give({ id: "t1", type: "echo" });
    desk.give({ id: "t2", type: "echo" });
    await desk.heard("done", "t2.f1");
    assert.deepEqual(desk.said.filter(({ word, verb }) => word === "t1.f1" && verb !== "beat").map(({ verb }) => verb), ["done"]);
    assert.match(puller.printed, /bide: task t1: stale_fence/);
});

test("a result that the server does not take is a failure that says so", async (t) => {
    const { desk } = await start(t);
    desk.answers("done", problem(413, "too_large"));
    desk.give({ id: "t1", type: "echo" });
    const [{ code, message }] = await desk.heard("fail");
    assert.equal(code, "output_too_large");
    assert.match(message, /^done could not be told: too_large/);
});

test("a failure has all that is known about it", async (t) => {
    const { desk } = await start(t);
    desk.give({ id: "t1", type: "fail" });
    const more = { retry: false, retry_after_ms: 1500, detail: "moov atom", recycle: true };
    assert.deepEqual(await desk.heard("fail"), [{ code: "invalid_input", message: "not audio", type: "Fail", ...more }]);
});

for (const type of ["obey", "obey.a.timer"]) {
    test(`a cancel in the answer to a beat reaches the function: ${type}`, async (t) => {
        const { desk } = await start(t);
        desk.answers("beat", hangUp, answer({ lease_ms: 30_000, beat_ms: 20, cancel: "user" }));
        desk.give({ id: "t1", type });
        await desk.heard("cancelled", "t1.f1");
        desk.give({ id: "t2", type: "echo" });
        assert.equal((await desk.heard("done"))[0].result.loads, 1);
    });
}

test("a lease that is lost stops the function, and nothing more is said of that attempt", async (t) => {
    const { desk, puller } = await start(t);
    desk.answers("beat", problem(409, "stale_fence"));
    desk.give({ id: "t1", type: "finish.anyway" });
    desk.give({ id: "t2", type: "echo" });
    await desk.heard("done", "t2.f1");
    assert.deepEqual(desk.said.filter(({ word }) => word === "t1.f1").map(({ verb }) => verb), ["beat"]);
    assert.equal(puller.process.exitCode, null);
});

test("the verdict of a lost attempt is not said of the next one of the same task", async (t) => {
    const { desk } = await start(t, { CONCURRENCY: "2" });
    desk.give({ id: "t1", type: "finish.anyway" });
    await desk.heard("beat", "t1.f1");
    desk.give({ id: "t1", type: "obey", fence: "f2", attempt: 2 });
    await desk.heard("beat", "t1.f2");
    desk.answers("beat", ...Array(50).fill((request, response) => {
        const isFirst = request.url.includes("t1.f1");
        (isFirst ? problem(409, "stale_fence") : answer({ lease_ms: 30_000, beat_ms: 20, cancel: null }))(request, response);
    }));
    await until(() => desk.waiting === 1, "the place of the first is free");
    desk.give({ id: "t2", type: "echo" });
    await desk.heard("done", "t2.f1");
    desk.answers("beat", answer({ lease_ms: 30_000, beat_ms: 20, cancel: "user" }));
    await desk.heard("cancelled", "t1.f2");
    assert.deepEqual(desk.said.filter(({ verb }) => verb === "done").map(({ word }) => word), ["t2.f1"]);
});

test("what a beat says is told with the next one when it was not heard, and not again when it is not taken", async (t) => {
    const { desk, puller } = await start(t);
    const troubles = [hangUp, problem(503, "draining"), problem(422, "invalid")]; // of beats that say something
    const usual = answer({ lease_ms: 30_000, beat_ms: 20, cancel: null });
    const hear = (...exchange) => ("progress" in desk.said.at(-1).body ? troubles.shift() : usual)(...exchange);
    desk.answers("beat", ...Array(1000).fill(hear));
    desk.give({ id: "t1", type: "obey" });
    await until(() => troubles.length === 0, "it said it three times");
    const before = desk.said.length;
    const beats = await desk.heard("beat", "t1.f1", before + 3);
    assert.deepEqual(beats.filter((beat) => "progress" in beat), Array(3).fill({ progress: { percent: 0 } }));
    assert.deepEqual(beats.slice(before), Array(beats.length - before).fill({}));
    assert.match(puller.printed, /bide: task t1: invalid/);
});

test("a large input is fetched, and a large result sent whole", async (t) => {
    const { desk } = await start(t);
    const text = "é".repeat(1_500_000);
    desk.answers("input", problem(503, "draining"), answer({ text }));
    desk.give({ id: "t1", type: "echo", input: null, input_url: "/v1/attempts/t1.f1/input" }, { id: "t2", type: "echo" });
    const [done] = await desk.heard("done", "t1.f1");
    assert.deepEqual(done.result.input, { text });
    await desk.heard("done", "t2.f1");
    assert.ok((await desk.heard("beat", "t1.f1")).length > 0, "it beats while the input is on its way");
});

test("a task that is cancelled while its input is on its way is not begun", async (t) => {
    const { desk } = await start(t);
    let send;
    desk.answers("input", (request, response) => (send = () => answer("late")(request, response)));
    desk.answers("beat", answer({ lease_ms: 30_000, beat_ms: 20, cancel: "user" }));
    desk.give({ id: "t1", type: "echo", input: null, input_url: "x" });
    await until(() => send, "it asks for its input");
    assert.deepEqual(await desk.heard("cancelled", "t1.f1"), [{}]);
    send();
    desk.give({ id: "t2", type: "echo", input: null, input_url: "x" });
    desk.answers("input", problem(409, "stale_fence"));
    desk.give({ id: "t3", type: "echo" });
    await desk.heard("done", "t3.f1");
    assert.deepEqual(desk.said.filter(({ word, verb }) => word === "t2.f1" && verb !== "beat").map(({ verb }) => verb), ["input"]);
});

test("with concurrency as many claims are open as jobs can begin", async (t) => {
    const { desk } = await start(t, { CONCURRENCY: "2" });
    desk.give({ id: "t1", type: "meet" });
    desk.give({ id: "t2", type: "meet" });
    for (const word of ["t1.f1", "t2.f1"]) assert.equal((await desk.heard("done", word))[0].result, "met");
    desk.give({ id: "t3", type: "obey" });
    desk.give({ id: "t4", type: "obey" });
    await desk.heard("beat", "t3.f1", 3);
    await desk.heard("beat", "t4.f1", 3);
    assert.equal(desk.waiting, 0);
});

test("the directory of an attempt is gone with it", async (t) => {
    const { desk, puller } = await start(t, { TMPDIR: "/tmp" });
    desk.give({ id: "t1", type: "dir" });
    const [{ result }] = await desk.heard("done");
    assert.match(result, /^\/tmp\/bide-pull-/);
    await until(() => !existsSync(result), "it is removed");
    assert.equal(puller.process.exitCode, null);
});
