// SPDX-License-Identifier: Apache-2.0
//
// What is done to several tasks at once: which ones that are, what is offered for them, what is said of it afterwards.
import assert from "node:assert/strict";
import { test } from "node:test";
import { row, serve, shows, tab, until } from "./rig.mjs";

const yes = (page, name) => page.getByRole("dialog").getByRole("button", { name }).click();
const pick = (page, id) => page.getByRole("checkbox", { name: new RegExp(`^Pick .*${id}`) });

test("what is offered for a picked task is what it needs by now", async (t) => {
    const bide = await serve(t);
    const failing = (gate) => bide.act([["until", bide.gate(gate)], ["fail", { code: "evil", message: "sorry", retry: false }]], { subject: gate });
    const [first, second] = [await failing("a"), await failing("b")];
    for (const id of [first, second]) await bide.seen(id, "running");
    const page = await tab(t, bide.url, "/tasks");
    await shows(row(page, first.slice(-8)), "running");
    bide.openGate("a");
    await shows(row(page, first.slice(-8)), "evil: sorry");
    await pick(page, first).check();
    await page.getByRole("button", { name: "Retry 1 picked" }).waitFor();
    assert.equal(await page.getByRole("button", { name: /^Cancel / }).count(), 0);
    await pick(page, first).uncheck();
    await pick(page, second).check();
    await page.getByRole("button", { name: "Cancel 1 picked" }).waitFor();
    bide.openGate("b");
    await page.getByRole("button", { name: "Retry 1 picked" }).waitFor();
    await page.getByRole("button", { name: /^Cancel / }).waitFor({ state: "hidden" });
});

test("of picked tasks that are cancelled only those count that were", async (t) => {
    const bide = await serve(t);
    const done = [await bide.submit("echo", { input: { name: "x" } }), await bide.submit("echo", { input: { name: "y" } })];
    const gone = await bide.submit("echo", { delay_ms: 3600000 });
    await bide.post(`/v1/tasks/${gone}/cancel`);
    for (const id of done) await bide.seen(id, "completed");
    const runs = await bide.act([["until", bide.gate("never")]]);
    await bide.seen(runs, "running");
    const page = await tab(t, bide.url, "/tasks");
    for (const id of [...done, gone, runs]) await pick(page, id).check();
    await page.getByRole("button", { name: "Cancel 4 picked" }).click();
    await yes(page, "Cancel them");
    await page.getByText("1 task cancelled, 3 left as they are").waitFor();
    await bide.seen(runs, "cancelled");
    await until(async () => (await page.getByRole("checkbox", { checked: true }).count()) === 0, "none that is picked");
});

test("more is never cancelled than was searched for", async (t) => {
    const bide = await serve(t);
    const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    const id = await bide.submit("echo", { delay_ms: 3600000, tags: Object.fromEntries(names.map((name) => [name, "1"])) });
    const all = names.map((name) => `${name}:1`);
    const page = await tab(t, bide.url, "/tasks");
    const search = async (...words) => {
        await page.getByRole("searchbox").fill(words.join(" "));
        await page.getByRole("searchbox").press("Enter");
    };
    const every = page.getByRole("button", { name: /that fit$/ });
    await search(...all, "a:1");
    await row(page, id.slice(-8)).waitFor();
    await every.first().waitFor();
    await search(...all, "i:1");
    await shows(page.getByRole("alert"), "These are 9 tags; at most 8 can be looked for at once");
    assert.equal(await row(page, id.slice(-8)).count(), 0);
    assert.equal(await every.count(), 0);
    await search("a:1", "a:2");
    await page.getByText("No task fits").waitFor();
    await page.getByRole("alert").waitFor({ state: "hidden" });
    assert.equal(await every.count(), 0);
    await search("a:1", "b:1");
    await row(page, id.slice(-8)).waitFor();
    await page.getByRole("button", { name: "Cancel all that fit" }).click();
    await shows(page.getByRole("dialog"), "tag a:1 and tag b:1");
});
