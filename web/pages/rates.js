// SPDX-License-Identifier: Apache-2.0
//
// How many came and ended, and how long they waited and ran, from what the server keeps of the last hour or day. Nothing of
// it is shown where it keeps none.

import { readPart } from "../api.js";
import { chart } from "../chart.js";
import { h } from "../dom.js";
import { unhurried } from "../live.js";
import { problemPlace, section, shown } from "../parts.js";
import { duration } from "../text.js";

const WINDOWS = [["1h", "the last hour"], ["24h", "the last day"]];
const perSecond = (v) => (v === 0 ? "0" : v >= 10 ? `${Math.round(v)}/s` : v >= 0.1 ? `${v.toFixed(1)}/s` : `${(v * 60).toFixed(1)}/min`);

function timesOf(answer, n) {
    const from = typeof answer.from === "number" ? answer.from : Date.parse(answer.from);
    return Array.from({ length: n }, (_, i) => from + i * answer.step_ms);
}

const rows = [
    { title: "Tasks each second", unit: perSecond, series: [["submitted", "submitted", "running"], ["completed", "completed", "completed"], ["failed", "failed", "failed"]], each: true },
    { title: "Time to wait for a start", unit: duration, series: [["wait_p50", "half within", "p50"], ["wait_p95", "95 % within", "p95"]] },
    { title: "Time that attempts took", unit: duration, series: [["run_p50", "half within", "p50"], ["run_p95", "95 % within", "p95"]] },
];

/** Returns {nodes, soon()}: panels for the overview, none where the server has nothing of it. */
export async function rates(signal) {
    let window = WINDOWS[0][0];
    const path = () => `v1/analytics?window=${window}`;
    const first = await readPart(path(), signal).catch((error) => ({ error }));
    if (first === null) return { nodes: [], soon() {} };

    const problem = problemPlace();
    const select = h("select", { id: "window", onchange: () => { window = select.value; load(); } },
        WINDOWS.map(([value, words]) => h("option", { value }, words)));
    const charts = rows.map((row) => chart(row.title, row.unit));

    function set(answer) {
        rows.forEach((row, i) => {
            const known = row.series.filter(([name]) => Array.isArray(answer.series[name]));
            if (!known.length || !answer.series[known[0][0]].length) return;
            const scale = row.each ? (v) => (v === null ? null : (v * 1000) / answer.step_ms) : (v) => v;
            charts[i].set({
                times: timesOf(answer, answer.series[known[0][0]].length),
                series: known.map(([name, label, kind]) => ({ label, kind, values: answer.series[name].map(scale) })),
            });
        });
    }
    const load = () => shown(problem, async () => {
        const answer = await readPart(path(), signal);
        if (answer) set(answer);
    });
    await shown(problem, () => {
        if (first.error) throw first.error;
        set(first);
    });

    const nodes = rows.map((row, i) => h("div.third", null, section(row.title, charts[i].node)));
    nodes.unshift(h("div", null, h("div.row", null, h("label", { for: "window" }, "Over"), select), problem));
    return { nodes, soon: unhurried(load, 10000) };
}
