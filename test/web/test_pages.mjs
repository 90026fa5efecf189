// SPDX-License-Identifier: Apache-2.0
//
// What each page shows of a real server, and what can be done from it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { row, serve, shows, tab, until } from "./rig.mjs";

const yes = (page, name) => page.getByRole("dialog").getByRole("button", { name }).click();

test("the overview says what waits, runs and failed, and which workers there are", async (t) => {
    const bide = await serve(t);
    const failed = await bide.submit("fail");
    await bide.seen(failed, "failed");
    const running = await bide.act([["say", { op: "progress", percent: 40, message: "page 4" }], ["until", bide.gate("a")]], { subject: "a book" });
    await bide.post("/v1/queues/other/pause");
    await bide.submit("other");
    await until(async () => (await bide.task(running)).progress?.percent === 40, "its progress");
    const page = await tab(t, bide.url);
    await shows(page.getByRole("link", { name: /^1 pending$/ }), "pending");
    await shows(page.getByRole("link", { name: /^1 failed$/ }), "failed");
    await shows(page.getByRole("link", { name: /oldest waits, in other/ }), "other");
    await shows(page.getByRole("link", { name: /^1 queues paused/ }), "paused");
    await shows(row(page, "a book"), "40 % · page 4");
    await shows(row(page, failed.slice(-8)), "worker_error: sorry");
    await shows(row(page, "actor-1"), "actor, loaded");
    assert.match(await row(page, "actor-1").innerText(), /\d MiB/);
    assert.match(await page.getByRole("img", { name: /wait and run/ }).locator("desc").textContent(), /pending 1, at most 1/);
    await page.getByRole("link", { name: /^1 failed$/ }).click();
    await shows(row(page, failed.slice(-8)), "fail");
    bide.openGate("a");
});

test("the overview says in which order it has what failed", async (t) => {
    const bide = await serve(t);
    const slow = await bide.act([["until", bide.gate("a")], ["fail", { code: "evil", message: "sorry", retry: false }]]);
    const quick = await bide.submit("fail");
    await bide.seen(quick, "failed");
    bide.openGate("a");
    await bide.seen(slow, "failed");
    const page = await tab(t, bide.url);
    await page.getByRole("heading", { name: "Failed, the last created first" }).waitFor();
    const rows = page.getByRole("table", { name: "Tasks that failed, the last created first" }).getByRole("row");
    await shows(rows.nth(1), quick.slice(-8));
    await shows(rows.nth(2), slow.slice(-8));
});

test("tasks are filtered by status, type and queue, and found by subject, tag and id", async (t) => {
    const bide = await serve(t);
    const ids = [];
    for (const [name, project] of [["one", "7"], ["two", "7"], ["three", "8"]]) {
        ids.push(await bide.submit("echo", { input: { name }, subject: `chapter ${name}`, tags: { project } }));
    }
    const failed = await bide.submit("fail", { subject: "chapter four" });
    for (const id of ids) await bide.seen(id, "completed");
    await bide.seen(failed, "failed");
    const page = await tab(t, bide.url, "/tasks");
    const rows = page.getByRole("table").getByRole("row");
    const there = (n) => until(async () => (await rows.count()) === n + 1, `${n} rows`);
    await there(4);
    await page.getByLabel("Status").selectOption("failed");
    await there(1);
    await shows(row(page, "chapter four"), "worker_error: sorry");
    await page.getByRole("link", { name: "Show all" }).click();
    await there(4);
    await page.getByLabel("Type", { exact: true }).fill("echo");
    await page.getByRole("button", { name: "Filter" }).click();
    await there(3);
    await page.getByLabel("Queue").selectOption("other");
    await page.getByText("No task fits").waitFor();
    const search = page.getByRole("searchbox");
    await search.fill("project:7");
    await search.press("Enter");
    await there(2);
    await search.fill("chapter three");
    await search.press("Enter");
    await there(1);
    await row(page, "chapter three").getByRole("link", { name: "project:8" }).click();
    await there(1);
    await search.fill(ids[0]);
    await search.press("Enter");
    await page.getByRole("heading", { name: "echo: chapter one" }).waitFor();
});

test("a page of tasks has 50, and the way to older ones", async (t) => {
    const bide = await serve(t);
    await bide.post("/v1/queues/other/pause");
    const items = Array.from({ length: 120 }, (_, i) => ({ type: "other", subject: `n${i}` }));
    await bide.post("/v1/tasks:batch", items);
    const page = await tab(t, bide.url, "/tasks");
    const rows = page.getByRole("table").getByRole("row");
    assert.equal(await rows.count(), 51);
    await page.getByRole("link", { name: "Older" }).click();
    await row(page, "n69").waitFor();
    assert.equal(await rows.count(), 51);
    await page.getByRole("link", { name: "Older" }).click();
    await row(page, "n0").first().waitFor();
    await until(async () => (await rows.count()) === 21, "the last 20");
    await page.getByRole("link", { name: "Newest" }).click();
    await row(page, "n119").waitFor();
});

