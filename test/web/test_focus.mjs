// SPDX-License-Identifier: Apache-2.0
//
// What a person has the focus on, has selected, scrolled or opened stays so while the page is kept up to date.
import assert from "node:assert/strict";
import { test } from "node:test";
import { front, json } from "./front.mjs";
import { row, serve, shows, tab, until } from "./rig.mjs";

const focused = (page) => page.evaluate(() => document.activeElement.getAttribute("href") || document.activeElement.getAttribute("aria-label") || document.activeElement.textContent);
const lists = (via, path) => via.asked.filter(({ url }) => url.startsWith(path)).length;

/** So many answers more of what the page reads again have been shown: another question comes after the one before was. */
async function readAgain(via, path, times = 2) {
    const seen = lists(via, path);
    await until(() => lists(via, path) > seen + times, `${path} read again`);
}

test("the focus stays on the tile, and on the link of the pager, that it was on", async (t) => {
    const bide = await serve(t);
    await bide.post("/v1/queues/other/pause");
    await bide.post("/v1/tasks:batch", Array.from({ length: 160 }, (_, i) => ({ type: "other", subject: `n${i}` })));
    const via = await front(t, bide, { "GET /v1/events": json({ status: 404, code: "not_found", detail: "nothing" }, 404) });
    const page = await tab(t, via.url);
    const third = page.locator(".tile").nth(2);
    const name = await third.getAttribute("href");
    await third.focus();
    await readAgain(via, "/v1/stats");
    assert.equal(await focused(page), name);
    await bide.submit("other");
    await page.getByRole("link", { name: /^161 pending$/ }).waitFor();
    assert.equal(await focused(page), name);

    await page.getByRole("link", { name: "Tasks", exact: true }).click();
    await page.getByRole("link", { name: "Older" }).click();
    await row(page, "n110").waitFor();
    await page.getByRole("link", { name: "Newest" }).waitFor();
    await page.getByRole("link", { name: "Older" }).focus();
    await readAgain(via, "/v1/tasks?");
    await page.keyboard.press("Enter");
    await row(page, "n60").waitFor();
});

test("what a page shows of a task stays as it is looked at while the task goes on", async (t) => {
    const bide = await serve(t);
    const at = (percent, gate) => [["say", { op: "progress", percent, message: "told" }], ["until", bide.gate(gate)]];
    const id = await bide.act([...at(20, "a"), ...at(40, "b"), ...at(60, "c")]);
    await bide.seen(id, "running");
    const page = await tab(t, bide.url, `/tasks/${id}`);
    await page.getByText("20 % · told").waitFor();
    await page.getByLabel("Input", { exact: true }).evaluate((node) => {
        window.input = node;
        node.focus();
        getSelection().selectAllChildren(node);
    });
    for (const [gate, text] of [["a", "40 % · told"], ["b", "60 % · told"], ["c", "completed"]]) {
        bide.openGate(gate);
        await shows(page.locator("main"), text);
    }
    await page.getByRole("listitem").getByText("done").waitFor();
    assert.deepEqual(await page.evaluate(() => [window.input.isConnected, document.activeElement === window.input, getSelection().toString().includes("until")]), [true, true, true]);
});

test("the problem of a worker stays open while it is started again and again", async (t) => {
    const bide = await serve(t);
    const worker = (n, problem) => ({ id: "sick-1", pool: "sick", state: problem ? "backoff" : "starting", state_since: `2026-11-23T12:00:0${n}.000Z`, problem, retry_at: null,
        current: [], holds: {}, rss_bytes: 0, tasks: 0, max_tasks: 0, loads: 0, restarts: n, pid: null, host: null, loaded: false, ready_ms: 0 });
    let now = worker(1, "it is broken once");
    const via = await front(t, bide, { "GET /v1/workers": json(() => ({ items: [now], resources: [] })) });
    const page = await tab(t, via.url, "/workers");
    await page.getByText("Problem").click();
    await page.getByText("it is broken once").waitFor();
    now = worker(2, null);
    await shows(row(page, "sick-1"), "starting");
    now = worker(3, "it is broken again");
    await page.getByText("it is broken again").waitFor();
    await page.getByText("Problem").click();
    now = worker(4, "it is broken for good");
    await page.getByText("it is broken for good").waitFor({ state: "attached" });
    assert.equal(await page.getByText("it is broken for good").isVisible(), false);
});

test("the focus stays in its row when the one above it goes", async (t) => {
    const bide = await serve(t);
    await bide.post("/v1/queues/other/pause");
    const [low, high] = [await bide.submit("other", { subject: "below" }), await bide.submit("other", { subject: "above" })];
    const page = await tab(t, bide.url, "/tasks?status=pending");
    await page.getByRole("checkbox", { name: `Pick other ${low}` }).focus();
    await bide.post(`/v1/tasks/${high}/cancel`);
    await row(page, "above").waitFor({ state: "detached" });
    assert.equal(await focused(page), `Pick other ${low}`);
});
