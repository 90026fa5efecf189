// SPDX-License-Identifier: Apache-2.0
//
// Client against the real server.
import assert from "node:assert/strict";
import test from "node:test";

import * as bide from "../../sdk/node/index.js";
import { QUICK, serve, until } from "./server.mjs";

const CONFIG = {
    defaults: QUICK,
    queues: { default: { concurrency: 8 }, held: { paused: true } },
    types: {
        cat: { exec: ["/bin/cat"] },
        fail: { exec: ["/bin/sh", "-c", "echo sorry >&2; exit 1"], max_attempts: 1 },
        later: { exec: ["/bin/cat"], queue: "held" },
    },
};

async function connect(t, ...listen) {
    const server = await serve(t, CONFIG, ...listen);
    const client = new bide.Client(server.url, { retries: 0 });
    t.after(() => client.close());
    return { server, client };
}

async function all(list) {
    const items = [];
    for await (const item of list) items.push(item);
    return items;
}

test("submit, wait, get, result, log and attempts", async (t) => {
    const { client } = await connect(t);
    const task = await client.submit("cat", { text: "héllo" }, { priority: 5, tags: { a: "b" }, subject: "sdk" });
    assert.deepEqual([task.priority, task.tags], [5, { a: "b" }]);
    const ended = await client.wait(task.id, { timeoutMs: 20_000 });
    assert.deepEqual([ended.status, ended.result], ["completed", { text: "héllo" }]);
    assert.ok(bide.ENDINGS.has(ended.status));
    assert.deepEqual((await client.get(task.id)).result, await client.result(task.id));
    assert.equal(await client.log(task.id, { run: 1, attempt: 1 }), "");
    assert.equal((await client.attempts(task.id)).length, 1);
    assert.equal((await client.latest("sdk")).id, task.id);
    assert.equal((await client.submit("cat", 7, { waitMs: 20_000 })).result, 7);
    assert.deepEqual((await client.submit("cat", undefined, { waitMs: 20_000 })).result, {});
    const failed = await client.submit("fail", null, { waitMs: 20_000 });
    assert.deepEqual([failed.status, failed.error.message], ["failed", "sorry"]);
    await assert.rejects(client.result(failed.id), (problem) => problem instanceof bide.Conflict && problem.body.error.code === "worker_error");
});

test("a task is shared", async (t) => {
    const { client, server } = await connect(t);
    const task = await client.submit("cat", { n: 1 }, { share: true, waitMs: 20_000 });
    const seen = await (await fetch(server.url + task.share_url)).json();
    assert.deepEqual([seen.id, seen.result, seen.input], [task.id, { n: 1 }, undefined]);
    assert.equal((await client.submit("cat")).share_url, undefined);
});

test("notifications are listed, counted and read", async (t) => {
    const { client } = await connect(t);
    const notify = { title: "{task.subject} is {task.status}", data: { n: "task.input" } };
    for (let n = 0; n < 3; n++) await client.submit("cat", n, { subject: `book ${n % 2}`, notify });
    await until(async () => (await client.unreadNotifications()) === 3, "three of them");
    const newest = await all(client.notifications({ limit: 2 }));
    assert.deepEqual([newest.length, newest.every((one) => one.title === `${one.subject} is completed` && !one.read)], [3, true]);
    const [one, ...none] = await all(client.notifications({ subject: "book 1", unread_only: true }));
    assert.deepEqual([none, one.data, (await all(client.notifications({ task: one.task_id })))[0].id], [[], { n: 1 }, one.id]);
    assert.equal(await client.unreadNotifications({ subject: "book 1" }), 1);
    const read = await client.readNotification(one.id);
    assert.deepEqual([read.read, read.id, (await client.readNotification(one.id)).read_at], [true, one.id, read.read_at]);
    assert.deepEqual(await all(client.notifications({ subject: "book 1", unread_only: true })), []);
    assert.equal(await client.readAllNotifications({ subject: "book 1" }), 0);
    assert.equal(await client.unreadNotifications(), 2);
    assert.equal(await client.readAllNotifications(), 2);
    assert.equal((await all(client.notifications({ unread_only: false }))).length, 3);
    await assert.rejects(all(client.notifications({ unread: true })), bide.UnknownField);
    await assert.rejects(client.readNotification("01a1ffe8-96cd-754e-be93-691a58a8ee38"), bide.NotFound);
});

