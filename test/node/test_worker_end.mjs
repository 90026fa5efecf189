// SPDX-License-Identifier: Apache-2.0
//
// Worker over pipes: batches, and how a worker ends.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import test from "node:test";

import { until } from "./server.mjs";
import { WorkerProcess } from "./worker_process.mjs";

test("a batch has a verdict for each task", async (t) => {
    const worker = await WorkerProcess.ready(t);
    worker.give(...[0, 1, 2].map((n) => ({ id: `t${n}`, type: "sum", input: n === 1 ? "bad" : n })));
    const verdicts = await worker.hearVerdicts(3);
    assert.deepEqual(["t0", "t1", "t2"].map((id) => verdicts[id].op), ["done", "fail", "done"]);
    assert.deepEqual([verdicts.t0.result, verdicts.t1.code, verdicts.t1.retry], [3, "invalid_input", false]);
    assert.equal((await worker.do("sum", 1)).result, 1);
});

test("a run with tasks of several types is done by each one's handler", async (t) => {
    const worker = await WorkerProcess.ready(t);
    worker.give(...["pairs", "echo", "pairs", "pairs"].map((type, n) => ({ id: `t${n}`, type, input: n })));
    const verdicts = await worker.hearVerdicts(4);
    assert.deepEqual([0, 2, 3].map((n) => verdicts[`t${n}`].result), [2, 2, 1]);
    assert.equal(verdicts.t1.result.input, 1);
});

test("a batch that throws, or returns no result for each, fails every task of it", async (t) => {
    const worker = await WorkerProcess.ready(t);
    for (const [input, type] of [["crash", "RangeError"], ["short", "BadResult"], ["no list", "BadResult"]]) {
        worker.give({ id: "a", type: "sum", input }, { id: "b", type: "sum", input: 1 });
        const { a, b } = await worker.hearVerdicts(2);
        assert.deepEqual([a.op, a.type, b.op, b.type], ["fail", type, "fail", type]);
    }
});

test("a batch may settle its tasks as it goes", async (t) => {
    const worker = await WorkerProcess.ready(t);
    worker.give(...["first", "bad", "x"].map((input, n) => ({ id: `t${n}`, type: "as.they.come", input })));
    const verdicts = await worker.hearVerdicts(3);
    assert.deepEqual([verdicts.t0.result, verdicts.t1.retry, verdicts.t2.result], ["first", false, "last"]);
    worker.give({ id: "a", type: "as.they.come", input: "first" }, { id: "b", type: "as.they.come", input: "forget" });
    const { a, b } = await worker.hearVerdicts(2);
    assert.deepEqual([a.result, b.op, b.code], ["first", "fail", "no_reply"]);
});

test("a cancel in a batch ends that task alone; one that a hook refuses is not in it", async (t) => {
    const worker = await WorkerProcess.ready(t);
    worker.give(...["until cancelled", 1, "refuse"].map((input, n) => ({ id: `t${n}`, type: "sum", input })));
    assert.equal((await worker.hear()).op, "progress");
    worker.cancel("t0");
    assert.equal((await worker.hear()).percent, 2);
    const verdicts = await worker.hearVerdicts(3);
    assert.deepEqual(["t0", "t1", "t2"].map((id) => verdicts[id].op), ["cancelled", "done", "fail"]);
    assert.equal(verdicts.t1.result, 2);
});

for (const how of ["stop", "end of file"]) {
    test(`${how}: what was given is finished, and the exit status is 0`, async (t) => {
        const worker = await WorkerProcess.ready(t);
        worker.give({ id: "a", type: "echo" }, { id: "b", type: "pairs" }, { id: "c", type: "echo" });
        if (how === "stop") worker.say({ op: "stop" });
        else worker.end();
        assert.equal(Object.keys(await worker.hearVerdicts(3)).length, 3);
        assert.equal(await worker.hear(), null);
        assert.equal(await worker.closed, 0);
    });
}

test("what a handler left behind does not keep the process", async (t) => {
    const worker = await WorkerProcess.ready(t);
    assert.equal((await worker.do("hang.on")).result, 1);
    assert.equal(await worker.end(), 0);
});

test("half a line at the end is no frame", async (t) => {
    const worker = await WorkerProcess.ready(t);
    worker.give({ id: "a", type: "echo" });
    worker.say('{"op":"run","tasks":[{"id":"b"');
    assert.equal(await worker.end(), 0);
    assert.deepEqual(Object.keys(await worker.hearVerdicts(1)), ["a"]);
    assert.equal(await worker.hear(), null);
});

for (const line of ["this is not JSON\n", "[1]\n", "null\n", '{"op":"run","tasks":3}\n']) {
    test(`broken input ends the worker, after what it was given: ${line.trim()}`, async (t) => {
        const worker = await WorkerProcess.ready(t);
        worker.give({ id: "a", type: "echo" });
        worker.say(line);
        worker.give({ id: "b", type: "echo" });
        assert.equal((await worker.hearVerdicts(1)).a.op, "done");
        assert.equal(await worker.hear(), null);
        assert.equal(await worker.closed, 1);
        assert.match(worker.stderr, /SyntaxError|TypeError/);
    });
}

test("a frame that comes in pieces is read whole", async (t) => {
    const worker = await WorkerProcess.ready(t);
    const tasks = Array.from({ length: 8 }, (_, n) => ({ id: `t${n}`, type: "pairs", input: "é".repeat(400_000) }));
    worker.give(...tasks);
    assert.equal(Object.keys(await worker.hearVerdicts(8)).length, 8);
});

test("when nobody hears it any more the worker stops what it does and leaves", async (t) => {
    const worker = await WorkerProcess.ready(t, { CONCURRENCY: "2" });
    worker.give({ id: "a", type: "obey.a.timer" });
    assert.equal((await worker.hear()).op, "progress");
    worker.out.destroy();
    worker.give({ id: "b", type: "echo" });
    assert.equal(await worker.closed, 0);
});

/** True once it has written much and, for a number of looks, nothing more. */
function stuck(worker) {
    let [before, looks] = [0, 0];
    return () => {
        const io = readFileSync(`/proc/${worker.process.pid}/io`, "utf8");
        const written = Number(io.match(/^wchar: (\d+)$/m)[1]);
        looks = written === before ? looks + 1 : 0;
        before = written;
        return looks >= 20 && worker.out.readableLength >= worker.out.readableHighWaterMark;
    };
}

for (const env of [{}, { NON_BLOCKING: "1" }]) {
    test(`a worker whose frames are not read waits, and loses none: ${Object.keys(env)}`, async (t) => {
        const worker = await WorkerProcess.ready(t, env);
        worker.lines.return(); // it would read
        worker.out.pause();
        worker.give(...Array.from({ length: 20 }, (_, n) => ({ id: `t${n}`, type: "odd.things.said" })));
        worker.say({ op: "stop" });
        await until(stuck(worker), "a worker that can write no more");
        const frames = (await text(worker.out)).trim().split("\n").map((line) => JSON.parse(line));
        assert.equal(frames.filter((frame) => frame.op === "done").length, 20);
        assert.equal(frames.filter((frame) => frame.op === "log").map((frame) => frame.text).join("").length, 2_000_000);
        assert.equal(await worker.closed, 0);
    });
}
