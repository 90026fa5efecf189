// SPDX-License-Identifier: Apache-2.0
//
// The channel of a worker that bide started: frames in over descriptor 3, out over descriptor 4 (BIDE_IN, BIDE_OUT).
// A session (session.js) needs no more of a channel than `frames`, `write`, `close` and `finish`: a puller (pull.js) is
// another one.
import { createReadStream, fstatSync, writeSync } from "node:fs";
import { Socket } from "node:net";

import { line } from "./frames.js";
import { lines } from "./lines.js";

const LONGEST_IN = 16 * 1024 * 1024; // bide keeps its lines under 1,088 KiB: this is against a stream that is none
const STAND_IN = new Int32Array(new SharedArrayBuffer(4)); // to wait upon

export class Descriptors {
    #in;
    #out;

    /** Throws Error when this program was not started by bide. */
    constructor(env = process.env) {
        const [from, to] = [Number(env.BIDE_IN ?? 3), Number(env.BIDE_OUT ?? 4)];
        if (!isChannel(from) || !isChannel(to)) {
            const descriptors = `which opens descriptors ${from} and ${to} (or by you, with BIDE_PULL=http://HOST:PORT)`;
            throw new Error(`this is a worker of bide, started by its server, ${descriptors}`);
        }
        this.#in = fstatSync(from).isFile() ? createReadStream(null, { fd: from }) : new Socket({ fd: from, writable: false });
        this.#out = to;
    }

    /** The frames as they come, until the end of file; whatever has no end of line is none. Throws SyntaxError for a
     * line that is no JSON object, RangeError for one that is too long. */
    async *frames() {
        for await (const text of lines(this.#in, LONGEST_IN)) {
            const frame = JSON.parse(text);
            if (frame === null || typeof frame !== "object" || Array.isArray(frame)) throw new SyntaxError("a frame must be an object");
            yield frame;
        }
    }

    /** Sends a frame, whole, before it returns: what a handler says is said even if it never awaits anything. Throws
     * TypeError or RangeError when it is none that bide reads, an error with code EPIPE when bide is gone. */
    write(frame) {
        for (let left = line(frame); left.length > 0; ) {
            try {
                left = left.subarray(writeSync(this.#out, left));
            } catch (error) {
                if (error.code !== "EAGAIN") throw error;
                Atomics.wait(STAND_IN, 0, 0, 1); // bide has not read what is there: as a blocking write would wait
            }
        }
    }

    /** Hears nothing more. */
    close() {
        this.#in.destroy();
    }

    /** The last frame was written. */
    finish() {
        this.close();
    }
}

/** Node has descriptors of its own where there are none from outside, but no pipe, socket or file among the first. */
function isChannel(fd) {
    try {
        const stat = fstatSync(fd);
        return stat.isFIFO() || stat.isSocket() || stat.isFile();
    } catch {
        return false;
    }
}