test("all that fit are cancelled after a question, and what was not meant is left", async (t) => {
    const bide = await serve(t);
    await bide.post("/v1/queues/other/pause");
    for (let i = 0; i < 3; i++) await bide.submit("other", { tags: { project: "7" } });
    const left = await bide.submit("other", { tags: { project: "8" } });
    const page = await tab(t, bide.url, "/tasks?q=project%3A7");
    const cancel = page.getByRole("button", { name: "Cancel all that fit" });
    await cancel.click();
    await shows(page.getByRole("dialog"), "tag project:7");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.equal((await bide.get("/v1/tasks?status=cancelled")).items.length, 0);
    await cancel.click();
    await yes(page, "Cancel them");
    await page.getByText("3 tasks cancelled").waitFor();
    await until(async () => (await page.getByRole("cell", { name: "cancelled", exact: true }).count()) === 3, "three cancelled");
    assert.equal((await bide.task(left)).status, "pending");
});

test("tasks that are picked are retried", async (t) => {
    const bide = await serve(t);
    const ids = [];
    for (let i = 0; i < 3; i++) ids.push(await bide.submit("fail"));
    for (const id of ids) await bide.seen(id, "failed");
    const page = await tab(t, bide.url, "/tasks");
    for (const id of ids.slice(0, 2)) await page.getByRole("checkbox", { name: `Pick fail ${id}` }).check();
    await page.getByRole("button", { name: "Retry 2 picked" }).click();
    await yes(page, "Retry them");
    await page.getByText("2 tasks begun anew").waitFor();
    const runs = await Promise.all(ids.map(async (id) => (await bide.task(id)).run));
    assert.deepEqual(runs, [2, 2, 1]);
    await until(async () => (await page.getByRole("checkbox", { checked: true }).count()) === 0, "none that is picked");
});

test("one task is followed from its wait to its files", async (t) => {
    const bide = await serve(t);
    await bide.post("/v1/queues/default/pause");
    const id = await bide.act([
        ["print", "loading"], ["say", { op: "progress", percent: 50, message: "half" }], ["say", { op: "output", n: 0, data: "Once upon" }],
        ["until", bide.gate("a")], ["say", { op: "output", n: 1, data: " a time" }], ["file", "a b.txt", "hello"],
        ["say", { op: "done", result: { n: 12345678901234567890n.toString() }, files: ["a b.txt"] }],
    ], { subject: "chapter 7", tags: { project: "7" } });
    const page = await tab(t, bide.url, `/tasks/${id}`);
    await page.getByText("Why it waits: queue paused").waitFor();
    await bide.post("/v1/queues/default/resume");
    await page.getByText("50 % · half").waitFor();
    await shows(page.getByLabel("Output", { exact: true }), "Once upon");
    bide.openGate("a");
    await shows(page.locator("main"), "completed");
    await page.getByText("Once upon a time").waitFor();
    await shows(page.getByLabel("Log", { exact: true }), "loading");
    await shows(page.getByLabel("Result", { exact: true }), "12345678901234567890");
    await shows(page.getByRole("listitem").filter({ hasText: "Attempt 1" }), "done");
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "a b.txt" }).click()]);
    assert.equal(download.suggestedFilename(), "a b.txt");
});

test("numbers that JavaScript cannot hold, or writes otherwise, are shown as they are", async (t) => {
    const bide = await serve(t);
    const numbers = ["12345678901234567890", "0.12345678901234567891", "5e-05", "1.0"];
    const answer = await fetch(`${bide.url}/v1/tasks`, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: `{"type":"echo","input":{"name":[${numbers}]}}`,
    });
    const page = await tab(t, bide.url, `/tasks/${(await answer.json()).id}`);
    for (const number of numbers) await shows(page.getByLabel("Input", { exact: true }), new RegExp(`^ *${number},?$`, "m"));
});

test("a percentage that C writes as JavaScript does not is a number all the same", async (t) => {
    const bide = await serve(t);
    const id = await bide.act([["say", { op: "progress", percent: 0.00005, message: "hardly", data: { n: 0.00007 } }], ["until", bide.gate("a")]], { subject: "a book" });
    await until(async () => (await bide.task(id)).progress, "its progress");
    assert.match(await (await fetch(`${bide.url}/v1/tasks/${id}`)).text(), /5e-0?5/);
    const page = await tab(t, bide.url, "/tasks");
    await shows(row(page, "a book"), "0 % · hardly");
    for (const path of ["/", `/tasks/${id}`]) {
        await page.goto(`${bide.url}/#${path}`);
        await page.getByText("0 % · hardly").waitFor();
    }
    bide.openGate("a");
});

