// SPDX-License-Identifier: Apache-2.0
//
// How many came and ended, and how long they waited and ran, from what the server keeps of the last hour and day. Nothing of
// it is shown where it keeps none.

import { readPart } from "../api.js";
import { chart } from "../chart.js";
import { h, say } from "../dom.js";
import { unhurried } from "../live.js";
import { problemPlace, section, shown } from "../parts.js";
import { table } from "../table.js";
import { count, duration } from "../text.js";

const WINDOWS = [["1h", "the last hour", "last_1h"], ["24h", "the last day", "last_24h"]];
const perMinute = (v) => `${v >= 10 || v === 0 ? count(Math.round(v)) : v.toFixed(1)}/min`;
const share = (v) => (v === null ? "–" : `${(v * 100).toFixed(v > 0 && v < 0.01 ? 2 : 0)} %`);

const CHARTS = [
    { title: "Tasks each minute", unit: perMinute, each: true,
        series: [["submitted", "submitted", "running"], ["completed", "completed", "completed"], ["failed", "failed", "failed"]] },
    { title: "Time until a start", unit: duration, series: [["wait_p50_ms", "half within", "p50"], ["wait_p99_ms", "99 % within", "p95"]] },
    { title: "Time that attempts took", unit: duration, series: [["run_p50_ms", "half within", "p50"], ["run_p99_ms", "99 % within", "p95"]] },
];

/** Numbers of each step as those of a minute; of the last, which is under way, nobody can say yet what it will be. */
const rated = (values, step) => values.slice(0, -1).map((v) => (v === null ? null : (v * 60000) / step));

/** Of a type what it did in the window that is shown. */
function typeColumns() {
    const number = (label, value) => ({ label, name: "number", value });
    const times = (label, name) => ({ label, name: "number.full", value: ({ of }) => [of[name].p50, of[name].p90, of[name].p99].map((ms) => duration(ms)).join(" · ") });
    return [
        { label: "Type", name: "wrap", bare: true, value: ({ type }) => type },
        number("Submitted", ({ of }) => count(of.submitted)),
        number("Completed", ({ of }) => count(of.completed)),
        number("Failed", ({ of }) => `${count(of.failed)} (${share(of.failed_share)})`),
        number("Each minute", ({ of }) => perMinute(of.completed_per_minute)),
        times("Wait p50 · p90 · p99", "wait_ms"),
        times("Run p50 · p90 · p99", "run_ms"),
    ];
}

/** Returns {nodes, told(stats), soon()}: panels for the overview, none where the server has nothing of it. */
export async function rates(signal) {
    let chosen = WINDOWS[0], stats = null;
    const path = () => `v1/analytics?window=${chosen[0]}`;
    const first = await readPart(path(), signal).catch((error) => ({ error }));
    if (first === null) return { nodes: [], told() {}, soon() {} };

    const problem = problemPlace();
    const types = table({ caption: "Types: rates and times", columns: typeColumns(), key: ({ type }) => type, empty: "Nothing has been submitted" });
    const charts = CHARTS.map((one) => chart(one.title, one.unit));
    const notes = CHARTS.map(() => h("p.faint"));
    const select = h("select", { id: "window", onchange: () => {
        chosen = WINDOWS.find(([value]) => value === select.value);
        load();
        told(stats);
    } }, WINDOWS.map(([value, words]) => h("option", { value }, words)));

    function set({ from, step_ms: step, series }) {
        CHARTS.forEach((one, i) => {
            const known = one.series.filter(([name]) => series[name]?.length);
            if (!known.length) return;
            const drawn = (name) => (one.each ? rated(series[name], step) : series[name]);
            charts[i].set({
                times: drawn(known[0][0]).map((_, n) => Date.parse(from) + n * step),
                series: known.map(([name, label, kind]) => ({ label, kind, values: drawn(name) })),
            });
            say(notes[i], one.each ? `Whole ${step < 3600000 ? "minutes" : "hours"}, without the one under way` : "");
        });
    }
    function told(now) {
        stats = now;
        types.set((stats?.types || []).map((t) => ({ type: t.type, of: t[chosen[2]] })));
    }
    const load = () => shown(problem, async () => set(await readPart(path(), signal)));
    await shown(problem, () => {
        if (first.error) throw first.error;
        set(first);
    });

    const nodes = [
        h("div.row", null, h("label", { for: "window" }, "What happened in"), select), problem,
        ...CHARTS.map((one, i) => h("div.third", null, section(one.title, charts[i].node, notes[i]))),
        section("By type", types.node),
    ];
    return { nodes, told, soon: unhurried(load, 10000) };
}
