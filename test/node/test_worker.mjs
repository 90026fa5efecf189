// SPDX-License-Identifier: Apache-2.0
//
// Worker over pipes: what every worker does.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";

import { FENCE, PROGRAM, WorkerProcess } from "./worker_process.mjs";

const about = { id: "t1", fence: FENCE };

test("ready says what the worker can do", async (t) => {
    const worker = await WorkerProcess.ready(t, { CONCURRENCY: "3", PING: "1" });
    const ready = { op: "ready", proto: 1, max_batch: 8 };
    assert.deepEqual(worker.readiness, { ...ready, concurrency: 3, ping: true });
    const plain = await WorkerProcess.ready(t);
    assert.deepEqual(plain.readiness, { ...ready, concurrency: 1, ping: false });
});

test("a task is done with its fence and the model is loaded once", async (t) => {
    const worker = await WorkerProcess.ready(t);
    for (let n = 0; n < 3; n++) {
        const verdict = await worker.do("echo", { n }, { attempt: 2, resume: { at: n } });
        assert.deepEqual(verdict, { op: "done", ...about, result: { input: { n }, attempt: 2, loads: 1, resume: { at: n } } });
    }
});

test("what a handler says becomes frames, and what it prints does not", async (t) => {
    const worker = await WorkerProcess.ready(t);
    worker.give({ id: "t1", type: "talk" });
    const frames = [];
    for (let n = 0; n < 6; n++) frames.push(await worker.hear());
    assert.deepEqual(frames, [
        { op: "progress", ...about, percent: 40, message: "segment 4/10", data: { n: 4 } },
        { op: "log", ...about, level: "info", text: "lang=en" },
        { op: "output", ...about, n: 0, data: "hello " },
        { op: "output", ...about, n: 1, data: "world" },
        { op: "save", ...about, data: { at: 4 } },
        { op: "done", ...about, files: ["out.srt"], result: null },
    ]);
    assert.equal(readFileSync(join(worker.dir, "out.srt"), "utf8"), "1");
    assert.equal(await worker.end(), 0);
    assert.equal(worker.stdout, "on stdout\n");
});

test("printing and programs that a handler starts leave the channel alone", async (t) => {
    const worker = await WorkerProcess.ready(t);
    assert.deepEqual(await worker.do("print"), { op: "done", ...about, result: null });
    assert.equal((await worker.do("echo")).op, "done");
    assert.equal(await worker.end(), 0);
    assert.match(worker.stdout, /"op":"done","id":"t1"}\nno end of linefrom a child\n$/);
    assert.match(worker.stderr, /and there\n[^]*4: Bad file descriptor/, "a child has no descriptor 4");
});

for (const type of ["obey", "obey.a.timer"]) {
    test(`a cancel is obeyed and the process lives on: ${type}`, async (t) => {
        const worker = await WorkerProcess.ready(t);
        worker.give({ id: "t1", type });
        assert.equal((await worker.hear()).op, "progress");
        worker.cancel("t1");
        assert.deepEqual(await worker.hear(), { op: "cancelled", ...about });
        assert.equal((await worker.do("echo")).op, "done");
    });
}

test("a cancel with another fence, or for an unknown task, changes nothing; pings are answered meanwhile", async (t) => {
    const worker = await WorkerProcess.ready(t);
    worker.give({ id: "t1", type: "finish.anyway" });
    assert.equal((await worker.hear()).op, "progress");
    worker.cancel("t1", "0000000000000000");
    worker.cancel("t9");
    worker.say({ op: "ping", n: 5 });
    assert.deepEqual(await worker.hear(), { op: "pong", n: 5 });
    worker.cancel("t1", FENCE, "timeout");
    worker.cancel("t1", FENCE, "user");
    assert.equal((await worker.hear()).result, "done all the same: timeout Cancelled");
});

test("a task cancelled while it waits in the worker never runs", async (t) => {
    const worker = await WorkerProcess.ready(t);
    worker.give({ id: "t1", type: "obey" }, { id: "t2", type: "echo" });
    await worker.hear();
    worker.cancel("t2");
    assert.deepEqual(await worker.hear().then((frame) => [frame.id, frame.op]), ["t2", "cancelled"]);
    worker.cancel("t1");
    assert.equal((await worker.hearVerdicts(1)).t1.op, "cancelled");
});

