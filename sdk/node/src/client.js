// SPDX-License-Identifier: Apache-2.0
//
// The client of bide's HTTP API. Its methods are told of in client.d.ts; here is how a call becomes an answer:
//
//     call ──▶ connection ──▶ answer ──▶ value, or a problem
//                 ▲                         │
//                 └── after a pause, if the server asked for one or it may be sent twice ◀──┘
import { setImmediate as turn, setTimeout as rest } from "node:timers/promises";

import { address, token } from "./address.js";
import { isRepeatable, payload, valueOf } from "./call.js";
import * as calls from "./calls.js";
import { Connections, fileBody } from "./connection.js";
import * as following from "./follow.js";
import { Away, Draining, IdempotencyKeyInUse, QueueFull, StoreUnavailable, TryAgain, WaitTimeout } from "./problems.js";
import { exchange } from "./stream.js";

export const { ENDINGS } = calls;

const AGENT = "bide-node/0.1";
const MARGIN_MS = 10_000; // what an answer may take beyond the time the server was asked to wait
const POLL_MS = 30_000; // one long poll; the server answers at most after 60 s
const BREATH_MS = 100; // between answers that come at once
const PATIENCE_MS = 30_000; // how long a wait outlasts a server that is away, once it has answered
const PAUSE_MS = 100; // before the first repetition; doubled for each further one
const LONGEST_PAUSE_MS = 5_000; // a server that wants more than this is not asked again: the caller is told

/** `(client, call, signal)`: sent once. For the puller, which has its own mind about what is sent again. */
export let ask;

export class Client {
    #connections;
    #token;
    #timeoutMs;
    #retries;

    static {
        ask = (client, call, signal) => client.#once(call, signal);
    }

    constructor(url, options = {}) {
        const { timeoutMs = 30_000, retries = 2 } = options;
        if (!(timeoutMs > 0)) throw new RangeError("timeoutMs: a number of milliseconds above 0");
        if (!(Number.isInteger(retries) && retries >= 0)) throw new RangeError("retries: a whole number from 0");
        this.#connections = new Connections(address(url));
        this.#token = token(options.token);
        this.#timeoutMs = timeoutMs;
        this.#retries = retries;
    }

    get url() {
        return this.#connections.address.url;
    }

    // tasks

    submit(type, input, { signal, ...options } = {}) {
        return this.#do(() => calls.submit(type, input, options), signal);
    }

    submitMany(tasks, options = {}) {
        return this.#do(() => calls.submitMany(tasks, options));
    }

