// SPDX-License-Identifier: Apache-2.0
//
// Of the page of one task: its attempts as a line in time, its failure, its files, the steps of a chain.

import { BASE } from "../api.js";
import { h } from "../dom.js";
import { badge, section, when } from "../parts.js";
import { duration, plural, size } from "../text.js";

export function failure(error) {
    if (!error) return null;
    return h("div.failure", null, h("b", null, error.code.replaceAll("_", " ")), `: ${error.message}`, error.type ? ` (${error.type})` : "",
        error.detail && error.detail.trim() !== error.message ? h("details", null, h("summary", null, "Detail"), h("pre", { tabindex: "0", "aria-label": "Detail of the error" }, error.detail)) : null);
}

const took = (a) => (a.started_at && a.finished_at ? `took ${duration(Date.parse(a.finished_at) - Date.parse(a.started_at))}` : "");

function attempt(a) {
    return h("li", null,
        h("div.row", null, h("b", null, `Attempt ${a.attempt}`), badge(a.verdict || "running"), when(a.started_at), h("span.faint", null, took(a))),
        a.error && h("p.bad-text", null, `${a.error.code}: ${a.error.message}`),
        a.resumed_from && h("p.faint", null, `went on from the checkpoint of attempt ${a.resumed_from}`),
        a.saved_at && h("p.faint", null, `saved a checkpoint of ${size(a.saved_bytes)}`));
}

function run(number, ended, items) {
    return [h("h3", null, `Run ${number}`, ended ? [" ", badge(ended.status), " ", plural(ended.attempts, "attempt")] : null),
        h("ol.line-of", null, items.map(attempt))];
}

/** All attempts, newest first, by run. */
export function attempts({ items, runs }) {
    if (!items.length && !runs.length) return null;
    const numbers = [...new Set([...items, ...runs].map((one) => one.run))].sort((a, b) => b - a);
    return section("Attempts", numbers.map((n) => run(n, runs.find((r) => r.run === n), items.filter((a) => a.run === n))).flat());
}

export function files(task) {
    if (!task.files.length) return null;
    const at = (name) => new URL(`v1/tasks/${task.id}/${name}`, BASE).href;
    return section("Files",
        h("ul.plain", null, task.files.slice(0, 200).map((name) => h("li", null, h("a", { href: at(`files/${encodeURIComponent(name)}`), download: name }, name)))),
        task.files.length > 1 && h("p", null, h("a", { href: at("files.zip"), download: "" }, `All ${task.files.length} as one archive`)));
}

/** Of a chain: the steps, and the one it is at. */
export function steps(task) {
    if (!task.steps) return null;
    return section("Steps", h("ol", null, task.steps.map((step) =>
        h("li", { "aria-current": step.name === task.step && !task.finished_at ? "step" : undefined }, `${step.name} `, badge(step.status)))));
}
