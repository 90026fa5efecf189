// SPDX-License-Identifier: Apache-2.0
//
// Who cannot see it, cannot use a mouse, wants it dark, or holds a phone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { failing } from "./contrast.mjs";
import { atEnd, row, serve, shows, tab, until } from "./rig.mjs";

/** A server with something of everything; the addresses of its pages. */
async function scene(t) {
    const bide = await serve(t);
    const failed = await bide.submit("fail", { subject: "a very long subject ".repeat(10), tags: { project: "7", longest: "x".repeat(100) } });
    const running = await bide.act([["say", { op: "progress", percent: 40, message: "a message ".repeat(12) }], ["print", "y".repeat(500)], ["until", bide.gate("a")]]);
    const later = await bide.submit("echo", { input: { name: "x" }, delay_ms: 3600000 });
    await bide.post("/v1/queues/other/pause");
    const waits = await bide.submit("other", { subject: "waits" });
    const gone = await bide.submit("other");
    await bide.post(`/v1/tasks/${gone}/cancel`);
    await bide.seen(failed, "failed");
    await bide.seen(running, "running");
    await until(async () => (await bide.task(running)).progress, "its progress");
    atEnd(t, () => bide.openGate("a"));
    return { bide, waits, pages: ["/", "/tasks", "/queues", "/workers", ...[failed, running, later, waits].map((id) => `/tasks/${id}`)] };
}

async function goto(page, bide, path) {
    await page.goto(`${bide.url}/#${path}`);
    await page.locator("main h1").first().waitFor();
    await until(() => page.evaluate((at) => location.hash === `#${at}` && !document.querySelector("main").textContent.includes("Loading"), path), path);
}

test("all of it has names for those who hear it", async (t) => {
    const { bide, pages, waits } = await scene(t);
    const page = await tab(t, bide.url, "/queues");
    const whole = await page.locator("body").ariaSnapshot();
    for (const part of ["banner:", "- main:", 'navigation "Pages":', 'search:', 'link "Skip to the content"', 'heading "Queues" [level=1]', 'table "Queues":', 'columnheader "State"', 'button "Pause default"', 'button "Resume other"']) {
        assert.ok(whole.includes(part), `${part} is not in\n${whole}`);
    }
    assert.equal(await page.getByRole("link", { name: "Queues", exact: true }).getAttribute("aria-current"), "page");
    for (const path of pages) {
        await goto(page, bide, path);
        const nameless = await page.evaluate(() => [...document.querySelectorAll("button, a, input, select, progress, meter, [role=img], summary")]
            .filter((node) => node.checkVisibility() && !(node.getAttribute("aria-label") || node.labels?.length || node.textContent.trim() || node.getAttribute("aria-labelledby")))
            .map((node) => node.outerHTML.slice(0, 200)));
        assert.deepEqual(nameless, [], path);
        assert.equal(await page.locator("main h1").count(), 1, path);
    }
    await goto(page, bide, `/tasks/${waits}`);
    const said = page.locator("#news");
    await bide.post(`/v1/tasks/${waits}/cancel`);
    await shows(page.locator(".heading"), "cancelled");
    assert.equal(await said.getAttribute("aria-live"), "polite");
    await shows(said, "cancelled");
});

