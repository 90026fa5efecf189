// SPDX-License-Identifier: Apache-2.0
//
// What a worker can do: its handlers by type, what to load before them, and what to run around each of them. A plain
// table, filled by the methods of Worker and read by whoever runs tasks.

export class Handlers {
    entries = new Map(); // by type
    loaders = [];
    befores = [];
    afters = [];

    /** `(type, handler)` or `(type, options, handler)`. */
    add(type, options, handler) {
        const { maxBatch, retryOn, noRetry } = options;
        if (typeof handler !== "function") throw new TypeError(`task ${JSON.stringify(type)}: a function is needed`);
        if (this.entries.has(type)) throw new TypeError(`type ${JSON.stringify(type)} has a handler already`);
        if (maxBatch !== undefined && !(Number.isInteger(maxBatch) && maxBatch >= 1)) {
            throw new RangeError("maxBatch: a whole number from 1");
        }
        const verdicts = { retryOn: retryOn && [retryOn].flat(), noRetry: noRetry && [noRetry].flat() };
        this.entries.set(type, { handler, maxBatch, verdicts });
    }

    /** The handler of a type, undefined when there is none. */
    find(type) {
        if (this.entries.has(type)) return this.entries.get(type);
        const prefixes = [...this.entries.keys()].filter((key) => key.endsWith("*") && type.startsWith(key.slice(0, -1)));
        return this.entries.get(prefixes.reduce((longest, key) => (key.length > longest.length ? key : longest), ""));
    }

    /** What is run together, as jobs of an entry and its tasks: tasks of one batch handler, in their order, up to its
     * maxBatch; others alone. */
    split(tasks) {
        const jobs = [];
        const filling = new Map(); // entry -> job
        for (const task of tasks) {
            const entry = this.find(task.type);
            const together = filling.get(entry);
            if (entry?.maxBatch && together && together.tasks.length < entry.maxBatch) {
                together.tasks.push(task);
                continue;
            }
            jobs.push({ entry, tasks: [task] });
            filling.set(entry, jobs.at(-1));
        }
        return jobs;
    }

    /** The largest of all handlers. */
    get maxBatch() {
        return Math.max(1, ...this.#maxBatches());
    }

    /** The smallest: so many tasks are one job, whatever their types. */
    get minBatch() {
        return Math.min(...this.#maxBatches());
    }

    #maxBatches() {
        return [...this.entries.values()].map((entry) => entry.maxBatch ?? 1);
    }
}
