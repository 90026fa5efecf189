// SPDX-License-Identifier: Apache-2.0
//
// A worker process driven over pipes, as bide itself would drive it: no server. The frames are those of bide/1.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const PROGRAM = fileURLToPath(new URL("sdk_worker.mjs", import.meta.url));
export const FENCE = "9f86d081884c7d65";

/** A worker process and a directory for its attempts, both gone with the test. */
export class WorkerProcess {
    stdout = "";
    stderr = "";

    static start(t, env = {}, program = PROGRAM) {
        const it = new WorkerProcess(env, program);
        t.after(() => it.#release());
        return it;
    }

    /** One that has said ready. */
    static async ready(t, env = {}) {
        const it = WorkerProcess.start(t, env);
        it.readiness = await it.hear();
        return it;
    }

    constructor(env, program) {
        this.dir = mkdtempSync(join(tmpdir(), "bide-test-"));
        const stdio = ["ignore", "pipe", "pipe", "pipe", "pipe"];
        this.process = spawn(process.execPath, [program], { stdio, env: { ...process.env, ...env } });
        [, , , this.in, this.out] = this.process.stdio;
        this.process.stdout.on("data", (text) => (this.stdout += text));
        this.process.stderr.on("data", (text) => (this.stderr += text));
        this.in.on("error", () => {}); // a worker that has left
        this.closed = new Promise((resolve) => this.process.once("close", (status, signal) => resolve(status ?? signal)));
        this.lines = createInterface({ input: this.out })[Symbol.asyncIterator]();
    }

    say(frame) {
        this.in.write(typeof frame === "string" ? frame : JSON.stringify(frame) + "\n");
    }

    give(...tasks) {
        const defaults = { fence: FENCE, attempt: 1, timeout_ms: 1000, dir: this.dir, resume: null };
        this.say({ op: "run", tasks: tasks.map((task) => ({ ...defaults, ...task })) });
    }

    cancel(id, fence = FENCE, reason = "user") {
        this.say({ op: "cancel", id, fence, reason });
    }

    /** The next frame, null when there are no more. */
    async hear() {
        const { value, done } = await this.lines.next();
        return done ? null : JSON.parse(value);
    }

    /** So many verdicts, by the id of their task. */
    async hearVerdicts(count) {
        const verdicts = {};
        while (Object.keys(verdicts).length < count) {
            const frame = await this.hear();
            if (frame === null) throw new Error(`the worker left: ${this.stderr}`);
            if (!["done", "fail", "cancelled"].includes(frame.op)) continue;
            if (frame.id in verdicts) throw new Error(`two verdicts: ${JSON.stringify(frame)}`);
            verdicts[frame.id] = frame;
        }
        return verdicts;
    }

    async do(type, input = null, more = {}) {
        this.give({ id: "t1", type, input, ...more });
        return (await this.hearVerdicts(1)).t1;
    }

    /** Closes its input; resolves to its exit status. */
    end() {
        this.in.end();
        return this.closed;
    }

    async #release() {
        this.process.kill("SIGKILL");
        await this.closed;
        rmSync(this.dir, { recursive: true });
    }
}
