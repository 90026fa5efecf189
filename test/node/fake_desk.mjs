// SPDX-License-Identifier: Apache-2.0
//
// The part of a server that pullers speak to, for tests: it gives what it was told to give, and keeps what was said.
import { answer, FakeServer } from "./fake_server.mjs";
import { until } from "./server.mjs";

const DEFAULTS = { run: 1, attempt: 1, timeout_ms: 60_000, lease_ms: 30_000, beat_ms: 20, input: null, input_bytes: 4, resume: null };

/** `claims`: bodies of those that came. `said`: what was said of attempts, as `{word, verb, body}`, in its order. */
export class FakeDesk {
    claims = [];
    said = [];
    #answers = new Map(); // by verb: what is answered in turn, before the usual
    #waiting = []; // long polls
    #tasks = [];

    static async start(t) {
        const it = new FakeDesk();
        it.server = await FakeServer.start(t, (request, response) => it.#hear(request, response));
        return it;
    }

    get url() {
        return this.server.url;
    }

    /** Answers a claim, the one that waits or the next, with these tasks. */
    give(...tasks) {
        this.#tasks.push(tasks.map((task) => ({ ...DEFAULTS, fence: "f1", ...task })));
        this.#turn();
    }

    /** What is answered the next times that this verb is said, one each. Verbs are `claim`, `beat`, `done`, `files`, ... */
    answers(verb, ...answers) {
        this.#answers.set(verb, answers);
    }

    /** How many long polls are open. */
    get waiting() {
        return this.#waiting.length;
    }

    /** What was said of an attempt with this verb, once there is so much of it. */
    async heard(verb, word = undefined, count = 1) {
        const found = () => this.said.filter((one) => one.verb === verb && (word === undefined || one.word === word));
        await until(() => found().length >= count, `${count} ${verb} of ${word ?? "any"}, and not only ${JSON.stringify(this.said)}`);
        return found().map((one) => one.body);
    }

    #hear(request, response) {
        const { method, target, headers, body } = this.server.requests.at(-1);
        const [, word, verb] = target.match(/^\/v1\/attempts(?:\/([^/]+)\/(.+)|:claim)$/) ?? [];
        const said = { word, verb, method, body: headers["content-type"] === "application/json" ? JSON.parse(body) : body };
        if (word === undefined) this.claims.push({ ...said.body, authorization: headers.authorization });
        else this.said.push(said);
        const next = this.#answers.get(word === undefined ? "claim" : verb.split("/")[0])?.shift();
        if (next) next(request, response);
        else if (word === undefined) this.#wait(response);
        else if (verb === "beat") answer({ lease_ms: 30_000, beat_ms: 20, cancel: null })(request, response);
        else answer()(request, response);
    }

    #wait(response) {
        this.#waiting.push(response);
        response.once("close", () => (this.#waiting = this.#waiting.filter((one) => one !== response)));
        this.#turn();
    }

    #turn() {
        while (this.#waiting.length > 0 && this.#tasks.length > 0) answer({ tasks: this.#tasks.shift() })(null, this.#waiting.shift());
    }
}
