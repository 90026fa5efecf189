// SPDX-License-Identifier: Apache-2.0
//
// Lines out of pieces of bytes, as they come from a descriptor or an HTTP answer.
const NEWLINE = 10;

/** The lines of `pieces` (an async iterable of Buffers), each a Buffer without its end. What stands after the last end
 * of line is none. Throws RangeError for one over `limit` bytes. */
export async function* lines(pieces, limit) {
    let begun = []; // pieces of a line whose end has not come
    let length = 0;
    for await (let piece of pieces) {
        for (let at; (at = piece.indexOf(NEWLINE)) >= 0; piece = piece.subarray(at + 1)) {
            begun.push(piece.subarray(0, at));
            if (length + at > limit) throw tooLong(limit);
            yield begun.length === 1 ? begun[0] : Buffer.concat(begun);
            [begun, length] = [[], 0];
        }
        if (piece.length > 0) begun.push(piece);
        length += piece.length;
        if (length > limit) throw tooLong(limit);
    }
}

function tooLong(limit) {
    return new RangeError(`a line over ${limit} bytes`);
}
