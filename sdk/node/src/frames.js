// SPDX-License-Identifier: Apache-2.0
//
// Frames of bide/1: one JSON object a line.
//
// A line that is not JSON, or is too long, would end the worker, so nothing leaves here that could be one: no lone
// surrogate, no NUL in a name, no depth or number of values that the server refuses, no line over the limit.

export const LINE = 1024 * 1024 + 64 * 1024; // longest line that the server reads, in bytes
export const PAYLOAD = 1024 * 1024; // a larger result travels as a file
export const MESSAGE = 4 * 1024; // a message, in bytes
export const DETAIL = 32 * 1024; // error.detail, in bytes
export const NAME = 200; // a type, a code, the class of an error, in bytes
export const FILES = 256; // output files of one attempt
export const FOLLOWERS = 16; // tasks to follow one attempt
const DEPTH = 64; // nesting of a payload
const VALUES = 1_000_000; // values of one text, members and elements
const PIECE = 64 * 1024; // characters of log or output in one frame

/** JSON text such as the server takes; of undefined it is null. Throws TypeError, RangeError for what it would refuse. */
export function encode(value, depth = DEPTH) {
    let text = JSON.stringify(value) ?? "null";
    if (text.includes("\\ud")) {
        text = text.replace(/\\(?:(ud[89a-f][0-9a-f]{2})|.)/g, (escape, surrogate) => (surrogate ? "?" : escape));
    }
    check(text, depth);
    return text;
}

/** The text of one frame, with its end of line. Throws RangeError when it is too long. */
export function line(frame) {
    const bytes = Buffer.from(encode(frame, DEPTH + 1) + "\n");
    if (bytes.length > LINE) throw new RangeError(`a frame "${frame.op}" of ${bytes.length} bytes: the limit is ${LINE}`);
    return bytes;
}

const OPEN = /["[\]{},]/g;

/** Looks at the text and not at the value: what toJSON makes of an object counts. */
function check(text, limit) {
    const hasNul = text.includes("\\u0000");
    if (text.length <= 2 * limit && !hasNul) return; // too short for anything deep
    let depth = 0;
    let values = 1;
    OPEN.lastIndex = 0;
    for (let found; (found = OPEN.exec(text)); ) {
        const mark = found[0];
        if (mark === '"') {
            const end = endOfString(text, found.index);
            if (hasNul && text[end] === ":" && /(?<!\\)(?:\\\\)*\\u0000/.test(text.slice(found.index, end))) {
                throw new TypeError("a NUL character in a name");
            }
            OPEN.lastIndex = end;
        } else if (mark === "[" || mark === "{") {
            if (++depth > limit) throw new RangeError(`nested deeper than ${DEPTH} levels`);
            if (text[found.index + 1] !== "]" && text[found.index + 1] !== "}") values++;
        } else if (mark === ",") {
            values++;
        } else {
            depth--;
        }
        if (values > VALUES) throw new RangeError(`more than ${VALUES} values`);
    }
}

/** Where the string that begins at `from` is over: behind its closing quote. */
function endOfString(text, from) {
    for (let at = text.indexOf('"', from + 1); ; at = text.indexOf('"', at + 1)) {
        let slashes = 0;
        while (text[at - 1 - slashes] === "\\") slashes++;
        if (slashes % 2 === 0) return at + 1;
    }
}

/** The first `limit` bytes of the text, never half a character. */
export function clip(text, limit) {
    const bytes = Buffer.from(text);
    let end = Math.min(bytes.length, limit);
    while (end < bytes.length && (bytes[end] & 0xc0) === 0x80) end--;
    return bytes.toString("utf8", 0, end);
}

/** The last `limit` bytes: of a trace, the end says most when it is long. */
export function clipTail(text, limit) {
    const bytes = Buffer.from(text);
    let begin = Math.max(0, bytes.length - limit);
    while (begin < bytes.length && begin > 0 && (bytes[begin] & 0xc0) === 0x80) begin++;
    return bytes.toString("utf8", begin);
}

/** The text in parts that fit into a frame each. */
export function* pieces(text) {
    for (let at = 0; at < text.length; ) {
        let end = at + PIECE;
        if (end < text.length && /[\ud800-\udbff]/.test(text[end - 1])) end--; // a pair stays together
        yield text.slice(at, end);
        at = end;
    }
}
