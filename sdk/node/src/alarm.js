// SPDX-License-Identifier: Apache-2.0
//
// A sleep that ends at its time, or when something has changed. For one sleeper, which looks anew at what it slept for.
const LONGEST_MS = 2 ** 31 - 1; // setTimeout's: it takes more for nothing

export class Alarm {
    #end;

    /** `ms`: Infinity is until it rings. It may end early. */
    sleep(ms) {
        return new Promise((resolve) => {
            const timer = ms === Infinity ? undefined : setTimeout(() => this.ring(), Math.min(ms, LONGEST_MS));
            this.#end = () => {
                clearTimeout(timer);
                resolve();
            };
        });
    }

    ring() {
        this.#end?.();
    }
}
