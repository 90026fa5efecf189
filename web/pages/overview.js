// SPDX-License-Identifier: Apache-2.0
//
// How it goes: what waits and runs, how fast, how long, which workers, what failed.

import { query, read } from "../api.js";
import { chart } from "../chart.js";
import { h, put, redraw, say } from "../dom.js";
import { unhurried } from "../live.js";
import { badge, idOf, linkTo, problemPlace, progress, section, shown, STATUSES, when } from "../parts.js";
import { table } from "../table.js";
import { brief, count, duration, size } from "../text.js";
import { rates } from "./rates.js";

const SHOWN = 8;
const WAITING = ["blocked", "scheduled", "retrying"];

const tile = (label, value, target, bad) => ({ label, value, target: target || "", bad: Boolean(bad) });

/** Tiles are made when others are wanted; until then only their texts are changed. */
function showTiles(place, list) {
    redraw(place, list.map(({ target, bad }) => [target, bad]), () => list.map(({ target, bad }) =>
        h(`${target ? "a" : "div"}.tile${bad ? ".bad" : ""}`, { href: target ? `#/${target}` : null }, h("b"), h("span"))));
    list.forEach(({ label, value }, i) => [value, label].forEach((text, at) => say(place.children[i].children[at], text)));
}

/** The oldest that waits in any queue: its queue and since when. */
function oldest(queues) {
    return queues.filter((q) => q.oldest_pending_at).sort((a, b) => a.oldest_pending_at.localeCompare(b.oldest_pending_at))[0];
}

function tiles(stats, queues, workers) {
    const first = oldest(queues);
    const broken = workers.filter((w) => w.state === "broken" || w.state === "backoff").length;
    const paused = queues.filter((q) => q.paused || q.draining).length;
    return [
        ...STATUSES.filter((status) => !WAITING.includes(status) || stats.tasks[status] > 0)
            .map((status) => tile(status, brief(stats.tasks[status]), `tasks?status=${status}`, status === "failed" && stats.tasks.failed > 0)),
        tile(first ? `oldest waits, in ${first.name}` : "nothing waits", first ? duration(first.oldest_pending_ms) : "–",
            first && `tasks?${query({ status: "pending", queue: first.name })}`),
        broken > 0 && tile("workers with a problem", count(broken), "workers", true),
        paused > 0 && tile("queues paused or draining", count(paused), "queues"),
    ].filter(Boolean);
}

const runningColumns = [
    { label: "Task", bare: true, value: (t) => t.id, cell: (t) => idOf(t.id) },
    { label: "Type", name: "text", bare: true, value: (t) => t.type },
    { label: "Subject", name: "text.full", value: (t) => t.subject },
    { label: "Started", value: (t) => t.started_at, cell: (t) => when(t.started_at) },
    { label: "Progress", name: "full", bare: true, value: (t) => JSON.stringify(t.progress), cell: (t) => progress(t.progress) || "–" },
];
const failedColumns = [
    { label: "Task", bare: true, value: (t) => t.id, cell: (t) => idOf(t.id) },
    { label: "Type", name: "text", bare: true, value: (t) => t.type },
    { label: "Error", name: "text.full", bare: true, value: (t) => t.error?.message, cell: (t) => h("span", { title: t.error?.message }, t.error ? `${t.error.code}: ${t.error.message}` : "–") },
    { label: "Failed", value: (t) => t.finished_at, cell: (t) => when(t.finished_at) },
];
const workerColumns = [
    { label: "Worker", name: "text", bare: true, value: (w) => w.id },
    { label: "State", bare: true, value: (w) => w.state, cell: (w) => badge(w.state) },
    { label: "Model", value: (w) => String(w.loaded), cell: (w) => (w.loaded ? `${w.pool}, loaded` : w.pool) },
    { label: "Memory", name: "number", value: (w) => (w.rss_bytes ? size(w.rss_bytes) : "") },
    { label: "Tasks", name: "number", value: (w) => w.tasks },
];

/** What waits and runs, since the page was opened: for servers that keep no such record, and until they have told theirs. */
function depths() {
    const picture = chart("Tasks that wait and run, since this page was opened", count);
    const times = [], pending = [], running = [];
    return {
        node: picture.node,
        add(stats) {
            if (times.length === 300) [times, pending, running].forEach((list) => list.shift());
            times.push(Date.now());
            pending.push(stats.tasks.pending);
            running.push(stats.tasks.running);
            picture.set({ times, series: [{ label: "pending", kind: "pending", values: pending }, { label: "running", kind: "running", values: running }] });
        },
    };
}

export async function open(place, { signal }) {
    const problem = problemPlace();
    const numbers = h("div.tiles");
    const depth = depths();
    const speed = await rates(signal);
    const running = table({ caption: "Tasks that run", columns: runningColumns, key: (t) => t.id, empty: "No task runs" });
    const failed = table({ caption: "Tasks that failed, the last created first", columns: failedColumns, key: (t) => t.id, empty: "No task has failed" });
    const workers = table({ caption: "Workers", columns: workerColumns, key: (w) => w.id, empty: "No worker is running" });
    const version = h("span.faint");

    async function load() {
        const [stats, queues, crew, now, last] = await Promise.all([
            read("v1/stats", signal), read("v1/queues", signal), read("v1/workers", signal),
            read(`v1/tasks?status=running&limit=${SHOWN}`, signal), read(`v1/tasks?status=failed&limit=${SHOWN}`, signal),
        ]);
        put(version, `bide ${stats.version}, up ${duration(stats.uptime_ms)}, store ${stats.store.engine} ${size(stats.store.bytes)}`,
            stats.status === "serving" ? null : [" ", badge(stats.status, "draining")]);
        showTiles(numbers, tiles(stats, queues.items, crew.items));
        depth.add(stats);
        running.set(now.items);
        failed.set(last.items);
        workers.set(crew.items.slice(0, SHOWN));
        speed.told(stats);
    }
    const soon = unhurried(() => shown(problem, load));

    put(place,
        h("div.heading", null, h("h1", null, "Overview"), version), problem, numbers,
        h("div.grid", null,
            h("div.most", null, section("Running", running.node)),
            h("div.third", null, section("Wait and run", depth.node)),
            speed.nodes,
            h("div.half", null, section("Failed, the last created first", failed.node, h("p", null, linkTo("tasks?status=failed", "All that failed")))),
            h("div.half", null, section("Workers", workers.node, h("p", null, linkTo("workers", "All workers"))))));
    await shown(problem, load);
    return {
        title: "Overview",
        update() {
            soon();
            speed.soon();
        },
    };
}
