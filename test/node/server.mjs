// SPDX-License-Identifier: Apache-2.0
//
// A real bide on a port of its own, for one test: gone, with everything it started, when the test is.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BIDE = process.env.BIDE_BIN || join(ROOT, "build/bide");
const PATIENCE_MS = 1000 * Number(process.env.BIDE_TEST_PATIENCE || 15);

/** A started server for this test. `config`: all of bide.yaml as an object (JSON is YAML). */
export async function serve(t, config, ...listen) {
    const dir = mkdtempSync(join(tmpdir(), "bide-test-"));
    writeFileSync(join(dir, "bide.yaml"), JSON.stringify({ store: "sqlite:bide.db", data_dir: ".", ...config }));
    const server = new Server(dir, listen);
    t.after(async () => {
        const status = await server.terminate();
        rmSync(dir, { recursive: true });
        if (status !== 0) throw new Error(`the server ended with ${status}: ${server.text}`);
    });
    await server.start();
    return server;
}

class Server {
    constructor(dir, listen) {
        this.dir = dir;
        this.listen = listen;
        this.text = "";
    }

    async start() {
        const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("BIDE_")));
        const listen = ["127.0.0.1:0", ...this.listen.map((address) => address.replace("DIR", this.dir))];
        const flags = listen.flatMap((address) => ["--listen", address]);
        this.text = "";
        this.process = spawn(BIDE, ["serve", "--config", "bide.yaml", ...flags], { cwd: this.dir, env, stdio: ["ignore", "pipe", "pipe"] });
        this.exited = new Promise((resolve) => this.process.once("exit", (status, signal) => resolve(status ?? signal)));
        for (const stream of [this.process.stdout, this.process.stderr]) {
            stream.setEncoding("utf8").on("data", (text) => (this.text += text));
        }
        this.url = (await until(() => this.#listening(), "listening"))[1];
    }

    #listening() {
        const { exitCode, signalCode } = this.process;
        if (exitCode !== null || signalCode !== null) throw new Error(`it ended: ${this.text}`);
        return this.text.match(/listening on (http:\/\/127\.0\.0\.1:\d+)/);
    }

    /** Asks it to drain; resolves to its exit status. */
    terminate() {
        this.process.kill("SIGTERM");
        return this.exited;
    }

    async kill9() {
        this.process.kill("SIGKILL");
        await this.exited;
    }
}

/** The first truthy value of `condition()`. */
export async function until(condition, what = "the condition") {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
        const value = await condition();
        if (value) return value;
        if (performance.now() > deadline) throw new Error(`not in ${PATIENCE_MS} ms: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 5)); // until the next look
    }
}

/** How often the tasks of a test are tried again, and how soon. */
export const QUICK = { timeout: "20s", grace: "600ms", retry: { backoff: "fixed", base: "20ms", jitter: "none" } };