test("what is to follow is submitted at the ending, and gets the task", async (t) => {
    const { client } = await connect(t);
    const lists = { on_success: [{ type: "cat" }], on_failure: [{ type: "cat", input: "sorry", subject: "told" }], subject: "first" };
    const { id } = await client.submit("cat", { n: 1 }, lists);
    await client.submit("fail", {}, lists);
    const latest = async (subject) => (await client.latest(subject, { type: "cat" }).catch(() => null)) ?? {};
    const told = await until(async () => ((await latest("told")).status === "completed" ? latest("told") : null), "what follows a failure");
    assert.equal(told.result, "sorry");
    const next = await until(async () => ((await latest("first")).result?.id === id ? latest("first") : null), "what follows a success");
    assert.deepEqual([next.result.status, next.result.result], ["completed", { n: 1 }]);
    await assert.rejects(client.latest("first", { type: "later" }), bide.NotFound);
    const run_at = new Date("2099-01-01T00:00:00Z");
    const later = await client.submit("later", {}, { run_at, on_failure: [{ type: "later", run_at, subject: "dated" }] });
    await client.cancel(later.id);
    await until(async () => (await client.latest("dated").catch(() => null))?.run_at === "2099-01-01T00:00:00.000Z", "its moment");
    const wrong = { on_success: [{ type: "cat", on_failure: [{ type: "cap" }] }] };
    await assert.rejects(client.submit("cat", {}, wrong), (problem) => problem.errors[0].pointer === "/on_success/0/on_failure/0/type");
    await assert.rejects(client.submit("cat", {}, { on_failure: [{ type: "cat", run_at: new Date("never") }] }), RangeError);
});

test("wait gives up at its time, or when it is aborted, and the task goes on", async (t) => {
    const { client } = await connect(t);
    const { id } = await client.submit("later", {}, { run_at: new Date(Date.now() + 3_600_000) });
    await assert.rejects(client.wait(id, { timeoutMs: 200 }), (error) => error instanceof bide.WaitTimeout && error.task.status === "scheduled");
    const abort = new AbortController();
    const waiting = client.wait(id, { signal: abort.signal });
    abort.abort(new Error("enough"));
    await assert.rejects(waiting, /^Error: enough$/);
    await assert.rejects(client.result(id), (problem) => problem instanceof bide.NotEnded && problem.retryAfterMs >= 1000);
    assert.equal((await client.cancel(id)).status, "cancelled");
    assert.equal((await client.retry(id)).run, 2);
});

test("many tasks are submitted as an array and as lines, those that are refused among them", async (t) => {
    const { client } = await connect(t);
    const items = await client.submitMany([{ type: "later", input: 1 }, { type: "latter" }, { type: "later", subject: "many" }]);
    assert.deepEqual(items.map((item) => [item.index, item.status]), [[0, 202], [1, 422], [2, 202]]);
    assert.deepEqual([items[1].error.code, (await client.latest("many")).id], ["unknown_type", items[2].id]);
    function* count(from, to) {
        for (let n = from; n < to; n++) yield { type: n % 100 === 7 ? "latter" : "later", input: n, subject: `line ${n}` };
    }
    const lines = await all(client.submitLines(count(0, 3000)));
    assert.deepEqual(lines.map((line) => line.index), Array.from({ length: 3000 }, (_, n) => n));
    assert.equal(lines.filter((line) => line.status === 422).length, 30);
    assert.equal((await client.latest("line 2999")).id, lines[2999].id);
});

