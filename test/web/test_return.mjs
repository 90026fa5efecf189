// SPDX-License-Identifier: Apache-2.0
//
// Pages that are asked for while nobody answers, or of a server that is another one by now.
import assert from "node:assert/strict";
import { test } from "node:test";
import { front, json } from "./front.mjs";
import { row, serve, shows, tab } from "./rig.mjs";

test("a page that is opened while the server is away is there when it is back", async (t) => {
    const bide = await serve(t);
    const id = await bide.submit("echo", { input: { name: "x" }, subject: "a book" });
    await bide.seen(id, "completed");
    const via = await front(t, bide);
    const page = await tab(t, via.url, "/queues", { expect: [/ERR_/] });
    const search = page.getByRole("searchbox");
    for (const known of [false, true]) { // first the module is missing, then only the task
        await page.goto(`${via.url}/#/queues`);
        await shows(row(page, "default"), "open");
        via.stop();
        await page.evaluate((at) => (location.hash = at), `#/tasks/${id}`);
        await page.getByRole("heading", { name: "This cannot be shown" }).waitFor();
        await shows(page.locator("main"), "The server does not answer");
        await search.fill(`typed ${known}`);
        via.go();
        await page.getByRole("heading", { name: "echo: a book" }).waitFor();
        await shows(page.getByLabel("Result", { exact: true }), "hello x");
        assert.equal(await search.inputValue(), `typed ${known}`);
        assert.equal(await page.evaluate(() => document.activeElement.id), "search");
        await page.getByRole("alert").first().waitFor({ state: "hidden" });
    }
});

test("a page whose module another server has not says that it is to be loaded again", async (t) => {
    const bide = await serve(t);
    const build = /ui\/(\w+)\/app\.js/.exec(await (await fetch(`${bide.url}/`)).text())[1];
    const gone = json({ status: 404, code: "not_found", detail: "nothing" }, 404);
    const via = await front(t, bide, { [`GET /ui/${build}/pages/workers.js`]: gone });
    const page = await tab(t, via.url, "/queues", { expect: [/workers\.js/] });
    await page.getByRole("link", { name: "Workers" }).click();
    await shows(page.locator("main"), "The dashboard has been updated meanwhile: load the page again");
    await page.getByRole("link", { name: "Queues" }).click();
    await shows(row(page, "default"), "open");
});
