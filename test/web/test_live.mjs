// SPDX-License-Identifier: Apache-2.0
//
// How the page keeps up: with a stream, without one, when the server goes and comes, when very much happens, unseen.
import assert from "node:assert/strict";
import { test } from "node:test";
import { front, json, stream } from "./front.mjs";
import { row, serve, shows, tab, until } from "./rig.mjs";

const lists = (asked) => asked.filter(({ url }) => url.startsWith("/v1/tasks?")).length;

test("what happens is shown as the stream tells it", async (t) => {
    const bide = await serve(t);
    const news = stream();
    const via = await front(t, bide, { "GET /v1/events": news.answer });
    const id = await bide.act([["until", bide.gate("a")]], { subject: "a book" });
    await bide.seen(id, "running");
    const page = await tab(t, via.url, "/tasks");
    await shows(page.locator("#state"), "live");
    await until(() => news.open.size === 1, "one stream");
    const task = { ...(await bide.task(id)), progress: { percent: 66, message: "as told", data: {} } };
    news.say("task.progress", task);
    await shows(row(page, "a book"), "66 % · as told");
    bide.openGate("a");
    await bide.seen(id, "completed");
    news.say("task.completed", await bide.task(id));
    await shows(row(page, "a book"), "completed");
    const other = await bide.submit("echo", { input: { name: "x" }, subject: "another" });
    await bide.seen(other, "completed");
    news.say("task.created", await bide.task(other));
    await shows(row(page, "another"), "completed");
    await page.getByRole("link", { name: "Queues" }).click();
    await page.getByRole("heading", { name: "Queues" }).waitFor();
    assert.equal(news.open.size, 1);
});

test("one task is followed by its own stream, and all of them after its end", async (t) => {
    const bide = await serve(t);
    const news = stream(), all = stream();
    const id = await bide.act([["say", { op: "output", n: 0, data: "one" }], ["until", bide.gate("a")], ["say", { op: "output", n: 1, data: " two" }]]);
    await bide.seen(id, "running");
    const via = await front(t, bide, { "GET /v1/events": all.answer, [`GET /v1/tasks/${id}/events`]: news.answer });
    const page = await tab(t, via.url, `/tasks/${id}`);
    await until(() => news.open.size === 1 && all.open.size === 0, "the stream of the task alone");
    await shows(page.getByLabel("Output", { exact: true }), "one");
    bide.openGate("a");
    await bide.seen(id, "completed");
    news.say("task.completed", await bide.task(id));
    await shows(page.getByLabel("Output", { exact: true }), "one two");
    news.say("end", {});
    await until(() => news.open.size === 0 && all.open.size === 1, "the stream of all");
});

test("a flood of events moves the page at most four times a second, and the server is asked once in a second", async (t) => {
    const bide = await serve(t);
    const news = stream();
    const via = await front(t, bide, { "GET /v1/events": news.answer });
    const id = await bide.act([["until", bide.gate("a")]], { subject: "a book" });
    const task = { ...(await bide.seen(id, "running")), ...(await bide.task(id)) };
    const page = await tab(t, via.url, "/tasks");
    await until(() => news.open.size === 1, "the stream");
    await shows(page.locator("#state"), "live");
    await page.evaluate(() => {
        window.moves = [];
        new MutationObserver(() => window.moves.push(performance.now())).observe(document.querySelector("tbody"), { subtree: true, childList: true, characterData: true, attributes: true });
    });
    const progress = (message) => news.say("task.progress", { ...task, progress: { percent: 50, message, data: {} } });
    let told = 0;
    for (const begun = performance.now(); performance.now() - begun < 3000 && told < 20000; ) {
        for (let i = 0; i < 50; i++) {
            progress(`n${told++}`);
            news.say("task.created", { ...task, id: `01a1ffe8-96cd-754e-be93-${String(told).padStart(12, "0")}` });
        }
        await news.taken();
    }
    await until(async () => { // a list that is read meanwhile knows nothing of it
        progress("the last");
        return (await row(page, "a book").innerText()).includes("the last");
    }, "what was told last");
    const moves = await page.evaluate(() => window.moves);
    assert.ok(told > 1000, `${told} were told`);
    assert.ok(moves.length > 1, `${moves.length} moves`);
    for (const at of moves) { // one a second are those of reads
        const near = moves.filter((other) => other >= at && other < at + 1000).length;
        assert.ok(near <= 4 + 2, `${near} moves in a second`);
    }
    const reads = await page.evaluate(() => performance.getEntriesByType("resource").filter(({ name }) => name.includes("/v1/tasks?")).map(({ startTime }) => startTime));
    const gaps = reads.slice(2).map((at, i) => at - reads[i + 1]); // the first two: the page itself, and what the stream begins with
    assert.ok(gaps.length > 0 && Math.min(...gaps) > 900, `${gaps} ms between two lists`);
    assert.ok((await page.getByRole("row").count()) <= 51);
    bide.openGate("a");
});

