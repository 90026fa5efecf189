// SPDX-License-Identifier: Apache-2.0
//
// How the page keeps up: with a stream, without one, when the server goes and comes, when very much happens, unseen.
import assert from "node:assert/strict";
import { test } from "node:test";
import { front, stream } from "./front.mjs";
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
    const before = lists(via.asked), begun = performance.now();
    let told = 0;
    while (performance.now() - begun < 3000) {
        for (let i = 0; i < 500; i++) {
            news.say("task.progress", { ...task, progress: { percent: told++ % 100, message: `n${told}`, data: {} } });
            news.say("task.created", { ...task, id: `01a1ffe8-96cd-754e-be93-${String(told).padStart(12, "0")}` });
        }
        await new Promise((resolve) => setImmediate(resolve));
    }
    const seconds = (performance.now() - begun) / 1000;
    await shows(row(page, "a book"), /n\d/);
    const moves = await page.evaluate(() => window.moves.length);
    assert.ok(told > 1000, `${told} were told`);
    assert.ok(moves <= 4 * seconds + seconds + 4, `${moves} moves in ${seconds} s`); // those of the reads are beside
    assert.ok(lists(via.asked) - before <= seconds + 2, `${lists(via.asked) - before} lists in ${seconds} s`);
    assert.ok((await page.getByRole("row").count()) <= 51);
    bide.openGate("a");
});

test("without a stream it is asked again, and never by a page that nobody sees", async (t) => {
    const bide = await serve(t);
    const via = await front(t, bide);
    const page = await tab(t, via.url, "/tasks");
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
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 1200))); // sleep: what was under way has come
    const before = via.asked.length;
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 4500))); // sleep: two polls would be seen
    assert.equal(via.asked.length, before);
    await bide.submit("echo", { input: { name: "y" }, subject: "while away" });
    await hide(false);
    await row(page, "while away").waitFor();
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
