// SPDX-License-Identifier: Apache-2.0
//
// Not a test: how long until pages show their rows when the store has very many tasks. By hand, some minutes:
//     N=1000000 test/web/run.sh test/web/many.mjs
import { test } from "node:test";
import { serve, tab } from "./rig.mjs";

const N = Number(process.env.N || 1000000), EACH = 20000;
const PAGES = ["/", "/tasks", "/tasks?status=cancelled", "/tasks?q=project%3A7", "/tasks?q=chapter+17", "/queues"];

test(`pages with ${N} tasks that have ended`, async (t) => {
    const bide = await serve(t);
    for (let at = 0; at < N; at += EACH) {
        const line = (_, i) => JSON.stringify({ type: "echo", delay_ms: 3600000, subject: `chapter ${at + i}`, tags: { project: String((at + i) % 1000) } });
        const body = Array.from({ length: EACH }, line).join("\n");
        const answer = await fetch(`${bide.url}/v1/tasks:batch`, { method: "POST", headers: { "Content-Type": "application/x-ndjson" }, body });
        await answer.text();
    }
    while ((await bide.post("/v1/tasks:cancel", { queue: "default" })).more);
    const { tasks, store } = await bide.get("/v1/stats");
    t.diagnostic(`${tasks.cancelled} cancelled, the store has ${store.bytes} bytes`);
    for (const path of PAGES) {
        const ms = [];
        for (let i = 0; i < 5; i++) {
            const page = await tab(t, bide.url, path);
            ms.push(Math.round(await page.evaluate(async () => {
                while (!document.querySelector("main tbody tr")) await new Promise(requestAnimationFrame);
                return performance.now();
            })));
            await page.context().close();
        }
        t.diagnostic(`${path}: rows after ${ms.sort((a, b) => a - b).join(", ")} ms`);
    }
});