test("a moment says all of itself when it is pointed at", async (t) => {
    const bide = await serve(t);
    const id = await bide.submit("echo", { input: { name: "x" } });
    const { created_at: at } = await bide.task(id);
    const page = await tab(t, bide.url, "/tasks", { timezoneId: "Asia/Tokyo" });
    const there = new Date(Date.parse(at) + 9 * 3600000).toISOString().replace("T", " ").replace(".", ",").replace("Z", "");
    assert.equal(await row(page, id.slice(-8)).locator("time").first().getAttribute("title"), `${there} GMT+9`);
});

test("a task is retried, and one that runs is cancelled after a question", async (t) => {
    const bide = await serve(t);
    const failed = await bide.submit("fail");
    await bide.seen(failed, "failed");
    const page = await tab(t, bide.url, `/tasks/${failed}`);
    await page.getByText("worker error: sorry").waitFor();
    await page.getByRole("button", { name: "Retry" }).click();
    await page.getByRole("heading", { name: /^Run 2/ }).waitFor();
    const running = await bide.act([["until", bide.gate("never")]]);
    await bide.seen(running, "running");
    await page.goto(`${bide.url}/#/tasks/${running}`);
    await page.getByRole("button", { name: "Cancel" }).click();
    await yes(page, "Cancel it");
    await page.locator(".heading").getByText("cancelled", { exact: true }).waitFor();
    await bide.seen(running, "cancelled");
});

test("a queue is paused, drained, resumed, limited and purged", async (t) => {
    const bide = await serve(t);
    const page = await tab(t, bide.url, "/queues", { expect: [/queues\/other .*\b400\b/] });
    const other = row(page, "other");
    await page.getByRole("button", { name: "Pause other" }).click();
    await shows(other, "paused");
    assert.equal((await bide.get("/v1/queues/other")).paused, true);
    await page.getByRole("button", { name: "Resume other" }).click();
    await shows(other, "open");
    await page.getByRole("button", { name: "Drain other" }).click();
    await shows(other, "draining");
    await page.getByRole("button", { name: "Resume other" }).click();
    await page.getByRole("button", { name: "Pause other" }).click();
    await page.getByRole("button", { name: "Limits of other" }).click();
    await page.getByLabel("Tasks that may wait").fill("77");
    await page.getByLabel("Tasks that start", { exact: true }).fill("10/s burst 20");
    await yes(page, "Set limits");
    await shows(other, "runs 1, holds 77, starts 10/s burst 20");
    const queue = await bide.get("/v1/queues/other");
    assert.deepEqual([queue.concurrency, queue.capacity, queue.rate, queue.key_concurrency], [1, 77, "10/s burst 20", null]);
    await page.getByRole("button", { name: "Limits of other" }).click();
    await page.getByLabel("Tasks that run at one time", { exact: true }).fill("many");
    await yes(page, "Set limits");
    await shows(page.getByRole("status"), "concurrency");
    await bide.submit("other");
    const purge = page.getByRole("button", { name: "Purge other" });
    await purge.waitFor();
    await bide.submit("other");
    await other.getByRole("link", { name: "2", exact: true }).waitFor();
    await purge.click();
    await shows(page.getByRole("dialog"), "all that waits in other, 2 of it at the moment");
    await yes(page, "Cancel them");
    await page.getByText("2 cancelled in other").waitFor();
});

test("a worker is recycled and stopped", async (t) => {
    const bide = await serve(t);
    await bide.seen(await bide.act([]), "completed");
    const pid = async () => (await bide.get("/v1/workers")).items.find((w) => w.id === "actor-1")?.pid;
    const page = await tab(t, bide.url, "/workers");
    const first = await pid();
    await page.getByRole("button", { name: "Recycle actor-1" }).click();
    await until(async () => ![null, undefined, first].includes(await pid()), "another process");
    const second = await pid();
    await page.getByRole("button", { name: "Stop actor-1" }).click();
    await shows(page.getByRole("dialog"), "goes back to the queue");
    await yes(page, "Stop it");
    await until(async () => (await pid()) !== second, "the end of the process");
});

test("an address that leads nowhere says so", async (t) => {
    const bide = await serve(t);
    const page = await tab(t, bide.url, "/tasks/01a1ffe8-96cd-754e-be93-691a58a8ee38", { expect: [/\b40[04]\b/] });
    await page.getByText("there is no task with this id").waitFor();
    await page.goto(`${bide.url}/#/nothing`);
    await page.getByText("There is no such page").waitFor();
    await page.goto(`${bide.url}/#/tasks/%E0%A4%A`);
    await until(async () => !(await page.getByText("There is no such page").count()), "another page");
    await page.getByRole("heading", { name: "This cannot be shown" }).waitFor();
    await page.goto(`${bide.url}/#/tasks?cursor=nonsense`);
    await shows(page.getByRole("alert"), "cursor");
    await page.goto(`${bide.url}/#/nothing`);
    await page.getByText("There is no such page").waitFor();
    await page.getByRole("link", { name: "Overview" }).click();
    await page.getByRole("heading", { name: "Overview" }).waitFor();
});
