// SPDX-License-Identifier: Apache-2.0
//
// One task, as it goes on: where it is and why it waits, its output and log, its attempts, its files.

import { BASE, post, query, read, readTask, readText } from "../api.js";
import { sure } from "../dialog.js";
import { h, put, redraw, say } from "../dom.js";
import { follow, unhurried } from "../live.js";
import { act, announce, badge, button, idOf, isEnding, linkTo, problemPlace, section, shown, when } from "../parts.js";
import { duration, pretty, size } from "../text.js";
import { attempts, failure, files, steps } from "./task_parts.js";

const TAIL = 64 * 1024; // of a log or an output no more is shown

function actions(id, done) {
    const cancel = button("Cancel", async () => {
        if (!(await sure("Cancel this task", "If it runs it is stopped. It cannot be undone; a retry begins it anew.", "Cancel it"))) return;
        await act(() => post(`v1/tasks/${id}/cancel`), (task) => (task.status === "cancelled" ? "The task is cancelled" : "The task is being cancelled"));
        done();
    }, {}, "button.danger");
    const retry = button("Retry", async () => {
        await act(() => post(`v1/tasks/${id}/retry`), (task) => `Run ${task.run} of the task has begun`);
        done();
    });
    return {
        node: h("div.row", null, retry, cancel),
        set(task) {
            retry.hidden = !isEnding(task.status);
            cancel.hidden = isEnding(task.status);
            say(cancel, task.cancel_requested ? "Being cancelled" : "Cancel");
        },
    };
}

function facts(t) {
    const rows = [
        ["Type", linkTo(`tasks?${query({ type: t.type })}`, t.type)],
        ["Queue", linkTo(`tasks?${query({ queue: t.queue })}`, t.queue)],
        ["Subject", t.subject && linkTo(`tasks?${query({ q: `"${t.subject}"` })}`, t.subject)],
        ["Tags", Object.keys(t.tags).length > 0 && h("span.chips", null, Object.entries(t.tags).map(([name, value]) =>
            h("a.tag", { href: `#/tasks?${query({ q: `${name}:${value}` })}` }, `${name}:${value}`)))],
        ["Priority", t.priority !== 0 && String(t.priority)],
        ["Created", when(t.created_at)],
        ["May start", t.run_at && when(t.run_at)],
        ["Expires unless started", t.start_by && !isEnding(t.status) && when(t.start_by)],
        ["Started", t.started_at && when(t.started_at)],
        ["Ended", t.finished_at && when(t.finished_at)],
        ["Probably ends", t.eta_at && when(t.eta_at)],
        ["Waited", t.timing.queued_ms !== null && duration(t.timing.queued_ms)],
        ["Ran", t.timing.run_ms !== null && `${duration(t.timing.run_ms)}${t.timing.batch_size > 1 ? `, in a batch of ${t.timing.batch_size}` : ""}`],
        ["Attempt", `${t.attempt} of ${t.max_attempts}${t.run > 1 ? `, run ${t.run}` : ""}`],
        ["Place in line", t.position && String(t.position)],
        ["Keys", [["key", t.key], ["limit key", t.limit_key], ["batch key", t.batch_key]].filter(([, v]) => v).map(([k, v]) => `${k} ${v}`).join(", ")],
        ["Result of", t.cached_from && idOf(t.cached_from)],
        ["Record goes", t.purge_at && when(t.purge_at)],
    ];
    return h("dl.facts", null, rows.filter(([, value]) => value).map(([name, value]) => [h("dt", null, name), h("dd", null, value)]).flat());
}

function going(t) {
    const p = t.progress;
    if (t.status === "running") {
        const text = p ? [p.percent === null ? "" : `${Math.round(p.percent)} %`, p.message].filter(Boolean).join(" · ") : "";
        return h("div.progress.wide", null,
            h("progress", { max: 100, value: p?.percent ?? undefined, "aria-label": text || "runs" }), text || "It runs",
            p?.data && Object.keys(p.data).length ? h("pre", null, pretty(p.data)) : null);
    }
    if (t.waiting_on) return h("p.waits", null, h("b", null, "Why it waits: "), `${t.waiting_on.reason.replaceAll("_", " ")}`, t.waiting_on.detail ? ` – ${t.waiting_on.detail}` : "");
    if (t.status === "failed" || t.error) return failure(t.error);
    return null;
}

