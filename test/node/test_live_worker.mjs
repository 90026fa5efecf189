// SPDX-License-Identifier: Apache-2.0
//
// Worker and Client together, with the real server between them.
import assert from "node:assert/strict";
import test from "node:test";

import { Client, WaitTimeout } from "../../sdk/node/index.js";
import { QUICK, serve, until } from "./server.mjs";
import { PROGRAM } from "./worker_process.mjs";

const TYPES = ["echo", "talk", "print", "obey", "obey.a.timer", "fail", "raise", "return.*", "sum", "meet"];

async function connect(t, pool = {}) {
    const server = await serve(t, {
        defaults: { ...QUICK, grace: "5s" },
        queues: { default: { concurrency: 4 } },
        workers: { sdk: { command: [process.execPath, PROGRAM], ...pool } },
        types: Object.fromEntries(TYPES.map((type) => [type, { worker: "sdk", max_attempts: 1 }])),
    });
    const client = new Client(server.url);
    t.after(() => client.close());
    return { server, client, run: (type, input) => client.submit(type, input, { waitMs: 30_000 }) };
}

test("tasks are done by one process, which loads once", async (t) => {
    const { client, run } = await connect(t);
    for (let n = 0; n < 3; n++) {
        assert.deepEqual((await run("echo", { n })).result, { input: { n }, attempt: 1, loads: 1, resume: null });
    }
    assert.equal((await run("sum", 1)).result, 1);
    for await (const worker of client.workers()) assert.equal(worker.loads, 1);
});

test("progress, log, output files, and what is printed", async (t) => {
    const { client, run } = await connect(t);
    const task = await run("talk");
    assert.deepEqual([task.status, task.progress.percent, task.progress.message], ["completed", 40, "segment 4/10"]);
    assert.deepEqual(task.files.map((file) => file.name ?? file), ["out.srt"]);
    const log = await client.log(task.id);
    assert.match(log, /on stdout/);
    assert.match(log, /lang=en/);
    const printed = await run("print");
    assert.deepEqual([printed.status, printed.result], ["completed", null]);
    assert.match(await client.log(printed.id), /"op":"done","id":"t1"[^]*from a child/);
});

test("failures with everything that is known about them", async (t) => {
    const { run } = await connect(t);
    const { error } = await run("fail");
    assert.deepEqual([error.code, error.message, error.detail, error.type], ["invalid_input", "not audio", "moov atom", "Fail"]);
    const raised = (await run("raise", { name: "x" })).error;
    assert.deepEqual([raised.code, raised.type, raised.message], ["worker_error", "RangeError", "the value of x"]);
    assert.match(raised.detail, /RangeError: the value of x\n +at /);
    assert.equal((await run("return.a", "deep")).error.code, "bad_result");
});

for (const type of ["obey", "obey.a.timer"]) {
    test(`a cancel reaches the handler, and the process lives on: ${type}`, async (t) => {
        const { client, run } = await connect(t);
        const { id } = await client.submit(type);
        await until(async () => (await client.get(id)).progress, "its progress");
        await client.cancel(id);
        assert.equal((await client.wait(id, { timeoutMs: 20_000 })).status, "cancelled");
        assert.equal((await run("echo")).result.loads, 1);
        for await (const worker of client.workers()) assert.equal(worker.loads, 1);
    });
}

test("inputs and results that no frame can hold", async (t) => {
    const { client, run } = await connect(t);
    const large = await run("return.a", "large");
    assert.equal(large.result_bytes, 2_000_002);
    assert.equal(await client.result(large.id), "x".repeat(2_000_000));
    const echo = await run("echo", { text: "é".repeat(1_500_000) });
    assert.deepEqual((await client.result(echo.id)).input, { text: "é".repeat(1_500_000) });
});

test("what waits comes as one batch, and each task has its own verdict", async (t) => {
    const { client } = await connect(t);
    await client.pause("default");
    const inputs = [1, 2, "bad", 4, 5];
    const items = await client.submitMany(inputs.map((input) => ({ type: "sum", input })));
    await client.resume("default");
    const ended = [];
    for (const { id } of items) ended.push(await client.wait(id, { timeoutMs: 20_000 }));
    assert.deepEqual(ended.map((task) => task.result ?? task.error.code), [5, 5, "invalid_input", 5, 5]);
});

test("with concurrency one process has several tasks, and answers pings beside them", async (t) => {
    const { client } = await connect(t, { env: { CONCURRENCY: "2", PING: "1" }, ping_timeout: "500ms" });
    const tasks = [await client.submit("meet"), await client.submit("meet")];
    for (const { id } of tasks) assert.equal((await client.wait(id, { timeoutMs: 20_000 })).result, "met");
    const long = await client.submit("obey");
    await until(async () => (await client.get(long.id)).progress, "its progress");
    await assert.rejects(client.wait(long.id, { timeoutMs: 1500 }), WaitTimeout); // three times that of a ping
    assert.equal((await client.get(long.id)).status, "running");
    assert.doesNotMatch(await client.log(long.id), /did not answer/);
    await client.cancel(long.id);
    assert.equal((await client.wait(long.id, { timeoutMs: 20_000 })).status, "cancelled");
    for await (const worker of client.workers()) assert.equal(worker.loads, 1);
});

test("a worker ends with its server", async (t) => {
    const { client, server, run } = await connect(t);
    await run("echo");
    const pids = [];
    for await (const worker of client.workers()) pids.push(worker.pid);
    assert.equal(pids.length, 1);
    assert.equal(await server.terminate(), 0);
    assert.throws(() => process.kill(pids[0], 0), /ESRCH/);
});