    submitLines(tasks, options = {}) {
        const call = calls.submitLines(options);
        return exchange(this.#connections, call, this.#headers(call), tasks, this.#timeoutMs);
    }

    get(id) {
        return this.#do(() => calls.get(id));
    }

    latest(subject, options = {}) {
        return this.#do(() => calls.latest(subject, options));
    }

    /** Long polls, one after another. A server that answered once may be away for a while (it restarts, it drains): that
     * is waited out; a breath is taken between answers that come at once. */
    async wait(id, { timeoutMs = Infinity, signal } = {}) {
        const until = performance.now() + timeoutMs;
        let answered = false;
        let awaySince = Infinity;
        for (;;) {
            const asked = performance.now();
            try {
                const task = await this.#once(calls.get(id, Math.max(0, Math.min(POLL_MS, until - asked))), signal);
                [answered, awaySince] = [true, Infinity];
                if (ENDINGS.has(task.status)) return task;
                if (performance.now() >= until) throw new WaitTimeout(task, timeoutMs);
            } catch (error) {
                answered ||= error.arrived === true; // it was there, and broke off
                awaySince = Math.min(awaySince, asked);
                const now = performance.now();
                if (!isPassing(error) || !answered || now >= until || now - awaySince >= PATIENCE_MS) throw error;
            }
            const left = Math.min(asked + BREATH_MS, until) - performance.now();
            if (left > 0) await pause(left, signal);
        }
    }

    list(filters = {}) {
        return this.#pages("/v1/tasks", { limit: 50, ...filters });
    }

    page(filters = {}) {
        return this.#do(() => calls.tasksPage({ limit: 50, ...filters }));
    }

    result(id) {
        return this.#do(() => calls.result(id));
    }

    log(id, which = {}) {
        return this.#do(() => calls.log(id, which));
    }

    output(id, which = {}) {
        return this.#do(() => calls.output(id, which));
    }

    events(filters = {}) {
        return this.#listen(following.ofAll(filters));
    }

    follow(id, options = {}) {
        return this.#listen(following.ofTask(id, options));
    }

    followOutput(id, options = {}) {
        return following.texts(this.#listen(following.ofText(id, "output", options)));
    }

    followLog(id, options = {}) {
        return following.texts(this.#listen(following.ofText(id, "log", options)));
    }

    attempts(id) {
        return this.#do(() => calls.attempts(id));
    }

    cancel(id) {
        return this.#do(() => calls.verb(id, "cancel"));
    }

    retry(id) {
        return this.#do(() => calls.verb(id, "retry"));
    }

    cancelAll(filters = {}) {
        return this.#do(() => calls.cancelAll(filters));
    }

    retryAll(filters = {}) {
        return this.#do(() => calls.retryAll(filters));
    }

    update(id, changes) {
        return this.#do(() => calls.update(id, changes));
    }

    delete(id) {
        return this.#do(() => calls.remove(id));
    }

    complete(id, result) {
        return this.#do(() => calls.complete(id, result));
    }

    fail(id, code, message, more = {}) {
        return this.#do(() => calls.fail(id, code, message, more));
    }

    // notifications

    notifications(filters = {}) {
        return this.#pages(calls.NOTIFICATIONS, { limit: 50, ...filters });
    }

    unreadNotifications(options = {}) {
        return this.#do(() => calls.unreadNotifications(options));
    }

    readNotification(id) {
        return this.#do(() => calls.readNotification(id));
    }

    readAllNotifications(options = {}) {
        return this.#do(() => calls.readAllNotifications(options));
    }

    // queues

    queues() {
        return this.#pages("/v1/queues", {});
    }

    queue(name) {
        return this.#do(() => calls.queue(name));
    }

    pause(queue) {
        return this.#do(() => calls.queueVerb(queue, "pause"));
    }

    resume(queue) {
        return this.#do(() => calls.queueVerb(queue, "resume"));
    }

    drain(queue) {
        return this.#do(() => calls.queueVerb(queue, "drain"));
    }

    purge(queue) {
        return this.#do(() => calls.queueVerb(queue, "purge"));
    }

    updateQueue(name, changes) {
        return this.#do(() => calls.updateQueue(name, changes));
    }

    // workers, the server

    workers() {
        return this.#pages("/v1/workers", {});
    }

    recycleWorker(id) {
        return this.#do(() => calls.workerVerb(id, "recycle"));
    }

    stopWorker(id) {
        return this.#do(() => calls.workerVerb(id, "stop"));
    }

    stats() {
        return this.#do(() => calls.stats());
    }

    close() {
        this.#connections.close();
    }

    // how

    #headers({ headers, body }) {
        return {
            Accept: "application/json, */*;q=0.5",
            "User-Agent": AGENT,
            ...(this.#token ? { Authorization: `Bearer ${this.#token}` } : {}),
            ...(body === undefined ? {} : { "Content-Type": "application/json" }),
            ...headers,
        };
    }

    #listen(what) {
        return following.listen(this.#connections, this.#headers({}), what);
    }

    async #once(call, signal) {
        const timeoutMs = call.waitMs ? Math.max(this.#timeoutMs, call.waitMs + MARGIN_MS) : this.#timeoutMs;
        const { method, target } = call;
        if (!isRepeatable(call)) await turns(); // so that it is not given to a connection that the server has closed
        const body = call.file === undefined ? payload(call) : await fileBody(call.file);
        return valueOf(call, await this.#connections.request(method, target, this.#headers(call), body, timeoutMs, signal));
    }

    /** The call is made in here, so that what is wrong with its arguments is a rejection like any other. */
    async #do(make, signal) {
        const call = make();
        for (let again = 0; ; again++) {
            try {
                return await this.#once(call, signal);
            } catch (error) {
                const ms = again < this.#retries ? pauseBefore(call, error, again) : null;
                if (ms === null) throw error;
                await pause(ms, signal);
            }
        }
    }

    async *#pages(base, filters) {
        let cursor;
        do {
            const asked = cursor;
            const page = await this.#do(() => calls.page(base, { ...filters, cursor: asked }));
            yield* page.items;
            cursor = page.next_cursor;
        } while (cursor);
    }
}

/** Whether the server may be well again in a moment. */
function isPassing(error) {
    return [Away, Draining, StoreUnavailable, TryAgain].some((kind) => error instanceof kind);
}

/** How long to rest before the call is sent again; null: it is not. */
function pauseBefore(call, error, again) {
    const wasRefused = !(error instanceof Away) && (isPassing(error) || error instanceof QueueFull); // nothing was done
    const wasLost = error instanceof Away && !error.late && (isRepeatable(call) || error.arrived === false);
    const isAnswered = again > 0 && error instanceof IdempotencyKeyInUse; // our own first one
    if (!wasRefused && !wasLost && !isAnswered) return null;
    const ms = error.retryAfterMs ?? PAUSE_MS * 2 ** again * (0.5 + Math.random());
    return ms <= LONGEST_PAUSE_MS ? ms : null;
}

/** Lets the event loop look at all connections once. */
async function turns() {
    await turn();
    await turn();
}

/** Throws `signal`'s reason when it aborts. */
async function pause(ms, signal) {
    try {
        await rest(ms, undefined, { signal });
    } catch (error) {
        throw signal?.aborted ? signal.reason : error;
    }
}
