// SPDX-License-Identifier: Apache-2.0
//
// One attempt that a puller has, from its claim to its verdict.
//
//     held ──time for a beat──▶ beat ──▶ held       what is said meanwhile goes with the next one
//      │                          └── cancel in the answer, or lost: told to the worker; an input is not fetched further
//      └──verdict──▶ what was not told yet ──▶ files ──▶ verdict, until it is heard ──▶ over
//
// Beats go on until the verdict is heard, also while input and files are on their way: one may take longer than the lease. A
// server that is away is waited for as long as it takes; the lease does not run while it is down.
import { mkdtempSync } from "node:fs";
import { lstat, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { Alarm } from "./alarm.js";
import * as calls from "./calls.js";
import { ask } from "./client.js";
import { clip, MESSAGE } from "./frames.js";
import { Problem } from "./problems.js";
import { Output } from "./pull_output.js";

export const REST_FIRST_MS = 200; // between tries while the server is away; doubled each time
export const REST_MS = 5_000; // at most
const TELL_MS = 1_000; // what is said is told at most so often
const LOG = 64 * 1024; // bytes of log that are told at once, before their time
const LOG_HELD = 1_000_000; // bytes of log that are kept for a server that is away; it takes 1 MiB at a time
const VERDICTS = new Set(["done", "fail", "cancelled"]);

/** Whether there may be another answer later: it was not reached, or is busy, starting, stopping. */
export function mayBeHeard(error) {
    return error instanceof Problem && (error.status === 0 || error.status === 429 || error.status >= 500);
}

/** The server does not know it as ours any more. */
function isGone({ status }) {
    return status === 404 || status === 409;
}

export class Attempt {
    #given;
    #client;
    #tell; // the worker
    #folder = null;
    #changed = new Alarm();
    #beatMs;
    #beatAt;
    #toldAt = -Infinity;
    #progress;
    #save; // {save}: the last checkpoint that was not told yet
    #log = [];
    #logBytes = 0;
    #dropped = 0; // lines of log for which there was no room
    #output = new Output();
    #cancelReason = null;
    #isLost = false;
    #isBegun = false; // the worker has it
    #unwanted = new AbortController(); // its input is not: it was cancelled, lost or released
    #verdict = null; // {op, said}

    /** `given`: of the answer to a claim. `tell`: takes frames for the worker. */
    constructor(given, client, tell) {
        this.#given = given;
        this.#client = client;
        this.#tell = tell;
        this.word = `${given.id}.${given.fence}`;
        this.#beatMs = given.beat_ms > 0 ? given.beat_ms : TELL_MS;
        this.#beatAt = performance.now() + this.#beatMs;
    }

    /** Gives it a directory and, when it is large, its input. Never rejects: what cannot begin has failed. */
    async prepare() {
        if (this.#verdict) return;
        try {
            this.#folder = mkdtempSync(join(tmpdir(), "bide-pull-"));
            if (this.#given.input_url) this.#given.input = await this.#untilHeard(calls.attemptInput(this.word), this.#unwanted.signal);
        } catch (error) {
            if (this.#unwanted.signal.aborted) return; // begun() sees why
            this.#print(error);
            this.#isLost ||= isGone(error);
            this.hear({ op: "fail", code: "worker_error", message: clip(`it could not begin: ${error.message}`, MESSAGE) });
        }
    }

    /** The prepared task for the worker; null when there is nothing to run any more. */
    begun() {
        if (this.#cancelReason !== null) this.hear({ op: "cancelled" }); // the worker, who did not know it, let the cancel pass
        if (this.#verdict) return null;
        const task = { ...this.#given, dir: this.#folder };
        this.#given = { id: task.id, fence: task.fence }; // a large input is the worker's alone
        this.#isBegun = true;
        return task;
    }

    /** Resolves when it is over. Never rejects. */
    async live() {
        await this.#beatUntil(() => this.#verdict);
        if (this.#hasWords && !this.#isLost) await this.#beat(); // the last words come before the verdict
        let isTold = false;
        const told = this.#settle().finally(() => {
            isTold = true;
            this.#changed.ring();
        });
        if (this.#verdict.op !== "release") await this.#beatUntil(() => isTold);
        await told;
        if (this.#folder) await rm(this.#folder, { recursive: true, force: true }).catch((error) => this.#print(error));
    }

    /** What the worker says. After a verdict nothing is heard. */
    hear({ op, id, fence, ...said }) {
        if (this.#verdict) return;
        if (op === "progress") this.#progress = known(said);
        else if (op === "log") this.#keep(`${said.level ?? "info"}: ${said.text ?? ""}`);
        else if (op === "output") this.#stream(String(said.data ?? ""));
        else if (op === "save" && "data" in said) this.#save = { save: said.data };
        else if (VERDICTS.has(op)) this.#verdict = { op, said };
        this.#changed.ring();
    }

    /** Nobody works on it: the task goes back, unless it has its verdict. */
    release() {
        this.#verdict ??= { op: "release", said: {} };
        this.#unwanted.abort();
        this.#changed.ring();
    }

    /** The worker begins nothing more. */
    stop() {
        if (!this.#isBegun) this.release();
    }

    #keep(text) {
        const bytes = Buffer.byteLength(text) + 1;
        if (this.#logBytes + bytes > LOG_HELD) {
            this.#dropped++;
            return;
        }
        this.#log.push(text);
        this.#logBytes += bytes;
    }

    #stream(text) {
        if (!this.#output.add(text)) this.#keep("warning: bide: a part of the output was left out while the server was away");
    }

    // beats

    async #beatUntil(isOver) {
        while (!isOver()) {
            const ms = this.#dueAt() - performance.now();
            if (ms > 0) await this.#changed.sleep(ms);
            else await this.#beat();
        }
    }

    get #hasWords() {
        return this.#progress !== undefined || this.#save !== undefined || this.#log.length > 0 || this.#output.held > 0;
    }

    #dueAt() {
        if (this.#isLost) return Infinity;
        if (!this.#hasWords) return this.#beatAt;
        const isMuch = this.#logBytes >= LOG || this.#output.held >= LOG;
        return Math.min(this.#beatAt, this.#toldAt + (isMuch ? 0 : TELL_MS));
    }

    async #beat() {
        const [progress, save, log, dropped] = [this.#progress, this.#save, this.#log, this.#dropped];
        [this.#progress, this.#save, this.#log, this.#logBytes, this.#dropped] = [undefined, undefined, [], 0, 0];
        const words = dropped > 0 ? [...log, `warning: bide: ${dropped} lines were left out while the server was away`] : log;
        const output = this.#output.piece();
        const body = { ...(progress && { progress }), ...save, ...(words.length > 0 && { log: words.join("\n") }), ...(output && { output }) };
        this.#toldAt = performance.now();
        this.#beatAt = this.#toldAt + this.#beatMs;
        try {
            const answer = await ask(this.#client, calls.attempt(this.word, "beat", body));
            this.#output.heard(output);
            if (answer.beat_ms > 0) this.#beatMs = answer.beat_ms;
            this.#beatAt = performance.now() + this.#beatMs;
            if (answer.cancel) this.#cancel(answer.cancel);
        } catch (error) {
            if (isGone(error)) {
                this.#isLost = true;
                this.#cancel("lost");
            } else if (mayBeHeard(error)) { // told with the next one
                const later = this.#log;
                [this.#log, this.#logBytes, this.#dropped] = [[], 0, this.#dropped + dropped];
                for (const text of [...log, ...later]) this.#keep(text);
                this.#progress ??= progress;
                this.#save ??= save;
                this.#beatAt = performance.now() + Math.min(this.#beatMs, TELL_MS);
                this.#toldAt = this.#beatAt; // nor is it tried before that, however much there is to tell
            } else {
                this.#print(error); // what it said is not acceptable: the next beat has none of it
                this.#output.heard(output);
            }
        }
    }

    #cancel(reason) {
        if (this.#cancelReason !== null) return;
        this.#cancelReason = reason;
        this.#unwanted.abort();
        if (this.#isBegun && !this.#verdict) this.#tell({ op: "cancel", id: this.#given.id, fence: this.#given.fence, reason });
    }

    // the verdict

    async #settle() {
        const { op, said } = this.#verdict;
        if (this.#isLost) return;
        try {
            if (op === "release") await ask(this.#client, calls.attempt(this.word, op));
            else await this.#send(op, said);
        } catch (error) {
            this.#print(error);
            if (isGone(error) || this.#isLost || op === "release") return; // its lease will end
            const code = error.status === 413 ? "output_too_large" : "worker_error";
            const message = clip(`${op} could not be told: ${error.message}`, MESSAGE);
            await this.#untilHeard(calls.attempt(this.word, "fail", { code, message })).catch((worse) => this.#print(worse));
        }
    }

    /** What the last beat could not tell. What the server does not take is dropped: the verdict counts. */
    async #tellOutput() {
        for (let piece; (piece = this.#output.piece()) !== null && !this.#isLost; this.#output.heard(piece)) {
            await this.#untilHeard(calls.attempt(this.word, "output", piece)).catch((error) => {
                if (isGone(error) || this.#isLost) throw error;
                this.#print(error);
            });
        }
    }

    async #send(op, { result_file: resultFile, ...body }) {
        await this.#tellOutput();
        if (resultFile !== undefined) body.result = JSON.parse(await readFile(join(this.#folder, resultFile), "utf8"));
        for (const name of body.files ?? []) {
            const file = join(this.#folder, name);
            if (await isFile(file)) await this.#untilHeard(calls.attemptFile(this.word, name, file));
        }
        await this.#untilHeard(calls.attempt(this.word, op, body));
    }

    /** Sends it until the server answers something for good, the attempt is lost, or `signal` says that it is not wanted. */
    async #untilHeard(call, signal = undefined) {
        for (let rest = REST_FIRST_MS; ; rest = Math.min(2 * rest, REST_MS)) {
            try {
                return await ask(this.#client, call, signal);
            } catch (error) {
                if (!mayBeHeard(error) || this.#isLost) throw error;
                if (rest === REST_FIRST_MS) this.#print(error, "; trying until it is heard");
            }
            await pause(rest, undefined, { signal });
        }
    }

    #print(error, more = "") {
        console.error(`bide: task ${this.#given.id}: ${error.message}${more}`);
    }
}

/** What a progress has that is something: a handler may have said null. */
function known({ percent, message, data }) {
    return Object.fromEntries(Object.entries({ percent, message, data }).filter(([, value]) => value !== undefined && value !== null));
}

/** One that was named and never written is left out, as in a worker that bide started. */
async function isFile(path) {
    try {
        return (await lstat(path)).isFile();
    } catch (error) {
        if (error.code === "ENOENT") return false;
        throw error;
    }
}
