// SPDX-License-Identifier: Apache-2.0
//
// What a worker function streams out, on its way from a puller to the server: in numbered pieces, each the same until it is
// heard.
//
//     add* ──▶ held ──piece──▶ being told ──heard──▶ gone; the next piece has the next number
//                                  └── not heard: the same piece again, under its number

const HELD = 1_000_000; // bytes that are kept for a server that is away; it takes 1 MiB at a time

export class Output {
    #texts = [];
    #piece = null; // {n, data}
    #next = 0;
    #isCut = false; // what came last had no room: a number is left out where it is missing

    held = 0; // bytes, those of the piece that is being told among them

    /** False: this is the first of what there is no room for; nothing is taken until what is held has been told. */
    add(text) {
        const bytes = Buffer.byteLength(text);
        if (this.#isCut || bytes === 0) return true;
        if (this.held + bytes <= HELD) {
            this.#texts.push(text);
            this.held += bytes;
            return true;
        }
        this.#isCut = this.held > 0;
        if (!this.#isCut) this.#next++;
        return false;
    }

    /** As a request has it; null when nothing is held. */
    piece() {
        if (this.#piece === null && this.#texts.length > 0) {
            this.#piece = { n: this.#next, data: this.#texts.join("") };
            this.#texts = [];
        }
        return this.#piece;
    }

    /** That piece is with the server, or not acceptable to it. */
    heard(piece) {
        if (piece === null || piece !== this.#piece) return;
        this.held -= Buffer.byteLength(piece.data);
        this.#piece = null;
        this.#next++;
        if (this.#texts.length > 0) return; // what is missing is missing behind that
        if (this.#isCut) this.#next++;
        this.#isCut = false;
    }
}
