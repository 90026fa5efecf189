// SPDX-License-Identifier: Apache-2.0
//
// Tasks, newest first, by what the address says: #/tasks?status=&type=&queue=&q=&cursor=. A page at a time, whatever there is.

import { query, read } from "../api.js";
import { h, put, redraw } from "../dom.js";
import { unhurried } from "../live.js";
import { badge, idOf, isEnding, linkTo, problemPlace, progress, shown, STATUSES, when } from "../parts.js";
import { parseSearch } from "../search.js";
import { table } from "../table.js";
import { duration, plural } from "../text.js";
import { bulk } from "./bulk.js";

const LIMIT = 50;

/** What the address asks for, as the API's filter. */
function filterOf(asked) {
    const { id, subject, tags, refused } = parseSearch(asked.get("q") || "");
    const filter = { status: asked.get("status"), type: asked.get("type"), queue: asked.get("queue"), subject: id || subject, tag: tags };
    return { filter, refused };
}

const go = (members) => (location.hash = `#/tasks${query(members) ? `?${query(members)}` : ""}`);

function field(label, input) {
    return h("div", null, h("label", { for: input.id }, label), input);
}

function filters(asked, queues) {
    const status = h("select", { id: "by-status" }, h("option", { value: "" }, "any"),
        STATUSES.map((word) => h("option", { value: word, selected: word === asked.get("status") }, word)));
    const names = [...new Set([...queues, asked.get("queue")].filter(Boolean))];
    const queue = h("select", { id: "by-queue" }, h("option", { value: "" }, "any"),
        names.map((name) => h("option", { value: name, selected: name === asked.get("queue") }, name)));
    const type = h("input", { id: "by-type", type: "text", value: asked.get("type") || "", autocomplete: "off", spellcheck: "false", placeholder: "any" });
    const q = h("input", { id: "by-q", type: "text", value: asked.get("q") || "", autocomplete: "off", spellcheck: "false", placeholder: "subject, tag:value" });
    const change = () => go({ status: status.value, type: type.value.trim(), queue: queue.value, q: q.value.trim() });
    status.addEventListener("change", change);
    queue.addEventListener("change", change);
    return h("form.filters", { "aria-label": "Filter", onsubmit: (event) => { event.preventDefault(); change(); } },
        field("Status", status), field("Type", type), field("Queue", queue), field("Subject and tags", q),
        h("button", { type: "submit" }, "Filter"), asked.size > 0 && linkTo("tasks", "Show all"));
}

function detail(t) {
    if (t.status === "running") return progress(t.progress) || (t.cancel_requested ? "is being cancelled" : "–");
    if (t.error) return h("span", { title: t.error.message }, `${t.error.code}: ${t.error.message}`);
    if (t.waiting_on && t.run_at && ["time", "retry"].includes(t.waiting_on.reason)) return h("span", null, "starts ", when(t.run_at));
    if (t.waiting_on) return h("span", { title: t.waiting_on.detail }, `waits: ${t.waiting_on.detail || t.waiting_on.reason}`);
    return t.timing?.run_ms === null || t.timing?.run_ms === undefined ? "–" : `ran ${duration(t.timing.run_ms)}`;
}

function tags(t) {
    const found = Object.entries(t.tags || {});
    if (!t.subject && !found.length) return "–";
    return h("span", { title: t.subject || undefined }, t.subject, " ", found.slice(0, 4).map(([name, value]) =>
        [h("a.tag", { href: `#/tasks?${query({ q: `${name}:${value}` })}` }, `${name}:${value}`), " "]).flat());
}

