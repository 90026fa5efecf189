// SPDX-License-Identifier: Apache-2.0
//
// What bide sends, received by somebody else's implementation of Standard Webhooks.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { test } from "node:test";
import { CONFIG, atEnd, serve, until } from "./rig.mjs";

const { Webhook } = createRequire(process.env.PLAYWRIGHT)("standardwebhooks");
const secret = (letter) => "whsec_" + Buffer.from(letter.repeat(32)).toString("base64");

/** A receiver that keeps what it is sent and answers 204. */
async function receiver(t) {
    const seen = [];
    const server = createServer((request, answer) => {
        let body = "";
        request.setEncoding("utf8").on("data", (piece) => (body += piece)).on("end", () => {
            seen.push({ headers: request.headers, body });
            answer.writeHead(204).end();
        });
    });
    await new Promise((done) => server.listen(0, "127.0.0.1", done));
    atEnd(t, () => server.close());
    return { seen, url: `http://127.0.0.1:${server.address().port}/hook` };
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
