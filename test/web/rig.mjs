// SPDX-License-Identifier: Apache-2.0
//
// A real bide, a real Chromium, and the dashboard of the one in the other. What a page says on its console, and what it could
// not do, fails the test that did not expect it.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after } from "node:test";
import { pathToFileURL } from "node:url";
import { QUICK, ROOT, serve as serveAny, until } from "../node/server.mjs";

export { until };

const { chromium } = await import(pathToFileURL(process.env.PLAYWRIGHT).href);
const ACTOR = ["/usr/bin/python3", "-S", join(ROOT, "test/api/workers/actor.py")];
export const PATIENCE_MS = 1000 * Number(process.env.BIDE_TEST_PATIENCE || 15);

/** A pool of actor.py, a command that fails, one that prints, and a queue for one. */
export const CONFIG = {
    defaults: QUICK,
    queues: { default: { concurrency: 4 }, other: { concurrency: 1, capacity: 500 } },
    workers: { actor: { command: ACTOR, instances: 2 } },
    types: {
        act: { worker: "actor" },
        echo: { exec: ["/bin/echo", "hello {input.name}"] },
        fail: { exec: ["/bin/sh", "-c", "echo sorry >&2; exit 1"], max_attempts: 1 },
        other: { exec: ["/bin/cat"], queue: "other" },
    },
};

let browser = null;
after(async () => browser?.close());
async function launched() {
    browser ??= await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
    return browser;
}

export const ENDED = ["completed", "failed", "cancelled", "expired"];

const endings = new WeakMap();

/** Does it when the test is over: what was begun last ends first, and all of it before the server does. */
export function atEnd(t, fn) {
    if (!endings.has(t)) {
        endings.set(t, []);
        t.after(async () => {
            const errors = [];
            for (const end of endings.get(t).reverse()) await Promise.resolve().then(end).catch((error) => errors.push(error));
            if (errors.length) throw errors[0];
        });
    }
    endings.get(t).push(fn);
}

/** A started server with what tests ask of it. */
export async function serve(t, config = CONFIG) {
    atEnd(t, () => {});
    const server = await serveAny(t, config);
    const ask = async (method, path, body) => {
        const answer = await fetch(server.url + path, {
            method, headers: body === undefined ? {} : { "Content-Type": "application/json" },
            body: body === undefined ? undefined : JSON.stringify(body),
        });
        const text = await answer.text();
        if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
        return text ? JSON.parse(text) : null;
    };
    server.get = (path) => ask("GET", path);
    server.post = (path, body) => ask("POST", path, body);
    server.submit = async (type, fields = {}) => (await server.post("/v1/tasks", { type, ...fields })).id;
    server.act = (steps, fields = {}) => server.submit("act", { input: { steps }, ...fields });
    server.task = (id) => server.get(`/v1/tasks/${id}`);
    server.seen = (id, status) => until(async () => (await server.task(id)).status === status, `${id} ${status}`);
    server.gate = (name) => join(server.dir, `gate-${name}`);
    server.openGate = (name) => writeFileSync(server.gate(name), "");
    server.closeGate = (name) => rmSync(server.gate(name), { force: true });
    return server;
}

const EXPECTED = [/\/v1\/(events|tasks\/[^/]+\/events|analytics|deliveries|notifications)\b.*\b404\b/];

/**
 * A tab at `url`#path. `options` are Playwright's of a context. tab.said: what the console said that was not expected;
 * `expect`: patterns of what is. Parts of the API that this server does not have are asked for once, which the console tells.
 */
export async function tab(t, url, path = "/", { expect = [], prepare, ...options } = {}) {
    const context = await (await launched()).newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const said = [], allowed = [...EXPECTED, ...expect];
    const note = (text) => allowed.some((one) => one.test(text)) || said.push(text);
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && note(`${message.location().url} ${message.text()}`));
    page.on("pageerror", (error) => note(`thrown: ${error.stack || error}`));
    page.said = said;
    atEnd(t, async () => {
        await context.close();
        if (said.length) throw new Error(`the console said:\n${said.join("\n")}`);
    });
    await prepare?.(page, context);
    await page.goto(`${url}/#${path}`);
    await page.locator("main h1").first().waitFor();
    return page;
}

/** The row of a table that has this text. */
export const row = (page, text) => page.getByRole("row").filter({ hasText: text });

/** Waits until the page at a locator has this text. */
export const shows = (locator, text) => locator.filter({ hasText: text }).first().waitFor();
