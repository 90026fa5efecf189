// SPDX-License-Identifier: Apache-2.0
//
// Worker processes and pullers: what they hold, what they do, how to have another one in their place.

import { post, read } from "../api.js";
import { sure } from "../dialog.js";
import { h, put, redraw } from "../dom.js";
import { unhurried } from "../live.js";
import { act, badge, button, idOf, problemPlace, section, shown, when } from "../parts.js";
import { ROWS, table } from "../table.js";
import { duration, size } from "../text.js";

const CURRENT = 4;

/** Sizes of resources are bytes when they were written as such; small numbers are counts. */
const amount = (n) => (n >= 1 << 20 ? size(n) : String(n));

/** `opened`: the workers whose problem is open, which it stays when it is another one. */
function state(w, opened) {
    const note = (event) => (event.target.open ? opened.add(w.id) : opened.delete(w.id));
    return h("span", null, badge(w.state), " ", w.state_since ? when(w.state_since) : null,
        w.problem ? h("details", { open: opened.has(w.id), ontoggle: note }, h("summary", null, "Problem"),
            h("p.bad-text", null, w.problem), w.retry_at && h("p", null, "again ", when(w.retry_at))) : null);
}

function current(w) {
    if (!w.current.length) return "–";
    return h("span.chips", null, w.current.slice(0, CURRENT).map((id) => idOf(id)), w.current.length > CURRENT && `and ${w.current.length - CURRENT} more`);
}

function process(w) {
    const said = [w.pid && `pid ${w.pid}`, w.host, w.loaded && w.ready_ms > 0 && `ready in ${duration(w.ready_ms)}`,
        ...Object.entries(w.holds).map(([name, n]) => `${name} ${amount(n)}`)];
    return said.filter(Boolean).join(", ");
}

function buttons(w, done) {
    if (w.pid === null || w.state === "away") return "–";
    const path = `v1/workers/${encodeURIComponent(w.id)}`;
    return h("div.row", null,
        button("Recycle", async () => {
            await act(() => post(`${path}/recycle`), `${w.id} is being replaced`);
            done();
        }, { "aria-label": `Recycle ${w.id}` }),
        button("Stop", async () => {
            if (!(await sure(`Stop ${w.id}`, "Its process ends now; its task goes back to the queue and what it did is lost.", "Stop it"))) return;
            await act(() => post(`${path}/stop`), `${w.id} is being stopped`);
            done();
        }, { "aria-label": `Stop ${w.id}` }, "button.danger"));
}

const columns = (opened, done) => [
    { label: "Worker", name: "wrap", bare: true, value: (w) => w.id },
    { label: "Model", name: "wrap", value: (w) => `${w.pool}${w.loaded ? ", loaded" : ""}` },
    { label: "State", bare: true, value: (w) => JSON.stringify([w.state, w.state_since, w.problem, w.retry_at]), cell: (w) => state(w, opened) },
    { label: "Memory", name: "number", value: (w) => (w.rss_bytes ? size(w.rss_bytes) : "") },
    { label: "Works on", name: "full", value: (w) => w.current.join(), cell: current },
    { label: "Done", name: "number", value: (w) => (w.max_tasks ? `${w.tasks} of ${w.max_tasks}` : w.tasks) },
    { label: "Loads", name: "number", value: (w) => w.loads },
    { label: "Restarts", name: "number", value: (w) => w.restarts },
    { label: "Process", name: "wrap.full", bare: true, value: process },
    { label: "Actions", hideLabel: true, name: "acts.full", value: (w) => `${w.pid} ${w.state === "away"}`, cell: (w) => buttons(w, done) },
];

function resources(list) {
    if (!list?.length) return null;
    return section("Shared by pools", h("dl.facts", null, list.map((r) => [h("dt", null, r.name),
        h("dd", null, h("meter", { min: 0, max: r.total, value: r.used, "aria-label": r.name }), ` ${amount(r.used)} of ${amount(r.total)}`)]).flat()));
}

export async function open(place, { signal }) {
    const problem = problemPlace(), shared = h("div"), more = h("p.faint");
    const list = table({ caption: "Workers", key: (w) => w.id, empty: "No worker is running, and no puller asks", columns: columns(new Set(), () => soon()) });

    async function load() {
        const page = await read("v1/workers", signal);
        list.set(page.items);
        redraw(shared, page.resources, () => resources(page.resources));
        put(more, page.items.length > ROWS ? `The first ${ROWS} of ${page.items.length}.` : "");
    }
    const soon = unhurried(() => shown(problem, load));
    put(place, h("div.heading", null, h("h1", null, "Workers")), problem, shared, h("div.panel", null, list.node, more));
    await shown(problem, load);
    return { title: "Workers", update: () => soon() };
}
