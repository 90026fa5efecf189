// SPDX-License-Identifier: Apache-2.0
//
// A worker: a process that bide starts, that loads its model once and takes task after task (protocol bide/1). The same
// program asks a server elsewhere for its tasks when BIDE_PULL is set (pull.js). This is what a program sees of it; the work
// is done in session.js. stdout and stderr are the task's log: print as you like. A
// worker never uses them for frames.
import { Descriptors } from "./descriptors.js";
import { Handlers } from "./handlers.js";
import { Pull } from "./pull.js";
import { Session } from "./session.js";

const CLAIM = 32; // tasks that the server gives at a time
const LEAVE_MS = 5_000; // what a program may do after its worker has ended

export class Worker {
    #handlers = new Handlers();

    constructor({ concurrency = 1, ping = false } = {}) {
        if (!(Number.isInteger(concurrency) && concurrency >= 1)) throw new RangeError("concurrency: a whole number from 1");
        this.concurrency = concurrency;
        this.ping = ping;
    }

    task(type, ...rest) {
        const handler = rest.pop();
        this.#handlers.add(type, rest[0] ?? {}, handler);
        return this;
    }

    load(loader) {
        this.#handlers.loaders.push(loader);
        return this;
    }

    before(hook) {
        this.#handlers.befores.push(hook);
        return this;
    }

    after(hook) {
        this.#handlers.afters.push(hook);
        return this;
    }

    async run({ pull = process.env.BIDE_PULL } = {}) {
        const channel = opened(() => (pull ? pulling(pull, this.#handlers) : new Descriptors()));
        await this.#load(channel);
        try {
            const { maxBatch } = this.#handlers;
            channel.write({ op: "ready", proto: 1, max_batch: maxBatch, concurrency: this.concurrency, ping: this.ping });
            await new Session(this.#handlers, channel, this.concurrency).run();
        } catch (error) {
            channel.close();
            if (error.code !== "EPIPE") throw error; // bide is gone: nobody is left to be told
        }
        setTimeout(() => process.exit(), LEAVE_MS).unref(); // a forgotten timer or connection would keep it for ever
    }

    async #load(channel) {
        try {
            for (const loader of this.#handlers.loaders) await loader();
        } catch (error) {
            channel.close();
            throw error;
        }
    }
}

/** What a program sees when bide did not start it, or with a URL that is none. */
function opened(open) {
    try {
        return open();
    } catch (error) {
        console.error(error.message);
        process.exit(1);
    }
}

function pulling(url, handlers) {
    const { BIDE_PULL_TYPES: said = "", BIDE_PULL_NAME: name } = process.env;
    const types = said.split(",").map((type) => type.trim()).filter(Boolean);
    return new Pull(url, types.length > 0 ? types : [...handlers.entries.keys()], name, Math.min(CLAIM, handlers.minBatch));
}
