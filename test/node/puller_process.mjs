// SPDX-License-Identifier: Apache-2.0
//
// A worker process that pulls, for one test: started as a person would start it, with the server in its environment.
import { spawn } from "node:child_process";

import { PROGRAM } from "./worker_process.mjs";

/** `exited`: resolves to its exit status, or the signal that ended it, when it has and all that it printed was read. */
export class PullerProcess {
    printed = "";

    static start(t, url, env = {}, program = PROGRAM) {
        const it = new PullerProcess(url, env, program);
        t.after(() => {
            it.process.kill("SIGKILL");
            return it.exited;
        });
        return it;
    }

    constructor(url, env, program) {
        const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("BIDE_")));
        const stdio = ["ignore", "pipe", "pipe"];
        this.process = spawn(process.execPath, [program], { stdio, env: { ...clean, BIDE_PULL: url, ...env } });
        for (const stream of [this.process.stdout, this.process.stderr]) {
            stream.setEncoding("utf8").on("data", (text) => (this.printed += text));
        }
        this.exited = new Promise((resolve) => this.process.once("close", (status, signal) => resolve(status ?? signal)));
    }

    kill(signal) {
        this.process.kill(signal);
    }
}