function columns(picked, onPick) {
    return [
        { label: "Pick", hideLabel: true, name: "pick", value: (t) => t.id, cell: (t) => h("input", {
            type: "checkbox", "aria-label": `Pick ${t.type} ${t.id}`, checked: picked.has(t.id),
            onchange: (event) => onPick(t.id, event.target.checked) }) },
        { label: "Task", bare: true, value: (t) => t.id, cell: (t) => idOf(t.id) },
        { label: "Status", bare: true, value: (t) => t.status, cell: (t) => badge(t.status) },
        { label: "Type", name: "text", bare: true, value: (t) => t.type, cell: (t) => h("span", { title: t.type }, t.type) },
        { label: "Queue", name: "text", value: (t) => t.queue },
        { label: "Subject, tags", name: "text.full", bare: true, value: (t) => JSON.stringify([t.subject, t.tags]), cell: tags },
        { label: "Created", bare: true, value: (t) => t.created_at, cell: (t) => when(t.created_at) },
        { label: "Tries", name: "number", value: (t) => `${t.attempt}/${t.max_attempts}` },
        { label: "Detail", name: "text.full", bare: true, value: (t) => JSON.stringify([t.status, t.progress, t.error, t.waiting_on, t.timing, t.cancel_requested]), cell: detail },
    ];
}

/** What an event says of a task that is shown is known at once (`touched`); what may change the page is read (`stale`). */
function heard(events, known, status, cursor) {
    let stale = false, touched = false;
    for (const { kind, data } of events) {
        const task = data && known.get(data.id);
        if (task && task.run === data.run) {
            stale ||= status && data.status !== status;
            known.set(data.id, { ...task, ...data });
            touched = true;
        } else if (kind === "task.progress" || kind === "task.output" || kind === "task.log") {
            continue;
        } else {
            stale ||= kind === "again" || kind !== "task.created" || !cursor;
        }
        if (task && isEnding(data.status) && status && !isEnding(status)) stale = true;
    }
    return { stale, touched };
}

export async function open(place, { query: asked, signal }) {
    const problem = problemPlace();
    const { filter, refused } = filterOf(asked);
    const cursor = asked.get("cursor");
    const known = new Map(); // of this page, by id
    const picked = new Map();
    const many = bulk(refused ? null : filter, picked, () => {
        picked.clear();
        place.querySelectorAll("td.pick input").forEach((box) => (box.checked = false));
        many.changed();
        soon();
    });
    const list = table({ caption: "Tasks, newest first", key: (t) => t.id, empty: "No task fits",
        columns: columns(picked, (id, on) => {
            if (on) picked.set(id, known.get(id));
            else picked.delete(id);
            many.changed();
        }) });
    const pager = h("p.pager");
    list.node.hidden = Boolean(refused);

    /** Shows what is known, and of what is picked only that. */
    function draw() {
        for (const id of picked.keys()) {
            if (known.has(id)) picked.set(id, known.get(id));
            else picked.delete(id);
        }
        list.set([...known.values()]);
        many.changed();
    }

    async function load() {
        if (refused) throw new Error(refused);
        const page = await read(`v1/tasks?${query({ ...filter, limit: LIMIT, cursor })}`, signal);
        known.clear();
        page.items.forEach((task) => known.set(task.id, task));
        draw();
        const to = (more) => `tasks?${query({ ...Object.fromEntries(asked), cursor: more })}`;
        redraw(pager, [page.next_cursor, page.items.length], () => [
            cursor && linkTo(to(""), "Newest"), page.next_cursor && linkTo(to(page.next_cursor), "Older"),
            h("span.faint", null, plural(page.items.length, "task"), " on this page")]);
    }
    const soon = unhurried(() => shown(problem, load));

    const queues = await read("v1/queues", signal).then((page) => page.items.map((q) => q.name), () => []);
    put(place, h("div.heading", null, h("h1", null, "Tasks"), many.node),
        h("div.panel", null, filters(asked, queues)), problem, h("div.panel", null, list.node, pager));
    await shown(problem, load);

    function update(events) {
        const { stale, touched } = heard(events, known, filter.status, cursor);
        if (touched) draw();
        if (stale) soon();
    }
    return { title: "Tasks", update };
}
