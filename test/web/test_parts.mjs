// SPDX-License-Identifier: Apache-2.0
//
// Parts that not every server has, answered here in its place: what the last hour was like, deliveries, notifications.
import assert from "node:assert/strict";
import { test } from "node:test";
import { front, json, stream } from "./front.mjs";
import { row, serve, shows, tab, until } from "./rig.mjs";

const TASK = "01a1ffe8-96cd-754e-be93-691a58a8ee38";
const times = (p50, p90, p99) => ({ p50, p90, p99 });
const WINDOW = {
    span_ms: 3600000, submitted: 1200, completed: 1190, failed: 10, cancelled: 0, expired: 0, retried: 0, reopened: 0,
    submitted_per_minute: 20, completed_per_minute: 19.8, failed_per_minute: 0.2, failed_share: 0.0083, wait_ms: times(120, 900, 4200), run_ms: times(2500, 6000, 61000),
};

function analytics(request) {
    const day = request.url.includes("24h");
    const n = day ? 24 : 60;
    const all = (of) => Array.from({ length: n }, (_, i) => (i < 5 ? null : of(i)));
    return {
        window: day ? "24h" : "1h", queue: null, type: null, step_ms: day ? 3600000 : 60000, from: "2026-11-23T12:00:00.000Z",
        series: {
            submitted: all((i) => i), completed: all((i) => i / 2), failed: all(() => 0), wait_p50_ms: all(() => 120), wait_p99_ms: all(() => null),
            run_p50_ms: all(() => 2500), run_p99_ms: all(() => 61000), depth: null,
        },
    };
}

test("rates and percentiles of the last hour and day are drawn, and told in words and as a table", async (t) => {
    const bide = await serve(t);
    const stats = { ...(await bide.get("/v1/stats")), types: [{ type: "transcribe", last_1h: WINDOW, last_24h: { ...WINDOW, submitted: 98765 } }] };
    const via = await front(t, bide, { "GET /v1/analytics": json(analytics), "GET /v1/stats": json(stats) });
    const page = await tab(t, via.url);
    const picture = page.getByRole("img", { name: "Tasks each minute" });
    await picture.waitFor();
    assert.match(await picture.locator("desc").textContent(), /59 values from .* submitted 58\/min, at most 58\/min\. completed 29\/min, at most 29/); // the 60th is under way
    await page.getByText("Whole minutes, without the one under way").waitFor();
    assert.match(await page.getByRole("img", { name: "Time until a start" }).locator("desc").textContent(), /half within 120 ms.*99 % within nothing/);
    await shows(row(page, "transcribe"), "120 ms · 900 ms · 4.2 s");
    await shows(row(page, "transcribe"), "10 (0.83 %)");
    await page.getByLabel("What happened in").selectOption("24h");
    await shows(row(page, "transcribe"), "98,765");
    await until(async () => /23 values/.test(await picture.locator("desc").textContent()), "the day");
    await page.getByRole("figure", { name: "Time that attempts took" }).getByText("As a table").click();
    await page.getByRole("cell", { name: "1 min 1 s" }).first().waitFor();
});

test("parts that the server has not are not in the way there", async (t) => {
    const bide = await serve(t);
    const none = json({ status: 404, code: "not_found", detail: "nothing" }, 404);
    const via = await front(t, bide, { "GET /v1/deliveries": none, "GET /v1/notifications": none, "GET /v1/analytics": none });
    const page = await tab(t, via.url);
    await until(() => via.asked.some(({ url }) => url.startsWith("/v1/notifications")), "the question");
    assert.deepEqual(await page.getByRole("navigation").getByRole("link").allInnerTexts(), ["Overview", "Tasks", "Queues", "Workers"]);
    assert.equal(await page.getByLabel("What happened in").count(), 0);
});

test("deliveries are listed by status and sent again", async (t) => {
    const bide = await serve(t);
    const one = { id: "d1", task_id: TASK, url: "http://127.0.0.1:9/hook", status: "failed", event: "task.completed", attempts: 5, last_error: "connection refused", next_at: null, created_at: "2026-11-23T12:00:00.000Z" };
    let status = "failed";
    const via = await front(t, bide, {
        "GET /v1/deliveries": json((request) => ({ items: /status=(\w+)/.exec(request.url)?.[1] === "disabled" ? [] : [{ ...one, status }], next_cursor: null })),
        "POST /v1/deliveries/d1/redeliver": (request, response) => {
            status = "pending";
            json({ ...one, status })(request, response);
        },
    });
    const page = await tab(t, via.url);
    await page.getByRole("link", { name: "Deliveries" }).click();
    await shows(row(page, "hook"), "connection refused");
    await page.getByRole("button", { name: /^Send again/ }).click();
    await shows(row(page, "hook"), "pending");
    await page.getByRole("link", { name: "disabled" }).click();
    await page.getByText("There is no delivery").waitFor();
});

test("notifications are counted as they come, and read one by one or all", async (t) => {
    const bide = await serve(t);
    const news = stream();
    const items = [];
    const add = (id, title) => items.unshift({ id, serial: items.length + 1, task_id: TASK, type: "act", kind: "done", status: "completed", title, message: "<b>ready</b>", read: false, created_at: "2026-11-23T12:00:00.000Z", read_at: null });
    const unread = () => items.filter((n) => !n.read).length;
    add("n1", "Chapter 1 is ready");
    const via = await front(t, bide, {
        "GET /v1/events": news.answer,
        "GET /v1/notifications": json(() => ({ unread: unread(), items, next_cursor: null })),
        "POST /v1/notifications/n1/read": (request, response) => {
            items.find((n) => n.id === "n1").read = true;
            json(items[0])(request, response);
        },
        "POST /v1/notifications/read-all": (request, response) => {
            items.forEach((n) => (n.read = true));
            json({ read: 1 })(request, response);
        },
    });
    const page = await tab(t, via.url);
    const link = page.getByRole("link", { name: /^Notifications/ });
    await shows(link, "1 new");
    await link.click();
    await shows(page.getByRole("listitem"), "<b>ready</b>");
    add("n2", "Chapter 2 is ready");
    add("n3", "Chapter 3 is ready");
    news.say("notification.created", items[0]);
    await page.getByText("Chapter 3 is ready").waitFor();
    await page.getByRole("button", { name: "Mark as read: Chapter 1 is ready" }).click();
    await page.getByRole("button", { name: "Mark as read: Chapter 1 is ready" }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Mark all as read" }).click();
    await page.getByRole("button", { name: "Mark all as read" }).waitFor({ state: "hidden" });
    await until(async () => (await link.innerText()) === "Notifications", "none that is new");
});
