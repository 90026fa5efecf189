// SPDX-License-Identifier: Apache-2.0
//
// The channel of a worker that pulls: on another machine, or wherever bide cannot start it, it asks a server for tasks
// over HTTP. To a session (session.js) it is a channel like the descriptors of one that bide started.
//
//     the program's thread                           pull_thread.js, a thread of its own
//     session ◀── run, cancel ─────────────────────── POST /v1/attempts:claim, cancels in the answers to beats
//        └────── progress, log, output, save ──────▶ POST .../beat
//        └────── done, fail, cancelled ────────────▶ files, then the verdict, until the server has it
//     what is given and not begun when it is closed, or has no verdict when it has finished ──▶ POST .../release
//
// A thread, because a function that computes without awaiting anything would hold up its own beats, and lose its lease.
import { hostname } from "node:os";
import { Worker as Thread } from "node:worker_threads";

import { address } from "./address.js";
import { Alarm } from "./alarm.js";
import { problemOf } from "./call.js";
import { line } from "./frames.js";

const PROGRAM = new URL("./pull_thread.js", import.meta.url);
const SIGNALS = ["SIGTERM", "SIGINT"];

export class Pull {
    #setup;
    #thread; // once it is ready
    #gone = Promise.resolve(); // resolves when the thread has ended
    #heard = []; // frames of the thread that nobody has read
    #changed = new Alarm();
    #error; // what ended it: the server refused it, or something of ours is broken
    #isClosed = false; // it asks for nothing more
    #isOver = false; // and nothing more is said

    /** `types`: what to ask for. `name`: undefined, the host's name and the process's number. `max`: tasks of one claim.
     * Until it is closed SIGTERM and SIGINT close it. Throws TypeError for a URL, or types, that cannot be used. */
    constructor(url, types, name, max) {
        if (types.length === 0) throw new TypeError("bide: a puller asks for the types it has functions for, and this worker has none");
        const host = hostname();
        this.#setup = { url: address(url).url, claim: { types, max, worker: name || `${host}-${process.pid}`, host } };
        for (const signal of SIGNALS) process.on(signal, this.#onSignal);
    }

    /** As they come, until it has finished. */
    async *frames() {
        while (!this.#isOver) {
            if (this.#heard.length === 0) await this.#changed.sleep(Infinity);
            else yield this.#heard.shift();
        }
    }

    /** Throws TypeError or RangeError when it is no frame that bide reads. */
    write(frame) {
        const text = line(frame).toString();
        if (frame.op === "ready") this.#start(frame.concurrency);
        else this.#thread?.postMessage(text);
    }

    /** Asks for nothing more. */
    close() {
        if (this.#isClosed) return;
        this.#isClosed = true;
        for (const signal of SIGNALS) process.off(signal, this.#onSignal); // a second one ends the program at once
        this.#thread?.postMessage("stop");
        this.#hear({ op: "stop" });
    }

    /** Nothing more will be said: resolves when all that was said has been told. What has no verdict is given back.
     * Rejects with a Problem when the server would never have given it anything. */
    async finish() {
        this.close();
        this.#isOver = true;
        this.#changed.ring();
        this.#thread?.postMessage("finish");
        await this.#gone;
        if (this.#error) throw this.#error;
    }

    #onSignal = () => this.close();

    #start(concurrency) {
        if (this.#isClosed) return; // a signal came while it loaded
        this.#thread = new Thread(PROGRAM, { workerData: { ...this.#setup, concurrency }, execArgv: [] });
        this.#thread.on("message", (frame) => (frame.op === "give_up" ? this.#end(refusal(this.#setup.url, frame)) : this.#hear(frame)));
        this.#thread.on("error", (error) => this.#end(error));
        this.#gone = new Promise((resolve) => this.#thread.once("exit", resolve));
    }

    /** What is given after it was closed nobody begins. */
    #hear(frame) {
        if (this.#isClosed && frame.op === "run") return this.#giveBack(frame.tasks);
        this.#heard.push(frame);
        this.#changed.ring();
    }

    #giveBack(tasks) {
        for (const { id, fence } of tasks) this.#thread.postMessage(line({ op: "release", id, fence }).toString());
    }

    #end(error) {
        this.#error ??= error;
        this.close();
    }
}

function refusal(url, { status, body }) {
    return problemOf(status, { ...body, detail: `${url} does not give tasks to this worker: ${body.detail}` });
}