test("lines are answered while more are still to come, and may be left in the middle", async (t) => {
    const { client } = await connect(t);
    const asked = [];
    async function* talk() {
        for (let n = 0; ; n++) {
            asked.push(n);
            if (n > 0) await heard[n - 1].promise; // the next one is not sent before the last one's answer is here
            yield { type: "later", input: n };
        }
    }
    const heard = Array.from({ length: 9 }, () => {
        const it = {};
        it.promise = new Promise((resolve) => (it.resolve = resolve));
        return it;
    });
    for await (const line of client.submitLines(talk())) {
        assert.equal(line.status, 202);
        heard[line.index].resolve();
        if (line.index === 4) break;
    }
    assert.ok(asked.length <= 7, `${asked}`);
    heard.forEach((it) => it.resolve());
});

test("an error of the tasks' own iterator, and a refusal of the whole, come out of the lines", async (t) => {
    const { client, server } = await connect(t);
    async function* broken() {
        yield { type: "later" };
        throw new RangeError("no more of them");
    }
    await assert.rejects(all(client.submitLines(broken())), /^RangeError: no more of them$/);
    await assert.rejects(all(client.submitLines([{ type: "later" }], { idempotencyKey: "x".repeat(300) })), bide.Problem);
    await server.kill9();
    await assert.rejects(all(client.submitLines([{ type: "later" }])), bide.Away);
    await server.start();
});

test("lists go through all pages", async (t) => {
    const { client } = await connect(t);
    const ids = [];
    for (let n = 0; n < 7; n++) ids.unshift((await client.submit("later", n, { subject: "pages", tags: { odd: `${n % 2}` } })).id);
    assert.deepEqual((await all(client.list({ subject: "pages", limit: 3 }))).map((task) => task.id), ids);
    assert.equal((await all(client.list({ tag: ["odd:1"], created_after: new Date(1000) }))).length, 3);
    const page = await client.page({ limit: 5 });
    assert.equal((await client.page({ limit: 5, cursor: page.next_cursor })).items.length, 2);
    await assert.rejects(all(client.list({ statuss: "failed" })), bide.UnknownField);
});

test("problems are errors by their code", async (t) => {
    const { client } = await connect(t);
    const later = await client.submit("later");
    for (const [kind, act] of [
        [bide.UnknownType, () => client.submit("catt")],
        [bide.UnknownQueue, () => client.submit("cat", {}, { queue: "nowhere" })],
        [bide.UnknownField, () => client.submit("cat", {}, { prioritee: 1 })],
        [bide.Invalid, () => client.submit("cat", {}, { priority: "high" })],
        [bide.NotFound, () => client.get("01a1ffe8-96cd-754e-be93-691a58a8ee38")],
        [bide.NotFound, () => client.queue("nowhere")],
        [bide.Conflict, () => client.retry(later.id)],
    ]) {
        await assert.rejects(act(), (problem) => {
            assert.ok(problem instanceof kind, `${problem}`);
            assert.ok(problem.status >= 400 && problem.requestId && problem.name === problem.constructor.name);
            return true;
        });
    }
    const problem = await client.submit("cat", {}, { prioritee: 1 }).catch((error) => error);
    assert.equal(problem.errors[0].pointer, "/prioritee");
});

test("one task is changed, settled and removed", async (t) => {
    const { client } = await connect(t);
    const { id } = await client.submit("later", {}, { delay_ms: 3_600_000, tags: { a: "1", b: "2" } });
    const changed = await client.update(id, { priority: 7, tags: { a: null, c: "3" } });
    assert.deepEqual([changed.priority, changed.tags], [7, { b: "2", c: "3" }]);
    await assert.rejects(client.delete(id), bide.Conflict);
    const { error } = await client.fail(id, "quota", "no more", { detail: "d", type: "QuotaError" });
    assert.deepEqual([error.code, error.message, error.detail, error.type], ["quota", "no more", "d", "QuotaError"]);
    await assert.rejects(client.complete(id, 1), bide.Conflict);
    assert.equal(await client.delete(id), undefined);
    await assert.rejects(client.get(id), bide.NotFound);
    const again = await client.submit("later");
    assert.deepEqual((await client.complete(again.id, { a: 1 })).result, { a: 1 });
    const third = await client.submit("later");
    assert.equal((await client.complete(third.id)).result, null);
});

