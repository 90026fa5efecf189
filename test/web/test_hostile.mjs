// SPDX-License-Identifier: Apache-2.0
//
// What tasks say is shown as text and never run; what the server refuses is said; a token is asked for and not kept long.
// And how little has to come before there is something to see.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { front, json } from "./front.mjs";
import { row, serve, shows, tab, until } from "./rig.mjs";

const EVIL = `"><img src=x onerror="window.evil=1"><script>window.evil=1</script>`;

test("markup in a subject, tag, message, error, log, output, result and file name is text", async (t) => {
    const bide = await serve(t);
    const fields = { subject: EVIL, tags: { evil: EVIL } };
    const id = await bide.act([
        ["print", EVIL], ["say", { op: "progress", percent: 5, message: EVIL, data: { evil: EVIL } }], ["say", { op: "output", n: 0, data: EVIL }],
        ["until", bide.gate("a")], ["file", "<img src=x>.txt", "x"], ["say", { op: "done", result: { evil: EVIL }, files: ["<img src=x>.txt"] }],
    ], fields);
    const failed = await bide.act([["fail", { code: "evil", message: EVIL, detail: `${EVIL}\n${EVIL}`, type: EVIL, retry: false }]], fields);
    await bide.seen(failed, "failed");
    await until(async () => (await bide.task(id)).progress, "its progress");
    const page = await tab(t, bide.url, "/tasks");
    await shows(row(page, id.slice(-8)), EVIL);
    for (const path of ["/", `/tasks/${id}`, `/tasks/${failed}`]) {
        await page.goto(`${bide.url}/#${path}`);
        await shows(page.locator("main"), EVIL);
    }
    bide.openGate("a");
    await page.goto(`${bide.url}/#/tasks/${id}`);
    await page.getByRole("link", { name: "<img src=x>.txt" }).waitFor();
    for (const name of ["Log", "Output", "Result", "Input"]) assert.ok((await page.getByLabel(name, { exact: true }).innerText()).includes("onerror"), name);
    assert.equal(await page.locator("main img, main script").count(), 0);
    assert.equal(await page.evaluate(() => window.evil), undefined);
});

test("the policy of the page stops what would be run if it came in all the same", async (t) => {
    const bide = await serve(t);
    const page = await tab(t, bide.url, "/", { expect: [/Content Security Policy|violates/i] });
    await page.evaluate(() => {
        window.stopped = [];
        document.addEventListener("securitypolicyviolation", (event) => window.stopped.push(event.effectiveDirective));
        document.body.insertAdjacentHTML("beforeend", `<img src="data:," onerror="window.evil=1"><p style="color:red" id="styled">x</p>`);
        const script = document.createElement("script");
        script.textContent = "window.evil = 1";
        document.body.append(script);
    });
    await until(() => page.evaluate(() => window.stopped.length >= 3), "three that were stopped");
    const stopped = await page.evaluate(() => window.stopped.sort());
    assert.deepEqual([...new Set(stopped)], ["script-src-attr", "script-src-elem", "style-src-attr"]);
    assert.equal(await page.evaluate(() => window.evil), undefined);
});

test("a refusal is shown in the server's words, and a token asked for where it wants one", async (t) => {
    const bide = await serve(t);
    const key = readFileSync(join(bide.dir, "run.key"), "utf8").trim();
    const run = await fetch(`${bide.url}/v1/tasks`, {
        method: "POST", headers: { "Content-Type": "application/json", Authorization: `Bearer ${key}` },
        body: JSON.stringify({ type: "command", input: { argv: ["false"] } }),
    });
    const { id } = await run.json();
    await bide.seen(id, "failed");
    const page = await tab(t, bide.url, `/tasks/${id}`, { expect: [/\b403\b/] });
    await page.getByRole("button", { name: "Retry" }).click();
    await page.getByRole("heading", { name: "The server asks for a token" }).waitFor();
    await page.getByRole("textbox", { name: "Token" }).fill("wrong");
    await page.getByRole("button", { name: "Go on" }).click();
    await shows(page.getByRole("status"), "run key");
    assert.equal((await bide.task(id)).run, 1);
    await page.getByRole("button", { name: "Retry" }).click();
    await page.getByRole("textbox", { name: "Token" }).fill(key);
    await page.keyboard.press("Enter");
    await page.getByText("Run 2 of the task has begun").waitFor();
    assert.equal(await page.evaluate(() => sessionStorage.getItem("bide-token")), key);
    assert.equal(await page.evaluate(() => Object.keys(localStorage).length), 0);
});

test("a server that wants a token for everything is asked with it from then on", async (t) => {
    const bide = await serve(t);
    const guarded = (request, response) => {
        if (request.headers.authorization === "Bearer secret") return json({ items: [], next_cursor: null })(request, response);
        return json({ status: 401, code: "unauthorized", title: "x", detail: "a token is needed" }, 401)(request, response);
    };
    const via = await front(t, bide, { "GET /v1/queues": guarded });
    const page = await tab(t, via.url, "/workers", { expect: [/\b401\b/] });
    await page.getByRole("link", { name: "Queues" }).click();
    await shows(page.getByRole("dialog"), "a token is needed");
    await page.getByRole("textbox", { name: "Token" }).fill("secret");
    await page.keyboard.press("Enter");
    await page.getByText("There is no queue").waitFor();
    await page.reload();
    await page.getByText("There is no queue").waitFor();
});

test("what has to come before the first page is seen is far below 100 KB, and later pages bring their own part", async (t) => {
    const bide = await serve(t);
    const bytes = { wire: 0, plain: 0 }, paths = [];
    const names = () => paths.map((path) => path.split("/").at(-1));
    const page = await tab(t, bide.url, "/", {
        prepare: (before) => before.on("response", (response) => {
            const path = new URL(response.url()).pathname;
            if (path !== "/" && !path.startsWith("/ui/")) return;
            paths.push(path);
            bytes.wire += Number(response.headers()["content-length"]);
        }),
    });
    assert.ok(names().includes("overview.js"));
    for (const path of paths) bytes.plain += (await (await fetch(bide.url + path)).arrayBuffer()).byteLength;
    t.diagnostic(`first paint: ${bytes.wire} bytes in ${paths.length} answers, unpacked ${bytes.plain}`);
    assert.ok(bytes.wire > 10 * 1000 && bytes.wire < 40 * 1000, `${bytes.wire}`);
    assert.ok(bytes.plain > bytes.wire && bytes.plain < 100 * 1000, `${bytes.plain}`);
    assert.ok(!names().includes("tasks.js"), "a page that was not asked for has come");
    await page.getByRole("link", { name: "Tasks" }).first().click();
    await page.getByRole("heading", { name: "Tasks" }).waitFor();
    await until(() => names().includes("tasks.js"), "its part");
});
