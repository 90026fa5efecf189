// SPDX-License-Identifier: Apache-2.0
//
// Lines over time as plain SVG. The lines differ in their dashes, too; what they say is also a text, and a table that can be
// opened.

import { h, put, s } from "./dom.js";
import { clock, plural } from "./text.js";

const WIDTH = 400, HEIGHT = 150, LETTER = 6.2, BOTTOM = 20, TOP = 8;

/** The next that is round, as its half is: 2, 4, 6, 8, 10, 20, ... */
function roundUp(value) {
    const power = 10 ** Math.floor(Math.log10(Math.max(2, value)));
    return [1, 2, 4, 6, 8, 10].map((n) => n * power).find((n) => n >= Math.max(2, value));
}

function lines(times, series, top, left) {
    const x = (i) => left + ((WIDTH - left - 4) * i) / Math.max(1, times.length - 1);
    const y = (v) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - v / top);
    return series.map(({ kind, values }) => {
        let path = "", pen = false;
        values.forEach((v, i) => {
            if (v === null || v === undefined) {
                pen = false;
                return;
            }
            path += `${pen ? "L" : "M"}${x(i).toFixed(1)} ${y(v).toFixed(1)}`;
            if (!pen && (values[i + 1] ?? null) === null) path += "m-2 0a2 2 0 1 0 4 0a2 2 0 1 0 -4 0"; // alone: a dot
            pen = true;
        });
        return s("path", { class: `line is-${kind}`, d: path || "M0 0" });
    });
}

function axes(times, top, unit, left) {
    const marks = [0, top / 2, top].map((v) => {
        const y = TOP + (HEIGHT - TOP - BOTTOM) * (1 - v / top);
        return [s("path", { class: "grid", d: `M${left} ${y}H${WIDTH - 4}` }),
            s("text", { x: left - 6, y: y + 4, "text-anchor": "end" }, unit(v))];
    });
    const ends = [[left, "start", times[0]], [WIDTH - 4, "end", times.at(-1)]].map(([x, anchor, time]) =>
        s("text", { x, y: HEIGHT - 4, "text-anchor": anchor }, clock(time)));
    return [marks, ends];
}

function asTable(times, series, unit) {
    const step = Math.ceil(times.length / 60);
    const rows = times.map((time, i) => [time, i]).filter(([, i]) => i % step === 0).reverse();
    return h("table", null,
        h("thead", null, h("tr", null, h("th", { scope: "col" }, "Time"), series.map((one) => h("th", { scope: "col" }, one.label)))),
        h("tbody", null, rows.map(([time, i]) => h("tr", null, h("th", { scope: "row" }, clock(time)),
            series.map(({ values }) => h("td", null, (values[i] ?? null) === null ? "–" : unit(values[i])))))));
}

/**
 * Returns {node, set({times, series})}: times in ms, series of {label, kind, values}; `unit` makes a text of a value, `kind` is
 * a colour's name. A value that is null is a gap.
 */
export function chart(title, unit) {
    const place = h("div");
    const legend = h("p.legend");
    const rows = h("div.scroll");
    const more = h("details", null, h("summary", null, "As a table"), rows);
    let last = null;
    more.addEventListener("toggle", () => last && more.open && put(rows, asTable(last.times, last.series, unit)));

    function set({ times, series }) {
        last = { times, series };
        const now = series.map(({ label, values }) => {
            const known = values.filter((v) => v !== null && v !== undefined);
            return `${label} ${known.length ? `${unit(known.at(-1))}, at most ${unit(Math.max(...known))}` : "nothing"}`;
        });
        const top = roundUp(Math.max(...series.flatMap(({ values }) => values.map((v) => v || 0)), 0));
        const left = 10 + LETTER * Math.max(...[0, top / 2, top].map((v) => unit(v).length));
        put(place, s("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" },
            s("title", null, title),
            s("desc", null, `${plural(times.length, "value")} from ${clock(times[0])} to ${clock(times.at(-1))}. ${now.join(". ")}.`),
            ...axes(times, top, unit, left).flat(2), ...lines(times, series, top, left)));
        put(legend, series.map(({ label, kind }, i) => h("span", null,
            s("svg", { class: "key", viewBox: "0 0 24 8", "aria-hidden": "true" }, s("path", { class: `line is-${kind}`, d: "M0 4H24" })),
            now[i] || label)));
        if (more.open) put(rows, asTable(times, series, unit));
    }
    return { node: h("figure", { "aria-label": title }, place, legend, more), set };
}
