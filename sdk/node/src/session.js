// SPDX-License-Identifier: Apache-2.0
//
// What a worker does between `ready` and its end. A channel brings frames and takes them; where they come from is the
// channel's affair (descriptors.js, pull.js).
//
//     run ────────────────▶ waiting ──a place is free──▶ running ──▶ done | fail | cancelled
//     cancel ──▶ waiting: cancelled at once     running: the task's signal
//     ping ──▶ pong
//     stop, end of the frames ──▶ finish what is there; until then a cancel is still heard
//     nobody takes frames any more ──▶ cancel what is there
import { perform } from "./perform.js";
import { control, Task } from "./task.js";
import { failure } from "./verdict.js";

export class Session {
    #handlers;
    #channel;
    #free; // places for jobs
    #waiting = []; // jobs
    #running = new Set(); // jobs
    #isClosed = false; // nothing more is begun
    #isOver = false; // and nothing runs
    #error; // what broke it
    #idle; // resolves when it is closed and nothing runs

    constructor(handlers, channel, concurrency) {
        this.#handlers = handlers;
        this.#channel = channel;
        this.#free = concurrency;
    }

    /** Until there are no more frames, or a stop, and every task that was given has its verdict. Rejects with what broke
     * the channel: an error with code EPIPE when nobody was left to be told, else what was wrong with a frame. */
    async run() {
        const idle = new Promise((resolve) => (this.#idle = resolve));
        const heard = this.#listen();
        await idle;
        this.#isOver = true;
        await this.#channel.finish();
        await heard;
        if (this.#error) throw this.#error;
    }

    async #listen() {
        try {
            for await (const frame of this.#channel.frames()) this.#hear(frame);
        } catch (error) {
            if (error.code === "EPIPE") this.#break(error);
            else if (!this.#isOver) this.#error ??= error; // else it is what we closed that says so
        }
        this.#finish();
    }

    #finish() {
        this.#isClosed = true;
        this.#turn();
    }

    #hear(frame) {
        if (frame.op === "stop") this.#finish();
        else if (frame.op === "run" && !this.#isClosed) this.#take(frame.tasks);
        else if (frame.op === "cancel") this.#cancel(frame);
        else if (frame.op === "ping") this.#channel.write({ op: "pong", n: frame.n });
    }

    #take(given) {
        const tasks = [];
        for (const one of given) {
            try {
                tasks.push(new Task(one, (frame) => this.#channel.write(frame)));
            } catch (error) { // its input file cannot be read: the task's trouble, not the worker's
                this.#channel.write({ op: "fail", id: one.id, fence: one.fence, ...failure(error) });
            }
        }
        this.#waiting.push(...this.#handlers.split(tasks));
        this.#turn();
    }

    #cancel({ id, fence, reason }) {
        for (const job of [...this.#waiting, ...this.#running]) {
            for (const task of job.tasks.filter((one) => control.is(one, id, fence))) {
                control.cancel(task, reason);
                if (!this.#running.has(job)) this.#withdraw(job, task);
            }
        }
    }

    /** It has not begun, so it need not wait for those before it to end. */
    #withdraw(job, task) {
        job.tasks = job.tasks.filter((one) => one !== task);
        if (job.tasks.length === 0) this.#waiting = this.#waiting.filter((one) => one !== job);
        control.obey(task);
    }

    #turn() {
        while (this.#waiting.length > 0 && this.#free > 0) this.#start(this.#waiting.shift());
        if (this.#isClosed && this.#running.size === 0) this.#idle();
    }

    async #start(job) {
        this.#free--;
        this.#running.add(job);
        try {
            await perform(this.#handlers, job);
        } catch (error) {
            this.#break(error);
        }
        this.#running.delete(job);
        this.#free++;
        this.#turn();
    }

    /** A verdict could not be told. Usually bide is gone, and with it the wish for any other. */
    #break(error) {
        this.#error ??= error;
        this.#isClosed = true;
        this.#waiting = [];
        for (const job of this.#running) for (const task of job.tasks) control.cancel(task, "shutdown");
        this.#channel.close();
    }
}
