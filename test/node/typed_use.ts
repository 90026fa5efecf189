// SPDX-License-Identifier: Apache-2.0
//
// What programs do with the package, for the type checker alone: this is never run. A line under @ts-expect-error has to
// be wrong, or the check fails.
import { Away, Cancelled, Client, ENDINGS, Fail, Problem, QueueFull, Retry, Task, WaitTimeout, Worker } from "bide";
import type { BatchItem, Outcome, SubmitFields, TaskRecord } from "bide";

export async function client(): Promise<void> {
    const bide = new Client("http://127.0.0.1:8080", { token: "t", timeoutMs: 1000, retries: 3 });
    const fields: SubmitFields = { priority: 5, run_at: new Date(), tags: { a: "b" }, retry: { backoff: "fixed", base_ms: 1 } };
    const task: TaskRecord = await bide.submit("count", { text: "one" }, { ...fields, waitMs: 5000, idempotencyKey: null });
    const lists: SubmitFields = { on_success: [{ type: "publish", on_failure: [{ type: "tell", input: 1 }] }], on_failure: [] };
    await bide.submit("draw", {}, lists);
    console.log((await bide.latest("cat", { type: "draw" })).steps?.map((step) => [step.name, step.status, step.files.length]));
    const ended = await bide.wait(task.id, { timeoutMs: 1000, signal: new AbortController().signal });
    const over: boolean = ENDINGS.has(ended.status);
    for await (const one of bide.list({ status: "failed", tag: ["a:b"] })) console.log(one.error?.message, over);
    const items: BatchItem[] = await bide.submitMany([{ type: "count" }]);
    for await (const item of bide.submitLines([{ type: "count" }], { idempotencyKey: "k" })) items.push(item);
    const log: string = await bide.log(task.id, { attempt: 1 });
    const { changed } = await bide.cancelAll({ everything: true });
    for await (const { id, read_at, status } of bide.notifications({ unread_only: true, task: task.id })) console.log(status, read_at, (await bide.readNotification(id)).read);
    const left: number = (await bide.unreadNotifications()) - (await bide.readAllNotifications({ subject: `of ${log}` }));
    await bide.update(task.id, { tags: { a: null }, run_at: null });
    try {
        await bide.delete(task.id);
    } catch (error) {
        if (error instanceof QueueFull || error instanceof Away) console.log(error.retryAfterMs, error.errors[0]?.pointer);
        if (error instanceof Problem) console.log(error.code, error.requestId, Problem.code);
        if (error instanceof WaitTimeout) console.log(error.task.status, log, changed, left);
    }
    bide.close();
    // @ts-expect-error a log is text
    const wrong: number = await bide.log(task.id);
    // @ts-expect-error a type is needed
    await bide.submitMany([{ input: wrong }]);
    // @ts-expect-error what follows is a list of submits
    await bide.submit("draw", {}, { on_success: ["publish"] });
    for await (const { name, data, id } of bide.follow("t1", { lastId: "1" })) console.log(name, data.status, id);
    for await (const event of bide.events({ type: "t", kind: ["completed"], silenceMs: 60_000 })) console.log(event.name);
    for await (const text of bide.followOutput("t1", { start: 3 })) console.log(text.length);
    // @ts-expect-error an option that there is not
    new Client(null, { timeout: 3 });
}

export async function worker(): Promise<void> {
    const it = new Worker({ concurrency: 2 }).load(async () => {});
    it.before((task) => task.check()).after((task: Task, outcome: Outcome) => console.log(task.id, outcome.status, outcome.ms));
    it.task<{ text: string }>("count", async (task) => {
        const text: string = task.input.text;
        task.progress(50, text, { n: 1 });
        await fetch("http://127.0.0.1/", { signal: task.signal });
        task.next("other", {}, { priority: 1 });
        task.next("other");
        task.save({ at: 1 });
        if (task.cancelled) throw new Cancelled(task.cancelReason ?? "user");
        throw new Retry("later", { afterMs: 100, cause: new Error() });
    });
    it.task<number>("sum", { maxBatch: 8, noRetry: [RangeError], retryOn: Fail }, (tasks) => tasks.map((task) => task.input + 1));
    it.task("one", { noRetry: TypeError }, (task) => task.file("x"));
    // @ts-expect-error a level that there is not
    it.task("log", (task) => task.log("text", "loud"));
    // @ts-expect-error a code and a message are needed
    it.task("fail", () => new Fail("invalid_input"));
    // @ts-expect-error bide makes tasks
    new Task();
    await it.run();
    await it.run({ pull: "http://127.0.0.1:8080" });
    // @ts-expect-error a URL is needed
    await it.run({ pull: true });
}