test("the same task given again is known by its fence", async (t) => {
    const worker = await WorkerProcess.ready(t, { CONCURRENCY: "2" });
    for (const fence of ["1", "2"]) {
        worker.give({ id: "t1", type: "obey", fence });
        assert.equal((await worker.hear()).op, "progress");
    }
    for (const fence of ["1", "2"]) {
        worker.cancel("t1", fence);
        assert.deepEqual(await worker.hear(), { op: "cancelled", id: "t1", fence });
    }
});

test("Fail carries everything it was given, and an error its class and stack", async (t) => {
    const worker = await WorkerProcess.ready(t);
    const fail = { code: "invalid_input", message: "not audio", type: "Fail", detail: "moov atom" };
    assert.deepEqual(await worker.do("fail"), { op: "fail", ...about, ...fail, retry_after_ms: 1500, recycle: true, retry: false });
    const frame = await worker.do("raise", { name: "x" });
    assert.deepEqual([frame.op, frame.code, frame.type, frame.message], ["fail", "worker_error", "RangeError", "the value of x"]);
    assert.match(frame.detail, /sdk_worker\.mjs/);
    assert.ok(!("retry" in frame));
    const long = await worker.do("raise", { name: "ü".repeat(40_000) });
    assert.equal(Buffer.byteLength(long.message), 4095, "4096 would be half a character");
    assert.ok(Buffer.byteLength(long.detail) <= 32 * 1024);
    assert.equal((await worker.do("echo")).op, "done");
});

test("whatever is thrown is a verdict", async (t) => {
    const worker = await WorkerProcess.ready(t);
    const said = {};
    for (const name of ["text", "none", "null", "object", "empty", "rude"]) {
        const { message, type } = await worker.do("throw", name);
        said[name] = [message, type];
    }
    assert.deepEqual(said, {
        text: ["a text", "String"],
        none: ["undefined", "undefined"],
        null: ["object", "object"],
        object: ["{ a: 1 }", "Object"],
        empty: ["Error", "Error"],
        rude: ["Error", "Error"],
    });
});

test("Retry says when and why, and the class of an error decides whether to", async (t) => {
    const worker = await WorkerProcess.ready(t);
    const frame = await worker.do("retry");
    assert.deepEqual([frame.retry, frame.retry_after_ms, frame.message], [true, 30_000, "later"]);
    assert.match(frame.detail, /Error: the disk is tired/);
    const retries = {};
    for (const name of ["RangeError", "Odd", "SyntaxError", "TypeError"]) retries[name] = (await worker.do("picky", name)).retry;
    assert.deepEqual(retries, { RangeError: true, Odd: false, SyntaxError: true, TypeError: false });
});

test("a large result travels as a file, and so does one with many files", async (t) => {
    const worker = await WorkerProcess.ready(t);
    const frame = await worker.do("return.a", "large");
    assert.deepEqual(frame, { op: "done", ...about, result_file: ".result.json" });
    assert.equal(readFileSync(join(worker.dir, frame.result_file), "utf8"), JSON.stringify("x".repeat(2_000_000)));
    const many = await worker.do("many.files");
    assert.deepEqual([many.files.length, many.result, many.result_file], [256, undefined, ".result.json"]);
    assert.deepEqual(many.next, [{ priority: 1, type: "echo", input: "next" }]);
    const lost = await worker.do("return.a", "large", { dir: join(worker.dir, "is not there") });
    assert.deepEqual([lost.op, lost.code, lost.retry], ["fail", "worker_error", undefined]);
});

test("a task to follow has the fields of a submit, and without an input none; a seventeenth is one too many", async (t) => {
    const worker = await WorkerProcess.ready(t);
    const { next } = await worker.do("follow", [{ type: "a" }, { type: "b", input: 0, at: 0, on_failure: [{ type: "c" }] }]);
    assert.deepEqual(next, [{ type: "a" }, { on_failure: [{ type: "c" }], run_at: "1970-01-01T00:00:00.000Z", type: "b", input: 0 }]);
    assert.equal((await worker.do("follow", Array(16).fill({ type: "a" }))).next.length, 16);
    const refused = await worker.do("follow", Array(17).fill({ type: "a" }));
    assert.deepEqual([refused.op, refused.type, refused.message], ["fail", "RangeError", "more than 16 tasks to follow"]);
    const nothing = await worker.do("follow", [{ type: "b", at: "no time" }]);
    assert.deepEqual([nothing.op, nothing.type], ["fail", "RangeError"]);
});

test("a large checkpoint arrives as a file", async (t) => {
    const worker = await WorkerProcess.ready(t);
    writeFileSync(join(worker.dir, "resume.json"), JSON.stringify({ at: "y".repeat(500_000) }));
    const { result } = await worker.do("echo", null, { resume_file: "resume.json" });
    assert.equal(result.resume.at.length, 500_000);
});