test("many tasks are cancelled and run again", async (t) => {
    const { client } = await connect(t);
    for (let n = 0; n < 3; n++) await client.submit("later", n, { tags: { n: `${n}` } });
    assert.deepEqual(await client.cancelAll({ tags: { n: "1" } }), { matched: 1, changed: 1, skipped: 0, more: false });
    assert.equal((await client.cancelAll({ everything: true })).changed, 2);
    assert.equal((await client.retryAll({ status: "cancelled", created_after: new Date(1000) })).changed, 3);
    for (const act of [() => client.cancelAll({}), () => client.retryAll({ queue: null }), () => client.cancelAll()]) {
        await assert.rejects(act(), /^TypeError: no filter/);
    }
});

test("queues, workers and the server", async (t) => {
    const { client } = await connect(t);
    assert.deepEqual((await all(client.queues())).map((queue) => queue.name).sort(), ["default", "held"]);
    assert.equal((await client.pause("default")).paused, true);
    await client.submit("cat");
    assert.equal((await client.drain("default")).draining, true);
    await assert.rejects(client.submit("cat"), bide.Draining);
    assert.equal((await client.purge("default")).changed, 1);
    const queue = await client.resume("default");
    assert.deepEqual([queue.paused, queue.draining], [false, false]);
    assert.equal((await client.updateQueue("default", { concurrency: 9, capacity: 5 })).concurrency, 9);
    assert.equal((await client.updateQueue("default", { concurrency: null })).concurrency, 8);
    assert.equal((await client.queue("default")).capacity, 5);
    assert.deepEqual(await all(client.workers()), []);
    for (const act of [() => client.recycleWorker("nobody"), () => client.stopWorker("nobody")]) await assert.rejects(act(), bide.NotFound);
    assert.ok((await client.stats()).tasks);
});

test("a key makes one task, and each submit has one of its own", async (t) => {
    const { client } = await connect(t);
    const first = await client.submit("later", 1, { idempotencyKey: "mine" });
    assert.equal((await client.submit("later", 1, { idempotencyKey: "mine" })).id, first.id);
    await assert.rejects(client.submit("later", 2, { idempotencyKey: "mine" }), bide.IdempotencyKeyReused);
    const [one, other] = [await client.submit("later"), await client.submit("later")];
    assert.notEqual(one.id, other.id);
    const tasks = [{ type: "later", input: 3 }, { type: "later", input: 4 }];
    const items = await client.submitMany(tasks, { idempotencyKey: "many" });
    const again = await all(client.submitLines(tasks, { idempotencyKey: "many" }));
    assert.deepEqual(again.map((item) => [item.id, item.replayed]), items.map((item) => [item.id, true]));
});

test("a UNIX socket is an address too, and calls run side by side", async (t) => {
    const { server } = await connect(t, "unix:DIR/bide.sock");
    const client = new bide.Client(`unix:${server.dir}/bide.sock`);
    t.after(() => client.close());
    const results = await Promise.all(Array.from({ length: 20 }, (_, n) => client.submit("cat", n, { waitMs: 20_000 })));
    assert.deepEqual(results.map((task) => task.result), Array.from({ length: 20 }, (_, n) => n));
});

test("a wait outlasts a server that is killed and started again on its socket", async (t) => {
    const { server } = await connect(t, "unix:DIR/bide.sock");
    const client = new bide.Client(`unix:${server.dir}/bide.sock`);
    t.after(() => client.close());
    const { id } = await client.submit("later");
    const waiting = client.wait(id, { timeoutMs: 30_000 });
    await client.get(id);
    await server.kill9();
    await server.start();
    await client.complete(id, "after all");
    assert.equal((await waiting).result, "after all");
});
