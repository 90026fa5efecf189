// SPDX-License-Identifier: Apache-2.0
//
// Who was told of an ending, who is still to be told, and why it did not work.

import { post, query, read } from "../api.js";
import { h, put, redraw } from "../dom.js";
import { unhurried } from "../live.js";
import { act, badge, button, idOf, linkTo, problemPlace, shown, when } from "../parts.js";
import { table } from "../table.js";
import { duration } from "../text.js";

const TRIES = [
    { label: "Try", bare: true, value: (a) => (a.run > 1 ? `${a.attempt} of run ${a.run}` : `${a.attempt}`) },
    { label: "Began", bare: true, value: (a) => a.started_at, cell: (a) => when(a.started_at) },
    { label: "Took", value: (a) => (a.started_at && a.finished_at ? duration(Date.parse(a.finished_at) - Date.parse(a.started_at)) : "") },
    { label: "Verdict", bare: true, value: (a) => a.verdict, cell: (a) => badge(a.verdict) },
    { label: "Error", name: "wrap.full", bare: true, value: (a) => a.error },
];

/** All tries of a delivery. Returns {node, load()}. */
function triesOf(d, signal) {
    const problem = problemPlace();
    const list = table({ caption: `Tries of ${d.url || d.id}, newest first`, key: (a) => `${a.run}.${a.attempt}`, empty: "It has not been tried yet", columns: TRIES });
    list.node.hidden = true;
    const load = () => shown(problem, async () => {
        list.set((await read(`v1/deliveries/${encodeURIComponent(d.id)}`, signal)).tries);
        list.node.hidden = false;
    });
    return { node: h("div", null, problem, list.node), load: unhurried(load) };
}

const STATUSES = ["pending", "delivered", "failed", "disabled", "cancelled"];

export async function open(place, { query: asked, signal }) {
    const problem = problemPlace(), pager = h("p.pager");
    const status = asked.get("status"), cursor = asked.get("cursor");
    const ways = h("p.row", null, "Show ", ["", ...STATUSES].map((word) =>
        linkTo(`deliveries${word ? `?status=${word}` : ""}`, word || "all", { "aria-current": (status || "") === word ? "true" : undefined })));
    const again = (d) => button("Send again", async () => {
        await act(() => post(`v1/deliveries/${encodeURIComponent(d.id)}/redeliver`), "It is sent again");
        soon();
    }, { "aria-label": `Send again to ${d.url || d.id}` });
    const opened = new Map(); // {load, seen} by id, of deliveries whose tries are shown
    function toggle(d, knob) {
        const was = opened.delete(d.id), tries = was ? null : triesOf(d, signal);
        list.unfold(d.id, tries && tries.node);
        knob.setAttribute("aria-expanded", String(!was));
        if (was) return;
        opened.set(d.id, { load: tries.load, seen: JSON.stringify(d) });
        tries.load();
    }
    const knobOf = (d) => h("button.knob", { type: "button", "aria-label": `Tries of ${d.url || d.id}: ${d.attempts}`,
        "aria-expanded": String(opened.has(d.id)), onclick: (event) => toggle(d, event.currentTarget) }, String(d.attempts));

    const list = table({ caption: "Deliveries, newest first", key: (d) => d.id, empty: "There is no delivery", columns: [
        { label: "Created", bare: true, value: (d) => d.created_at, cell: (d) => when(d.created_at) },
        { label: "Status", bare: true, value: (d) => d.status, cell: (d) => badge(d.status) },
        { label: "Task", value: (d) => d.task_id, cell: (d) => (d.task_id ? idOf(d.task_id) : "–") },
        { label: "Event", value: (d) => d.event || "" },
        { label: "To", name: "wrap.full", value: (d) => d.url },
        { label: "Tries", name: "number", value: (d) => d.attempts, cell: knobOf },
        { label: "Next", value: (d) => d.next_at, cell: (d) => when(d.next_at) },
        { label: "Last error", name: "wrap.full", value: (d) => d.last_error },
        { label: "Actions", hideLabel: true, name: "acts.full", value: (d) => d.status, cell: (d) => h("div.row", null, again(d)) },
    ] });

    async function load() {
        const page = await read(`v1/deliveries?${query({ status, limit: 50, cursor })}`, signal);
        list.set(page.items);
        const now = new Map(page.items.map((d) => [d.id, JSON.stringify(d)]));
        for (const [id, tries] of opened) {
            if (!now.has(id)) opened.delete(id);
            else if (now.get(id) !== tries.seen) tries.load();
            tries.seen = now.get(id);
        }
        redraw(pager, page.next_cursor, () => [cursor && linkTo(`deliveries?${query({ status })}`, "Newest"),
            page.next_cursor && linkTo(`deliveries?${query({ status, cursor: page.next_cursor })}`, "Older")]);
    }
    const soon = unhurried(() => shown(problem, load));
    put(place, h("div.heading", null, h("h1", null, "Deliveries")), problem, h("div.panel", null, ways, list.node, pager));
    await shown(problem, load);
    return { title: "Deliveries", update: () => soon() };
}