test("without a stream it is asked again, and never by a page that nobody sees", async (t) => {
    const bide = await serve(t);
    const via = await front(t, bide, { "GET /v1/events": json({ status: 404, code: "not_found", detail: "nothing" }, 404) });
    const page = await tab(t, via.url, "/tasks", { prepare: (before) => before.clock.install() });
    const pass = async (ms) => { // so much of the page's time; what it asked in it has come
        await page.clock.runFor(ms);
        await page.evaluate(() => fetch("/livez"));
    };
    await shows(page.locator("#state"), "every 2 s");
    const id = await bide.submit("echo", { input: { name: "x" }, subject: "new" });
    await row(page, "new").waitFor();
    await bide.seen(id, "completed");
    await shows(row(page, "new"), "completed");
    const hide = (hidden) => page.evaluate((is) => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => is });
        document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
    await hide(true);
    await pass(5000); // what was under way is over
    const before = via.asked.length;
    for (let i = 0; i < 3; i++) await pass(20000);
    assert.deepEqual(via.asked.slice(before).map(({ url }) => url), ["/livez", "/livez", "/livez"]);
    await bide.submit("echo", { input: { name: "y" }, subject: "while away" });
    await hide(false);
    await row(page, "while away").waitFor();
    const seen = lists(via.asked);
    await until(async () => {
        await pass(3000);
        return lists(via.asked) > seen + 1;
    }, "it being asked again and again");
});

test("a server that goes is said to be gone, and what it did is shown when it is back", async (t) => {
    const bide = await serve(t);
    const news = stream();
    const via = await front(t, bide, { "GET /v1/events": news.answer });
    const page = await tab(t, via.url, "/tasks", { expect: [/ERR_/] });
    await shows(page.locator("#state"), "live");
    via.stop();
    await shows(page.getByRole("alert"), "The server does not answer");
    await shows(page.locator("#state"), "not connected");
    await bide.submit("echo", { input: { name: "x" }, subject: "meanwhile" });
    via.go();
    await row(page, "meanwhile").waitFor();
    await page.getByRole("alert").first().waitFor({ state: "hidden" });
    await shows(page.locator("#state"), "live");
});

test("a task that is begun anew is followed by its own stream again", async (t) => {
    const bide = await serve(t);
    const news = stream(), all = stream();
    const id = await bide.submit("fail");
    await bide.seen(id, "failed");
    const via = await front(t, bide, { "GET /v1/events": all.answer, [`GET /v1/tasks/${id}/events`]: news.answer });
    const page = await tab(t, via.url, `/tasks/${id}`);
    await until(() => news.open.size === 1, "the stream of the task");
    news.say("end", {});
    await until(() => news.open.size === 0 && all.open.size === 1, "the stream of all");
    await bide.post("/v1/queues/default/pause");
    await page.getByRole("button", { name: "Retry" }).click();
    await page.getByText("Why it waits: queue paused").waitFor();
    await until(() => news.open.size === 1 && all.open.size === 0, "the stream of the task again");
});
