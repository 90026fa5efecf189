// SPDX-License-Identifier: Apache-2.0
//
// A worker on the Node package that does what its task says; pulled.py is the same in Python, pulled.c in C.
import { writeFileSync } from "node:fs";
import { setTimeout as rest } from "node:timers/promises";

import { Fail, Worker } from "../../../sdk/node/index.js";

const worker = new Worker({ concurrency: Number(process.env.CONCURRENCY ?? 1) });
const nobody = new Int32Array(new SharedArrayBuffer(4));

async function work(task, batch = 1) {
    const given = task.input;
    if ("log" in given) task.log(given.log);
    if ("file" in given) writeFileSync(task.file(given.file), `content of ${given.file}`);
    task.output(given.output ?? "");
    task.progress(50, "half");
    if (given.compute) Atomics.wait(nobody, 0, 0, given.sleep_ms); // the event loop stands still: the work itself
    else await rest(given.sleep_ms ?? 0);
    task.output(given.output ?? "");
    while (given.spin) {
        task.check();
        await rest(5); // between looks
    }
    if ("save" in given && task.resume === null) {
        task.save(given.save);
        throw new Fail("quota", "not now", { retry: true, retryAfterMs: 10 });
    }
    if ("save" in given) return { resume: task.resume };
    if ("fail" in given) throw new Fail(given.fail, "as asked", { retry: false });
    for (const { type, input, ...options } of given.next ?? []) task.next(type, input, options);
    const text = (given.text ?? "").length;
    return { text, attempt: task.attempt, pid: process.pid, batch, pad: "x".repeat(given.result_bytes ?? 0) };
}

if (process.env.BATCH) worker.task("remote.*", { maxBatch: 4 }, (tasks) => Promise.all(tasks.map((task) => work(task, tasks.length))));
else worker.task("remote.*", (task) => work(task));

await worker.run();
