// SPDX-License-Identifier: Apache-2.0
//
// Queues: what waits in them, and the ways to hold, empty and limit them.

import { patch, post, query, read } from "../api.js";
import { askFields, sure } from "../dialog.js";
import { h, put } from "../dom.js";
import { unhurried } from "../live.js";
import { act, badge, button, linkTo, problemPlace, shown, when } from "../parts.js";
import { ROWS, table } from "../table.js";
import { brief } from "../text.js";

const path = (q) => `v1/queues/${encodeURIComponent(q.name)}`;
const LIVE = ["pending", "running", "scheduled", "retrying", "blocked"];
const HINT = "empty: as configured";
const NUMBERS = ["concurrency", "capacity", "key_concurrency"];

function standing(q) {
    if (!q.paused && !q.draining) return badge("open", "idle");
    return h("span.chips", null, q.paused && badge("paused"), q.draining && badge("draining"));
}

function depthOf(q, word) {
    const n = q.depth[word];
    return n ? linkTo(`tasks?${query({ queue: q.name, status: word })}`, brief(n)) : "0";
}

/** What the fields say as the PATCH has it; a text that is no number is sent as it is and refused by the server. */
function limitsOf(said) {
    const number = (text) => (text === "" ? null : /^\d+$/.test(text) ? Number(text) : text);
    return {
        ...Object.fromEntries(NUMBERS.map((name) => [name, number(said[name])])),
        ...Object.fromEntries(["rate", "key_rate"].map((name) => [name, said[name] === "0" ? 0 : said[name] || null])),
        fair: said.fair === "" ? null : said.fair === "yes",
    };
}

async function limit(q) {
    const text = (value) => (value === null ? "" : String(value));
    const fields = [
        { name: "concurrency", label: "Tasks that run at one time", hint: HINT },
        { name: "capacity", label: "Tasks that may wait", hint: `0: no limit; ${HINT}` },
        { name: "key_concurrency", label: "Tasks of one limit key that run at one time", hint: `0: no limit; ${HINT}` },
        { name: "rate", label: "Tasks that start", hint: `as 10/s, 90/m, 10/s burst 20; 0: no limit; ${HINT}` },
        { name: "key_rate", label: "Tasks of one limit key that start", hint: `the same; ${HINT}` },
    ].map((field) => ({ ...field, value: text(q[field.name]) }));
    fields.push({ name: "fair", label: "Limit keys take turns", value: q.fair ? "yes" : "no", kind: [["", "as configured"], ["yes", "yes"], ["no", "no"]] });
    const said = await askFields(`Limits of ${q.name}`, fields, "Set limits");
    if (!said) return;
    const before = Object.fromEntries(fields.map(({ name, value }) => [name, value]));
    const changed = Object.entries(limitsOf(said)).filter(([name]) => said[name] !== before[name]);
    if (changed.length) await act(() => patch(path(q), Object.fromEntries(changed)), `The limits of ${q.name} are set`);
}

const waiting = (q) => LIVE.filter((word) => word !== "running").reduce((sum, word) => sum + q.depth[word], 0);

/** `latest()`: the queue as it was last read, for a cell is made anew only when its buttons are others. */
function buttons(q, latest, done) {
    const order = (text, verb, did) => button(text, async () => {
        await act(() => post(`${path(q)}/${verb}`), `${q.name} ${did}`);
        done();
    }, { "aria-label": `${text} ${q.name}` });
    return h("div.row", null,
        q.paused || q.draining ? order("Resume", "resume", "goes on") : [order("Pause", "pause", "is paused"), order("Drain", "drain", "takes no new tasks")],
        button("Limits", async () => {
            await limit(latest());
            done();
        }, { "aria-label": `Limits of ${q.name}` }),
        waiting(q) > 0 && button("Purge", async () => {
            if (!(await sure(`Purge ${q.name}`, `This cancels all that waits in ${q.name}, ${brief(waiting(latest()))} of it at the moment. What runs goes on. It cannot be undone.`, "Cancel them"))) return;
            await act(() => post(`${path(q)}/purge`), (answer) => `${brief(answer.changed)} cancelled in ${q.name}`);
            done();
        }, { "aria-label": `Purge ${q.name}` }, "button.danger"));
}

function limits(q) {
    const said = [`runs ${q.concurrency}`, q.capacity !== null && `holds ${brief(q.capacity)}`, q.rate && `starts ${q.rate}`,
        q.key_concurrency !== null && `runs ${q.key_concurrency} of a key`, q.key_rate && `starts ${q.key_rate} of a key`, q.fair && "fair"];
    return said.filter(Boolean).join(", ");
}

export async function open(place, { signal }) {
    const problem = problemPlace(), more = h("p.faint");
    const known = new Map(); // queues by name
    const list = table({ caption: "Queues", key: (q) => q.name, empty: "There is no queue", columns: [
        { label: "Queue", name: "wrap", bare: true, value: (q) => q.name, cell: (q) => linkTo(`tasks?${query({ queue: q.name })}`, q.name) },
        { label: "State", bare: true, value: (q) => `${q.paused} ${q.draining}`, cell: standing },
        ...LIVE.map((word) => ({ label: word, name: "number", value: (q) => q.depth[word], cell: (q) => depthOf(q, word) })),
        { label: "failed", name: "number", value: (q) => q.depth.failed, cell: (q) => depthOf(q, "failed") },
        { label: "Oldest", value: (q) => q.oldest_pending_at, cell: (q) => when(q.oldest_pending_at) },
        { label: "Limits", name: "wrap.full", value: limits },
        { label: "Actions", hideLabel: true, name: "acts.full", value: (q) => JSON.stringify([q.paused, q.draining, limits(q), waiting(q) > 0]), cell: (q) => buttons(q, () => known.get(q.name) || q, () => soon()) },
    ] });

    async function load() {
        const page = await read("v1/queues", signal);
        known.clear();
        page.items.forEach((q) => known.set(q.name, q));
        list.set(page.items);
        put(more, page.items.length > ROWS ? `The first ${ROWS} of ${page.items.length}.` : "");
    }
    const soon = unhurried(() => shown(problem, load));
    put(place, h("div.heading", null, h("h1", null, "Queues")), problem, h("div.panel", null, list.node, more));
    await shown(problem, load);
    return { title: "Queues", update: () => soon() };
}