test("a large input arrives as a file", async (t) => {
    const worker = await WorkerProcess.ready(t);
    writeFileSync(join(worker.dir, "input.json"), JSON.stringify({ name: "y".repeat(2_000_000) }));
    worker.give({ id: "t1", type: "raise", input_file: "input.json" });
    assert.match((await worker.hear()).message, /^the value of yyy/);
    worker.give({ id: "t2", type: "echo", input_file: "missing.json" });
    const frame = await worker.hear();
    assert.deepEqual([frame.op, frame.id, frame.fence], ["fail", "t2", FENCE]);
    assert.match(frame.message, /ENOENT/);
});

test("a result that bide would refuse fails the task and not the worker", async (t) => {
    const worker = await WorkerProcess.ready(t);
    for (const input of ["round", "big", "deep", "nul", "many"]) {
        const frame = await worker.do("return.a", input);
        assert.deepEqual([frame.op, frame.code], ["fail", "bad_result"], input);
        assert.match(frame.message, /cannot be told as JSON/);
    }
    assert.equal((await worker.do("return.a", "fits")).op, "done");
    const told = { surrogate: ["?", "\\ud800", "😀"], nan: null, undefined: null, date: "1970-01-01T00:00:00.000Z" };
    for (const [input, value] of Object.entries(told)) {
        assert.deepEqual((await worker.do("return.a", input)).result, value);
    }
});

test("what is too much to say is refused or cut where it is said", async (t) => {
    const worker = await WorkerProcess.ready(t);
    worker.give({ id: "t1", type: "odd.things.said" });
    assert.equal(Buffer.byteLength((await worker.hear()).message), 4096);
    const logged = [await worker.hear(), await worker.hear()].map((frame) => frame.text);
    assert.equal(logged.join(""), "y".repeat(100_000));
    assert.deepEqual((await worker.hear()).result, ["RangeError", "TypeError", "TypeError"]);
});

test("hooks run around each task", async (t) => {
    const worker = await WorkerProcess.ready(t);
    assert.equal((await worker.do("echo", "refuse")).message, "the hook refuses it");
    worker.give({ id: "t1", type: "echo", input: "hooked" });
    assert.equal((await worker.hear()).text, "after completed [object Object] true");
    assert.equal((await worker.hear()).op, "done");
    await worker.end();
    assert.match(worker.stderr, /a hook's own trouble/);
});

test("an unknown type fails without another attempt, an unknown frame is ignored", async (t) => {
    const worker = await WorkerProcess.ready(t);
    const frame = await worker.do("nobody");
    assert.deepEqual([frame.op, frame.code, frame.retry], ["fail", "invalid_input", false]);
    worker.say({ op: "sing", loud: true });
    assert.equal((await worker.do("echo")).op, "done");
});

test("with concurrency tasks run at the same time, and no more than that", async (t) => {
    const worker = await WorkerProcess.ready(t, { CONCURRENCY: "2" });
    worker.give({ id: "a", type: "meet" });
    worker.give({ id: "b", type: "meet" });
    const verdicts = await worker.hearVerdicts(2);
    assert.deepEqual([verdicts.a.result, verdicts.b.result], ["met", "met"]);
    worker.give({ id: "a", type: "obey" }, { id: "b", type: "obey" }, { id: "c", type: "echo" });
    assert.deepEqual([(await worker.hear()).id, (await worker.hear()).id].sort(), ["a", "b"]);
    worker.say({ op: "ping", n: 1 });
    assert.equal((await worker.hear()).op, "pong", "c waits for its place");
    worker.cancel("b");
    assert.equal((await worker.hear()).id, "b");
    assert.equal((await worker.hear()).id, "c");
    worker.cancel("a");
    assert.equal((await worker.hear()).op, "cancelled");
});

test("started by hand it says who should start it", () => {
    const done = spawnSync(process.execPath, [PROGRAM], { encoding: "utf8", timeout: 20_000 });
    assert.equal(done.status, 1);
    assert.match(done.stderr, /^this is a worker of bide, started by its server/);
});

test("a loader that throws ends the process before ready", async (t) => {
    const worker = WorkerProcess.start(t, { LOAD_FAILS: "1" });
    assert.equal(await worker.hear(), null);
    assert.equal(await worker.closed, 1);
    assert.match(worker.stderr, /no such model/);
});
