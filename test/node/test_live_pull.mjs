// SPDX-License-Identifier: Apache-2.0
//
// Workers that pull, with the real server: what it means to be on another machine.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";

import { Client } from "../../sdk/node/index.js";
import { PullerProcess } from "./puller_process.mjs";
import { QUICK, serve, until } from "./server.mjs";
import { PROGRAM } from "./worker_process.mjs";

const TYPES = ["echo", "talk", "obey", "wait.for", "compute", "meet", "return.*", "sum"];

async function connect(t, lease = "20s", ...listen) {
    const server = await serve(t, {
        defaults: { ...QUICK, grace: "5s" },
        queues: { default: { concurrency: 8 } },
        workers: { child: { command: [process.execPath, PROGRAM] } },
        types: {
            ...Object.fromEntries(TYPES.map((type) => [type, { pull: { lease }, max_attempts: 1 }])),
            raise: { worker: "child", max_attempts: 1 },
        },
    }, ...listen);
    const client = new Client(server.url);
    t.after(() => client.close());
    const pull = (env = {}) => PullerProcess.start(t, server.url, { BIDE_PULL_TYPES: TYPES.join(), ...env });
    const ended = (id) => client.wait(id, { timeoutMs: 30_000 });
    return { server, client, pull, ended, run: async (type, input) => ended((await client.submit(type, input)).id) };
}

async function begun(client, type, input) {
    const { id } = await client.submit(type, input);
    await until(async () => (await client.get(id)).progress, "its progress");
    return id;
}

test("the program that bide would start does its tasks from elsewhere, one after another, with one model", async (t) => {
    const { client, pull, run } = await connect(t);
    const puller = pull({ BIDE_PULL_NAME: "box-7" });
    for (let n = 0; n < 3; n++) assert.equal((await run("echo", { n })).result.loads, 1);
    const talk = await run("talk");
    assert.deepEqual([talk.status, talk.progress.percent, talk.files], ["completed", 40, ["out.srt"]]);
    assert.equal(await client.log(talk.id), "info: lang=en\n");
    assert.match(puller.printed, /on stdout/);
    assert.equal((await run("raise", { name: "x" })).error.message, "the value of x"); // by one that bide started
    assert.equal((await run("sum", 1)).result, 1);
    const large = await run("return.a", "large");
    assert.equal(await client.result(large.id), "x".repeat(2_000_000));
    const echo = await run("echo", { text: "é".repeat(1_500_000) });
    assert.deepEqual((await client.result(echo.id)).input, { text: "é".repeat(1_500_000) });
    const ids = [];
    for await (const worker of client.workers()) ids.push(worker.id);
    assert.ok(ids.includes("echo/box-7"), ids.join());
});

test("with concurrency it has several tasks at once", async (t) => {
    const { client, pull, ended } = await connect(t);
    pull({ CONCURRENCY: "2" });
    const tasks = [await client.submit("meet"), await client.submit("meet")];
    for (const { id } of tasks) assert.equal((await ended(id)).result, "met");
});

test("a cancel reaches the function, and the process lives on", async (t) => {
    const { client, pull, ended, run } = await connect(t);
    pull();
    const id = await begun(client, "obey");
    await client.cancel(id);
    assert.equal((await ended(id)).status, "cancelled");
    assert.equal((await run("echo")).result.loads, 1);
});

test("a function that computes without awaiting anything keeps its lease", async (t) => {
    const { client, pull, run } = await connect(t, "1s");
    pull();
    const task = await run("compute", 3000);
    assert.deepEqual([task.status, task.attempt, task.result], ["completed", 1, 1]);
    assert.equal((await client.attempts(task.id)).length, 1);
});

test("one that is killed is noticed within its lease, and another does its task", async (t) => {
    const { server, client, pull, ended } = await connect(t, "2s");
    const [first, file] = [pull(), join(server.dir, "go")];
    const id = await begun(client, "wait.for", file);
    first.kill("SIGKILL");
    await first.exited;
    await until(async () => (await client.get(id)).error?.code === "lost", "the server misses it");
    writeFileSync(file, "");
    pull();
    const task = await ended(id);
    assert.deepEqual([task.status, task.result], ["completed", 2], "a lease that is lost counts as no failure: max_attempts is 1");
});

for (const end of ["kill9", "terminate"]) {
    test(`an attempt outlives the server: ${end}`, async (t) => {
        const { server, client, pull } = await connect(t, "20s", "unix:DIR/s");
        const puller = pull({ BIDE_PULL: `unix:${server.dir}/s` });
        const file = join(server.dir, "go");
        const id = await begun(client, "wait.for", file);
        await server[end]();
        writeFileSync(file, "");
        await until(() => puller.printed.includes("trying until it is heard"), "it tells its verdict to nobody");
        await server.start();
        const again = new Client(server.url);
        t.after(() => again.close());
        const task = await again.wait(id, { timeoutMs: 30_000 });
        assert.deepEqual([task.status, task.attempt, task.result], ["completed", 1, 1]);
        const next = await again.submit("echo", {}, { waitMs: 30_000 });
        assert.equal(next.result.loads, 1);
    });
}

test("SIGTERM ends it after its task", async (t) => {
    const { server, client, pull, ended } = await connect(t);
    const [puller, file] = [pull(), join(server.dir, "go")];
    const id = await begun(client, "wait.for", file);
    puller.kill("SIGTERM");
    writeFileSync(file, "");
    assert.equal(await puller.exited, 0);
    assert.equal((await ended(id)).status, "completed");
});
