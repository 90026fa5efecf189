// SPDX-License-Identifier: Apache-2.0
//
// One task inside a worker: what it was given and what it may say while it runs. task.d.ts tells of its members.
//
// A cancel arrives as `signal`, between two turns of the event loop. It is acted upon where the handler comes by: what
// was given the signal rejects; `progress`, `log`, `output`, `save` and `check` throw Cancelled. A handler that never
// comes by is ended by bide (SIGTERM, then SIGKILL), and the model has to be loaded again.
import { readFileSync, writeFileSync } from "node:fs";
import { basename, resolve } from "node:path";

import * as frames from "./frames.js";
import { follower } from "./submission.js";
import { BadResult, Cancelled, failure } from "./verdict.js";

const RESULT = ".result.json"; // in the attempt's directory, for results that no frame can hold

/** What those who run handlers do with a task, and handlers do not. */
export const control = {};

export class Task {
    files = [];
    cancelReason = null;
    settled = false;
    #send;
    #fence;
    #abort = new AbortController();
    #isShared = false;
    #nextOutput = 0;
    #followers = [];
    #verdicts = {};

    static {
        /** Its handler's rules of which errors are worth another attempt. */
        control.judge = (task, verdicts) => (task.#verdicts = verdicts);
        /** It runs in a batch from now on: only `cancelled` and `signal` tell of a cancel. */
        control.share = (task) => (task.#isShared = true);
        control.cancel = (task, reason = "user") => {
            task.cancelReason ??= reason;
            task.#abort.abort(new Cancelled(task.cancelReason));
        };
        /** It has ended as cancelled. */
        control.obey = (task) => task.#settle(() => ["cancelled", {}]);
        /** Whether a frame with this id, and this fence if it has one, is about it. */
        control.is = (task, id, fence) => task.id === id && (fence === undefined || fence === task.#fence);
    }

    constructor(given, send) {
        this.#send = send;
        this.#fence = given.fence;
        this.id = given.id;
        this.type = given.type ?? "";
        this.attempt = given.attempt ?? 1;
        this.timeoutMs = given.timeout_ms ?? null;
        this.dir = given.dir ?? ".";
        this.resume = this.#payload(given, "resume");
        this.input = this.#payload(given, "input");
    }

    // A large one is in a file of the attempt's directory, which the frame names.
    #payload(given, name) {
        const file = given[`${name}_file`];
        return file === undefined ? given[name] ?? null : JSON.parse(readFileSync(resolve(this.dir, file), "utf8"));
    }

    get signal() {
        return this.#abort.signal;
    }

    get cancelled() {
        return this.#abort.signal.aborted;
    }

    check() {
        if (this.cancelled && !this.#isShared) throw this.signal.reason;
    }

    progress(percent, message, data) {
        this.check();
        this.#say("progress", { percent, message: message && frames.clip(message, frames.MESSAGE), data });
    }

    log(text, level = "info") {
        this.check();
        for (const piece of frames.pieces(String(text))) this.#say("log", { level, text: piece });
    }

    output(text) {
        this.check();
        for (const piece of frames.pieces(text)) this.#say("output", { n: this.#nextOutput++, data: piece });
    }

    save(data) {
        this.check();
        this.#say("save", { data });
    }

    file(name) {
        if (!name || name !== basename(name) || name === "." || name === "..") {
            throw new TypeError(`not a file name: ${JSON.stringify(name)}`);
        }
        if (!this.files.includes(name)) {
            if (this.files.length >= frames.FILES) throw new RangeError(`more than ${frames.FILES} output files`);
            this.files.push(name);
        }
        return resolve(this.dir, name);
    }

    next(type, input, options = {}) {
        if (this.#followers.length >= frames.FOLLOWERS) throw new RangeError(`more than ${frames.FOLLOWERS} tasks to follow`);
        this.#followers.push(follower({ ...options, type, input }));
    }

    // the verdict: given for the handler when it returns or throws; in a batch it may come before the others'

    done(result) {
        this.#settle(() => this.#doneFrame(result));
    }

    fail(error) {
        this.#settle(() => ["fail", failure(error, this.#verdicts)]);
    }

    #settle(make) {
        if (this.settled) return;
        const [op, fields] = make();
        this.#say(op, fields);
        this.settled = true;
    }

    #doneFrame(result) {
        try {
            const text = Buffer.from(frames.encode(result));
            const more = {
                ...(this.files.length > 0 ? { files: this.files } : {}),
                ...(this.#followers.length > 0 ? { next: this.#followers } : {}),
            };
            if (text.length + Buffer.byteLength(frames.encode(more)) <= frames.PAYLOAD) {
                return ["done", { ...more, result: result ?? null }];
            }
            writeFileSync(resolve(this.dir, RESULT), text);
            return ["done", { ...more, result_file: RESULT }];
        } catch (error) {
            if (error.syscall) return ["fail", failure(error)]; // it could not be stored
            const cause = new BadResult(`the result cannot be told as JSON: ${error.message}`, { cause: error });
            return ["fail", { ...failure(cause), type: error.name }];
        }
    }

    #say(op, fields) {
        if (!this.settled) this.#send({ op, id: this.id, fence: this.#fence, ...fields });
    }
}
