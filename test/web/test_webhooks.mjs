// SPDX-License-Identifier: Apache-2.0
//
// What bide sends, received by somebody else's implementation of Standard Webhooks.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { test } from "node:test";
import { CONFIG, atEnd, row, serve, shows, tab, until } from "./rig.mjs";

const { Webhook } = createRequire(process.env.PLAYWRIGHT)("standardwebhooks");
const secret = (letter) => "whsec_" + Buffer.from(letter.repeat(32)).toString("base64");

/** A receiver that keeps what it is sent and answers `says.status`, 204 unless that is set. */
async function receiver(t) {
    const seen = [], says = { status: 204 };
    const server = createServer((request, answer) => {
        let body = "";
        request.setEncoding("utf8").on("data", (piece) => (body += piece)).on("end", () => {
            seen.push({ headers: request.headers, body });
            answer.writeHead(says.status).end();
        });
    });
    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    atEnd(t, () => server.close());
    return { seen, says, url: `http://127.0.0.1:${server.address().port}/hook` };
}

test("the package standardwebhooks takes it, with either of two live secrets, and nothing that was changed", async (t) => {
    const webhooks = { secrets: [secret("a"), secret("b")], allow_private: ["127.0.0.1"] };
    const bide = await serve(t, { ...CONFIG, webhooks });
    const { seen, url } = await receiver(t);
    const id = await bide.act([["done", { text: "hällo ✓" }]], { webhook: { url } });
    await until(() => seen.length === 1, "the webhook");
    const [{ headers, body }] = seen;
    for (const letter of ["a", "b"]) {
        const told = new Webhook(secret(letter)).verify(body, headers);
        assert.equal(told.type, "task.completed");
        assert.equal(told.data.id, id);
        assert.deepEqual(told.data.result, { text: "hällo ✓" });
    }
    assert.throws(() => new Webhook(secret("c")).verify(body, headers));
    assert.throws(() => new Webhook(secret("a")).verify(body.replace("completed", "cancelled"), headers));
    assert.throws(() => new Webhook(secret("a")).verify(body, { ...headers, "webhook-id": "msg_other" }));
    assert.throws(() => new Webhook(secret("a")).verify(body, { ...headers, "webhook-timestamp": String(headers["webhook-timestamp"] - 400) }));
});

test("the tries of a delivery are shown when its row is opened, by mouse or keyboard, and as they become more", async (t) => {
    const bide = await serve(t, { ...CONFIG, webhooks: { allow_private: ["127.0.0.1"] } });
    const { seen, says, url } = await receiver(t);
    says.status = 410;
    const id = await bide.submit("echo", { input: { name: "x" }, webhook: { url } });
    await bide.seen(id, "completed");
    await until(() => seen.length === 1, "the first try");
    await until(async () => (await bide.get("/v1/deliveries")).items[0]?.status === "disabled", "its end");
    const page = await tab(t, bide.url, "/deliveries");
    const knob = page.getByRole("button", { name: `Tries of ${url}: 1` }), tries = page.getByRole("table", { name: `Tries of ${url}` });
    assert.equal(await tries.count(), 0);
    await knob.click();
    await tries.getByRole("columnheader", { name: "Took" }).waitFor();
    await shows(tries.getByRole("row").nth(1), "410");
    await shows(tries.getByRole("row").nth(1), "failed");
    assert.equal(await knob.getAttribute("aria-expanded"), "true");
    await knob.click();
    await tries.waitFor({ state: "detached" });
    await page.keyboard.press("Enter");
    await shows(tries.getByRole("row").nth(1), "410");
    says.status = 204;
    await page.getByRole("button", { name: `Send again to ${url}` }).click();
    await shows(tries.getByRole("row").nth(1), "1 of run 2");
    await shows(tries.getByRole("row").nth(1), "done");
    assert.equal(await tries.getByRole("row").count(), 3);
    await shows(row(page, "Send again").first(), "delivered");
    assert.equal(await page.getByRole("button", { name: /^Tries of/ }).getAttribute("aria-expanded"), "true");
    await page.setViewportSize({ width: 390, height: 844 });
    assert.equal(await tries.getByRole("row").nth(1).isVisible(), true);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 390);
});
