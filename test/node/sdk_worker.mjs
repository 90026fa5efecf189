// SPDX-License-Identifier: Apache-2.0
//
// The worker that test_worker*.mjs and test_pull*.mjs drive: one handler for each thing a handler can do.
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { Socket } from "node:net";
import { setTimeout as rest } from "node:timers/promises";

import { Fail, Retry, Worker } from "../../sdk/node/index.js";

const worker = new Worker({ concurrency: Number(process.env.CONCURRENCY ?? 1), ping: "PING" in process.env });
let loads = 0;
if (process.env.NON_BLOCKING) new Socket({ fd: 4, readable: false }).unref(); // it sets O_NONBLOCK
const meeting = [];

worker.load(async () => {
    await rest(1);
    if (process.env.LOAD_FAILS) throw new Error("no such model");
    loads++;
});

worker.before((task) => {
    if (task.input === "refuse") throw new Fail("invalid_input", "the hook refuses it", { retry: false });
});

worker.after(async (task, outcome) => {
    if (task.input !== "hooked") return;
    task.log(`after ${outcome.status} ${outcome.result} ${outcome.ms >= 0}`);
    throw new Error("a hook's own trouble");
});

worker.task("echo", (task) => ({ input: task.input, attempt: task.attempt, loads, resume: task.resume }));

worker.task("talk", async (task) => {
    console.log("on stdout");
    task.progress(40, "segment 4/10", { n: 4 });
    task.log("lang=en");
    task.output("hello ");
    task.output("world");
    task.save({ at: 4 });
    writeFileSync(task.file("out.srt"), "1");
});

worker.task("print", () => {
    console.log('{"op":"done","id":"t1"}');
    console.error("and there");
    process.stdout.write("no end of line");
    spawnSync("sh", ["-c", "echo from a child; echo to nobody >&4"], { stdio: "inherit" });
});

worker.task("obey", async (task) => {
    task.progress(0);
    for (;;) {
        await rest(1);
        task.check();
    }
});

worker.task("obey.a.timer", async (task) => {
    task.progress(0);
    await rest(3_600_000, undefined, { signal: task.signal });
});

worker.task("finish.anyway", async (task) => {
    task.progress(0);
    await new Promise((resolve) => task.signal.addEventListener("abort", resolve));
    return `done all the same: ${task.cancelReason} ${task.signal.reason.name}`;
});

worker.task("compute", (task) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, task.input); // the event loop stands still
    return loads;
});

worker.task("wait.for", async (task) => {
    task.progress(0);
    while (!existsSync(task.input)) await rest(5);
    return task.attempt;
});

worker.task("dir", (task) => task.dir);

worker.task("name.a.file", (task) => {
    task.file("never.txt");
    writeFileSync(task.file("empty.txt"), "");
});

worker.task("meet", async (task) => {
    meeting.push(task);
    while (meeting.length < 2) await rest(1);
    return "met";
});

worker.task("fail", () => {
    throw new Fail("invalid_input", "not audio", { retry: false, retryAfterMs: 1500, detail: "moov atom", recycle: true });
});

worker.task("raise", (task) => {
    throw new RangeError("the value of " + task.input.name);
});

worker.task("throw", (task) => {
    const rude = new Proxy(new Error(), {
        get() {
            throw new Error("do not ask");
        },
    });
    throw { text: "a text", none: undefined, object: { a: 1 }, null: null, empty: new Error(), rude }[task.input];
});

worker.task("return.*", (task) => {
    const round = {};
    round.self = round;
    let deep = [];
    for (let n = 0; n < 64; n++) deep = [deep];
    const values = {
        large: "x".repeat(2_000_000),
        round,
        big: 10n,
        deep,
        fits: deep[0],
        nul: { a: "\0", "b\0": 1 },
        many: Array(1_000_001).fill(0),
        surrogate: ["\ud800", "\\ud800", "😀"],
        nan: NaN,
        undefined: undefined,
        date: new Date(0),
    };
    return values[task.input];
});

worker.task("retry", () => {
    try {
        throw new Error("the disk is tired");
    } catch (cause) {
        throw new Retry("later", { afterMs: 30_000, cause });
    }
});

class Odd extends RangeError {}

worker.task("picky", { retryOn: [RangeError, SyntaxError], noRetry: Odd }, (task) => {
    throw new { RangeError, Odd, SyntaxError, TypeError }[task.input]("picky");
});

worker.task("odd.things.said", (task) => {
    const refused = [];
    for (const say of [() => task.save("x".repeat(1_200_000)), () => task.progress(1, "m", { "\0": 1 }), () => task.file("../x")]) {
        try {
            say();
        } catch (error) {
            refused.push(error.name);
        }
    }
    task.progress(50, "ü".repeat(4000));
    task.log("y".repeat(100_000));
    return refused;
});

worker.task("many.files", (task) => {
    for (let n = 0; n < 256; n++) task.file(`${n}`.padStart(3, "0") + "x".repeat(200));
    task.next("echo", "next", { priority: 1 });
    return "y".repeat(1024 * 1024 - 100);
});

worker.task("follow", (task) => {
    for (const { type, input, at, ...options } of task.input) {
        task.next(type, input, at === undefined ? options : { ...options, run_at: new Date(at) });
    }
    return "followed";
});

worker.task("hang.on", () => {
    setInterval(() => {}, 1000); // forgotten
    return 1;
});

worker.task("sum", { maxBatch: 8 }, async (tasks) => {
    if (tasks.some((task) => task.input === "crash")) throw new RangeError("all of them");
    if (tasks.some((task) => task.input === "short")) return [];
    if (tasks.some((task) => task.input === "no list")) return "text";
    if (tasks[0].input === "until cancelled") {
        tasks[0].progress(1);
        while (!tasks[0].cancelled) await rest(1);
        tasks[0].progress(2); // does not throw: the others of the batch must go on
    }
    return tasks.map((task) => (task.input === "bad" ? new Fail("invalid_input", "odd", { retry: false }) : tasks.length));
});

worker.task("as.they.come", { maxBatch: 8, noRetry: TypeError }, (tasks) => {
    for (const task of tasks.slice(0, -1)) {
        if (task.input === "bad") task.fail(new TypeError("bad"));
        else task.done(task.input);
    }
    const last = tasks.at(-1);
    if (last.input === "forget") return;
    last.done("last");
    last.done("not heard");
});

worker.task("pairs", { maxBatch: 2 }, (tasks) => tasks.map(() => tasks.length));

await worker.run();