test("everything is done with the keyboard alone", async (t) => {
    const { bide, waits } = await scene(t);
    const page = await tab(t, bide.url);
    const key = (name) => page.keyboard.press(name);
    const at = () => page.evaluate(() => document.activeElement.getAttribute("aria-label") || document.activeElement.textContent.trim() || document.activeElement.id);
    const reach = async (name) => {
        for (let i = 0; i < 60; i++) {
            if ((await at()) === name) return;
            await key("Tab");
        }
        assert.fail(`Tab does not reach ${name}`);
    };
    await key("Tab");
    assert.equal(await at(), "Skip to the content");
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.equal(outline, "solid");
    await key("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.id), "main");
    await key("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.closest("main .page") !== null && location.hash), "#/");
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await reach("Queues");
    await key("Enter");
    await page.getByRole("heading", { name: "Queues" }).waitFor();
    await until(async () => (await page.evaluate(() => document.activeElement.id)) === "main", "the focus on the page");
    await reach("Pause default");
    await key("Enter");
    await shows(row(page, "default"), "paused");
    await until(async () => (await at()) === "Resume default", "the focus on what came in its place");
    await key("Space");
    await shows(row(page, "default"), "open");
    await reach("Purge other");
    await key("Enter");
    await page.getByRole("dialog").waitFor();
    assert.equal(await at(), "Back"); // what undoes nothing comes first
    await key("Enter");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.equal(await at(), "Purge other");
    await key("/");
    assert.equal(await at(), "search");
    await page.keyboard.type("waits");
    await key("Enter");
    await row(page, "waits").waitFor();
    await until(async () => (await page.evaluate(() => document.activeElement.id)) === "main", "the focus on the page");
    await reach(`…${waits.slice(-8)}`);
    await key("Enter");
    await page.getByRole("heading", { name: "other: waits" }).waitFor();
});

for (const scheme of ["light", "dark"]) {
    test(`every text can be read when it is ${scheme}`, async (t) => {
        const { bide, pages } = await scene(t);
        const page = await tab(t, bide.url, "/", { colorScheme: scheme });
        let checked = 0;
        for (const path of pages) {
            await goto(page, bide, path);
            const { texts, poor } = await page.evaluate(failing, 4.5);
            assert.deepEqual(poor, [], `${path} when it is ${scheme}`);
            checked += texts;
        }
        assert.ok(checked > 200, `${checked} texts were looked at`);
        await goto(page, bide, "/queues");
        await page.getByRole("button", { name: "Limits of other" }).click();
        assert.deepEqual((await page.evaluate(failing, 4.5)).poor, []);
        const badges = await page.evaluate(() => {
            const words = ["blocked", "scheduled", "retrying", "pending", "running", "completed", "failed", "cancelled", "expired", "off", "backoff", "lost", "idle"];
            const box = document.createElement("p");
            for (const word of words) {
                const node = document.createElement("span");
                node.className = `badge is-${word}`;
                node.textContent = word;
                box.append(node);
            }
            document.querySelector("dialog").append(box);
            return words.length;
        });
        const { texts, poor } = await page.evaluate(failing, 4.5);
        assert.deepEqual(poor, []);
        assert.ok(texts >= badges);
    });
}

test("poor contrast would be seen", async (t) => {
    const bide = await serve(t);
    const page = await tab(t, bide.url, "/queues");
    await page.evaluate(() => (document.querySelector("h1").style.color = "rgb(150, 155, 160)"));
    const { poor } = await page.evaluate(failing, 4.5);
    assert.equal(poor.length, 1);
    assert.match(poor[0], /Queues/);
});

test("the colours are those of the system, and others when the person wants that", async (t) => {
    const bide = await serve(t);
    const page = await tab(t, bide.url, "/queues", { colorScheme: "dark" });
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await ground();
    await page.emulateMedia({ colorScheme: "light" });
    const light = await ground();
    assert.notEqual(dark, light);
    const choose = page.getByRole("button", { name: /^Colours/ });
    await choose.click();
    await choose.click();
    await shows(choose, "dark");
    assert.equal(await ground(), dark);
    await page.reload();
    await page.getByRole("heading", { name: "Queues" }).waitFor();
    assert.equal(await ground(), dark);
    await choose.click();
    await shows(choose, "system");
    assert.equal(await ground(), light);
});

test("a phone shows all pages without moving them sideways", async (t) => {
    const { bide, pages } = await scene(t);
    const page = await tab(t, bide.url, "/", { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
    for (const path of pages) {
        await goto(page, bide, path);
        const wide = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        assert.ok(wide[0] <= 390 && wide[1] <= 390, `${path} is ${wide} wide`);
    }
    await goto(page, bide, "/queues");
    const cards = await page.getByRole("row").nth(1).evaluate((node) => getComputedStyle(node).display);
    assert.equal(cards, "grid");
    await page.getByRole("button", { name: "Pause default" }).tap();
    await shows(row(page, "default"), "paused");
});