function payload(title, value, bytes, link) {
    if (!bytes) return null;
    const much = value === null && bytes > 4;
    return section(title, much ? h("p.faint", null, `${size(bytes)}, too long to show. `) : h("pre", { tabindex: "0", "aria-label": title }, pretty(value)),
        link && h("p", null, h("a", { href: link, download: "" }, `As it is, ${size(bytes)}`)));
}

/** A log or an output that grows; its end stays in view while it was. */
function growing(title, empty) {
    const text = h("pre", { tabindex: "0", "aria-label": title });
    let all = "";
    return {
        node: section(title, text),
        get: () => all,
        set(next) {
            if (next === all && text.textContent) return;
            all = next;
            const low = text.scrollHeight - text.scrollTop - text.clientHeight < 30;
            say(text, all.length > TAIL ? `… ${all.slice(-TAIL)}` : all || empty);
            if (low) text.scrollTop = text.scrollHeight;
        },
    };
}

/** What the page is made of: each part is made anew when what it shows has become another. `link`: where the result is. */
function partsOf(link) {
    const [state, top, about, input, result, made, chain] = [h("span"), ...Array.from({ length: 6 }, () => h("div"))];
    const title = h("h1");
    const goesOn = (t) => redraw(top, [t.status, t.progress, t.waiting_on, t.error], () => going(t));

    function draw(t) {
        const { input: given, result: gave, progress: _, ...rest } = t;
        say(title, t.subject ? `${t.type}: ${t.subject}` : t.type);
        redraw(state, [t.status, t.cancel_requested], () => [badge(t.status), t.cancel_requested && !isEnding(t.status) ? " being cancelled" : null]);
        goesOn(t);
        redraw(about, rest, () => section("About it", facts(t)));
        redraw(chain, [t.steps, t.step, t.finished_at], () => steps(t));
        redraw(made, t.files, () => files(t));
        redraw(result, [gave, t.result_bytes, t.status], () => payload("Result", gave, t.result_bytes, t.status === "completed" && link));
        redraw(input, [given, t.input_bytes], () => payload("Input", given, t.input_bytes));
    }
    return { nodes: { title, state, top, about, input, result, made, chain }, draw, goesOn };
}

export async function open(place, { id, signal }) {
    const path = `v1/tasks/${encodeURIComponent(id)}`;
    const problem = problemPlace();
    const parts = partsOf(new URL(`${path}/result`, BASE).href);
    const { title, state, top, about, input, result, made, chain } = parts.nodes, history = h("div");
    const output = growing("Output", "nothing"), log = growing("Log", "nothing");
    const buttons = actions(id, () => soon());
    output.node.hidden = log.node.hidden = true;
    let next = 0, attempt = "", ended = "", task = null;

    async function texts() {
        const now = `${task.run}.${task.attempt}`;
        if (now !== attempt) [attempt, next] = [now, 0];
        log.node.hidden = !task.attempt;
        if (!task.attempt || ended === now) return;
        const more = await readText(`${path}/output?from=${next}`, signal);
        output.set((next ? output.get() : "") + more.text);
        next = Number(more.headers.get("Bide-Output-Next")) || 0;
        output.node.hidden = !output.get();
        log.set((await readText(`${path}/log`, signal)).text);
        if (isEnding(task.status)) ended = now;
    }

    async function load() {
        const before = task?.status;
        task = await readTask(path, signal);
        if (before && before !== task.status) announce(`The task is ${task.status}`);
        if (before && !isEnding(task.status)) follow(id); // a retry: its stream had ended
        parts.draw(task);
        buttons.set(task);
        const tried = await read(`${path}/attempts`, signal);
        redraw(history, tried, () => attempts(tried));
        await texts();
    }
    const soon = unhurried(() => shown(problem, load), 500);

    put(place, h("div.heading", null, title, state, buttons.node), h("p", null, idOf(id, true)), problem, top,
        h("div.grid", null,
            h("div.third.page", null, about, history), h("div.most.page", null, chain, output.node, result, made, log.node, input)));
    await load();

    /** An event of this task has all that a list shows; what is not in it is read. */
    function update(events) {
        let stale = false;
        for (const { kind, data } of events) {
            if (kind === "again") stale = true;
            if (!data || (data.id !== id && data.task_id !== id)) continue;
            stale = true;
            if (kind === "task.progress" && data.progress && task.status === "running") {
                task = { ...task, progress: data.progress };
                parts.goesOn(task);
            }
        }
        if (stale) soon();
    }
    return { title: `${task.type} ${id.slice(-8)}`, update };
}
