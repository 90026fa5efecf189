// SPDX-License-Identifier: Apache-2.0
//
// A worker that pulls, while inputs and files are on their way: it beats, hears of cancels, and gives back what it does
// not begin.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import test from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { Client } from "../../sdk/node/index.js";
import { Attempt } from "../../sdk/node/src/attempt.js";
import { Pull } from "../../sdk/node/src/pull.js";
import { FakeDesk } from "./fake_desk.mjs";
import { answer, FakeServer, keepSilent, problem } from "./fake_server.mjs";
import { PullerProcess } from "./puller_process.mjs";
import { until } from "./server.mjs";

async function start(t, env = {}) {
    const desk = await FakeDesk.start(t);
    const puller = PullerProcess.start(t, desk.url, env);
    return { desk, puller };
}

const cancelled = answer({ lease_ms: 30_000, beat_ms: 20, cancel: "user" });

test("while a file is on its way it beats for that task", async (t) => {
    const { desk } = await start(t);
    let send;
    desk.answers("files", (request, response) => (send = () => answer({}, 201)(request, response)));
    desk.give({ id: "t1", type: "talk" });
    await until(() => send, "it sends its file");
    await desk.heard("beat", "t1.f1", 3 + desk.said.filter(({ verb }) => verb === "beat").length);
    send();
    assert.deepEqual(await desk.heard("done", "t1.f1"), [{ result: null, files: ["out.srt"] }]);
    assert.equal(desk.said.filter(({ verb }) => ["done", "fail", "cancelled", "release"].includes(verb)).length, 1);
});

test("of a task that is lost meanwhile nothing is sent again", async (t) => {
    const { desk } = await start(t);
    desk.answers("files", ...Array(100).fill(problem(503, "draining")));
    desk.give({ id: "t1", type: "talk" });
    await desk.heard("files/out.srt");
    desk.answers("beat", problem(409, "stale_fence"));
    desk.give({ id: "t2", type: "echo" });
    await desk.heard("done", "t2.f1");
    assert.deepEqual(desk.said.filter(({ word, verb }) => word === "t1.f1" && ["done", "fail", "release"].includes(verb)), []);
});

test("a cancel that comes while the input is on its way is obeyed without it", async (t) => {
    const { desk } = await start(t);
    desk.answers("input", keepSilent);
    desk.answers("beat", cancelled);
    desk.give({ id: "t1", type: "echo", input: null, input_url: "x" });
    assert.deepEqual(await desk.heard("cancelled", "t1.f1"), [{}]);
    desk.give({ id: "t2", type: "echo" });
    assert.equal((await desk.heard("done"))[0].result.attempt, 1);
});

test("SIGTERM while an input is on its way: that task goes back, the one that runs is finished", async (t) => {
    const { desk, puller } = await start(t, { CONCURRENCY: "2" });
    desk.answers("input", keepSilent);
    desk.give({ id: "t1", type: "obey" });
    await desk.heard("beat", "t1.f1");
    desk.give({ id: "t2", type: "echo", input: null, input_url: "x" });
    await desk.heard("input", "t2.f1");
    puller.kill("SIGTERM");
    assert.deepEqual(await desk.heard("release", "t2.f1"), [{}]);
    assert.equal(puller.process.exitCode, null);
    desk.answers("beat", ...Array(20).fill(cancelled));
    assert.equal(await puller.exited, 0);
    assert.deepEqual(desk.said.filter(({ verb }) => verb === "release" || verb === "cancelled").map(({ word }) => word), ["t2.f1", "t1.f1"]);
});

for (const turns of [0, 1, 2, 4, 8, 16, 32, 64, 128]) {
    test(`whenever it is closed, a task is begun or goes back: after ${turns} turns`, async (t) => {
        const desk = await FakeDesk.start(t);
        const pull = new Pull(desk.url, ["x"], undefined, 1);
        const begun = [];
        const read = (async () => {
            for await (const frame of pull.frames()) {
                if (frame.op === "stop") return;
                begun.push(frame.op);
            }
        })();
        let send;
        desk.answers("input", (request, response) => (send = () => answer("late")(request, response)));
        pull.write({ op: "ready", proto: 1, max_batch: 1, concurrency: 1 });
        desk.give({ id: "t1", input_url: "x" });
        await until(() => send, "it asks for its input");
        send();
        for (let n = 0; n < turns; n++) await turn();
        pull.close();
        await read;
        if (begun.length > 0) pull.write({ op: "done", id: "t1", fence: "f1", result: 1 });
        await desk.heard(begun.length > 0 ? "done" : "release", "t1.f1");
        await pull.finish();
        const verdicts = desk.said.filter(({ verb }) => ["done", "fail", "cancelled", "release"].includes(verb));
        assert.deepEqual(verdicts.map(({ verb }) => verb), [begun.length > 0 ? "done" : "release"]);
    });
}

test("a directory that cannot be made is a failure that says so, and it goes on", async (t) => {
    const { desk, puller } = await start(t, { TMPDIR: "/nowhere" });
    for (const id of ["t1", "t2"]) {
        desk.give({ id, type: "echo" });
        const [{ code, message }] = await desk.heard("fail", `${id}.f1`);
        assert.equal(code, "worker_error");
        assert.match(message, /^it could not begin: ENOENT/);
    }
    assert.equal(puller.process.exitCode, null);
});

test("one that is given back is not beaten for while that is said, and leaves no directory", async (t) => {
    const server = await FakeServer.start(t, keepSilent);
    const client = new Client(server.url);
    t.after(() => client.close());
    const it = new Attempt({ id: "t1", fence: "f1", beat_ms: 60_000, input: 1 }, client, assert.fail);
    const over = it.live();
    await it.prepare();
    const { dir } = it.begun();
    assert.ok(existsSync(dir));
    it.stop();
    assert.equal(server.requests.length, 0, "it is the worker's");
    it.release();
    await until(() => server.requests.length === 1, "it is given back");
    server.hangUp();
    await over;
    assert.equal(existsSync(dir), false);
    assert.deepEqual(server.requests.map(({ target }) => target), ["/v1/attempts/t1.f1/release"]);
});
