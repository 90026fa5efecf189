// SPDX-License-Identifier: Apache-2.0
//
// The thread of a puller (pull.js) that speaks to the server. It asks for work while the worker could begin a job at
// once, so that nothing is leased that has to wait here; each attempt that it is given has a life of its own (attempt.js).
//
//     a place is free ──▶ claim, a long poll ──▶ attempts ──▶ run
//           ▲                  │ refused for good: give_up        │
//           └── a rest ◀───────┘ not heard                        │
//           └── the last attempt of the claim is over ◀───────────┘
//
//     "stop": no more claims, and what the worker does not have is given back. "finish": so is all that has no verdict; it
//     ends when all is told.
import { setTimeout as pause } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";

import { Alarm } from "./alarm.js";
import { Attempt, mayBeHeard, REST_FIRST_MS, REST_MS } from "./attempt.js";
import * as calls from "./calls.js";
import { ask, Client } from "./client.js";
import { Problem } from "./problems.js";

const CLAIM_MS = 30_000; // one long poll

const { url, claim, concurrency } = workerData;
const client = new Client(url);
const stop = new AbortController();
const changed = new Alarm();
const open = new Map(); // Attempts by their words: a task may be given to us again while our function still has its last attempt
let jobs = 0; // claims that have attempts open
let isFinishing = false;

parentPort.on("message", (said) => {
    if (said === "stop" || said === "finish") {
        stop.abort();
        for (const attempt of open.values()) attempt.stop();
    }
    if (said === "finish") {
        isFinishing = true;
        for (const attempt of open.values()) attempt.release();
    }
    if (said !== "stop" && said !== "finish") hear(JSON.parse(said));
    changed.ring();
});

await claims();
while (!isFinishing || jobs > 0) await changed.sleep(Infinity);
client.close();
parentPort.close();

function hear(frame) {
    const attempt = open.get(`${frame.id}.${frame.fence}`); // of one that is over nothing is heard
    if (frame.op === "release") attempt?.release();
    else attempt?.hear(frame);
}

async function claims() {
    let rest = REST_FIRST_MS;
    while (!stop.signal.aborted) {
        if (jobs >= concurrency) {
            await changed.sleep(Infinity);
            continue;
        }
        try {
            const given = await claimed();
            rest = REST_FIRST_MS;
            if (given.length > 0) take(given);
        } catch (error) {
            if (stop.signal.aborted) return;
            if (!mayBeHeard(error)) return giveUp(error);
            if (rest === REST_FIRST_MS) console.error(`bide: ${error.message}; trying until it is back`);
            await pause(rest, undefined, { signal: stop.signal }).catch(() => {}); // told to stop: the loop sees it
            rest = Math.min(2 * rest, REST_MS);
        }
    }
}

async function claimed() {
    const { tasks } = await ask(client, calls.claim(claim, CLAIM_MS), stop.signal);
    if (!Array.isArray(tasks)) throw new Problem(200, { detail: "its answer to a claim has no tasks: is it a bide server?" });
    return tasks;
}

function giveUp({ status, body, message }) {
    parentPort.postMessage({ op: "give_up", status, body: { detail: message, ...body } });
}

/** Of what comes when there is to be no more, nothing is begun. */
async function take(given) {
    const attempts = given.map((one) => new Attempt(one, client, (frame) => parentPort.postMessage(frame)));
    for (const attempt of attempts) {
        open.set(attempt.word, attempt);
        if (stop.signal.aborted) attempt.release();
    }
    jobs++;
    const lives = attempts.map(async (attempt) => {
        await attempt.live();
        open.delete(attempt.word);
    });
    await Promise.all(attempts.map((attempt) => attempt.prepare()));
    const tasks = attempts.map((attempt) => attempt.begun()).filter(Boolean);
    if (tasks.length > 0) parentPort.postMessage({ op: "run", tasks });
    await Promise.all(lives);
    jobs--;
    changed.ring();
}
