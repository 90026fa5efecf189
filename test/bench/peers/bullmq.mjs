// SPDX-License-Identifier: Apache-2.0
//
// bullmq.mjs add PORT SECONDS IN_FLIGHT        adds of one job
// bullmq.mjs bulk PORT SECONDS IN_FLIGHT       addBulk of 100
// bullmq.mjs process PORT JOBS CONCURRENCY     adds all, then counts from the worker's start to the last completion
//
// BENCH_INPUT is a job's data. BullMQ at a Redis on this machine, asked the way its own documentation does. Prints "RATE P50 P99 LONGEST ERRORS": jobs a
// second, milliseconds of a call three times ("-" for process).
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";

const BATCH = 100;
const [mode, port, amount, width] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const data = JSON.parse(process.env.BENCH_INPUT);
const batch = Array.from({ length: BATCH }, () => ({ name: "bench", data }));

function connect() {
    return new Redis({ host: "127.0.0.1", port, maxRetriesPerRequest: null });
}

// One call after another on each of `width` chains, until the time is over.
async function flood(call, jobs) {
    const began = performance.now(), until = began + amount * 1000, took = [];
    async function chain() {
        for (let now = performance.now(); now < until;) {
            await call();
            const after = performance.now();
            took.push(after - now);
            now = after;
        }
    }
    await Promise.all(Array.from({ length: width }, chain));
    const rate = (took.length * jobs * 1000) / (performance.now() - began);
    took.sort((a, b) => a - b);
    const quantile = (q) => took[Math.min(took.length - 1, Math.floor(took.length * q))].toFixed(3);
    return `${rate.toFixed(0)} ${quantile(0.5)} ${quantile(0.99)} ${quantile(1)} 0`;
}

async function processAll(queue) {
    for (let left = amount; left > 0; left -= BATCH) await queue.addBulk(batch.slice(0, Math.min(BATCH, left)));
    const connection = connect();
    const worker = new Worker("bench", async () => ({}), { connection, concurrency: width, autorun: false });
    let completed = 0;
    const ended = new Promise((resolve, reject) => {
        worker.on("completed", () => ++completed === amount && resolve());
        worker.on("failed", (job, error) => reject(error));
        worker.on("error", reject);
    });
    const began = performance.now();
    worker.run().catch(() => {}); // its errors are told by the event
    await ended;
    const rate = (amount * 1000) / (performance.now() - began);
    await worker.close();
    connection.disconnect();
    return `${rate.toFixed(0)} - - - 0`;
}

const connection = connect();
const queue = new Queue("bench", { connection });
await queue.waitUntilReady();
if (mode === "add") console.log(await flood(() => queue.add("bench", data), 1));
else if (mode === "bulk") console.log(await flood(() => queue.addBulk(batch), BATCH));
else if (mode === "process") console.log(await processAll(queue));
else throw new Error(`bullmq.mjs: no ${mode}`);
await queue.close();
connection.disconnect();
