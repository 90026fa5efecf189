// SPDX-License-Identifier: Apache-2.0
//
// A table that is changed in place: rows by key, and of a row only cells whose value became another, so that what has the
// focus or is selected stays. On a narrow screen a row is a card (style.css); the roles say that it still is a table.

import { h, put } from "./dom.js";

export const ROWS = 200; // no page shows more

function makeRow(columns) {
    const cells = columns.map((column) => h(`td${column.name ? `.${column.name}` : ""}`,
        { role: "cell", "data-label": column.hideLabel || column.bare ? "" : column.label }));
    return { node: h("tr", { role: "row" }, cells), cells, values: columns.map(() => undefined) };
}

function fill(row, columns, item) {
    columns.forEach((column, i) => {
        const value = column.value(item);
        const same = value === row.values[i];
        row.values[i] = value;
        if (same) return;
        put(row.cells[i], column.cell ? column.cell(item) : value === null || value === "" ? "–" : String(value));
        row.cells[i].toggleAttribute("data-none", row.cells[i].textContent === "–");
    });
}

/**
 * columns: {label, name, value(item), cell(item)}. `value` tells whether a cell is to be made anew and is its text when there
 * is no `cell`. `name`: classes of the column, with dots between; `bare`: in a card it needs no label. Returns {node, set(items), unfold(key, node)}.
 */
export function table({ caption, columns, key, empty = "Nothing here" }) {
    const head = columns.map((c) => h(`th${c.name ? `.${c.name}` : ""}`, { role: "columnheader", scope: "col" },
        c.hideLabel ? h("span.unseen", null, c.label) : c.label));
    const body = h("tbody", { role: "rowgroup" });
    const none = h("p.faint.none", null, empty);
    const inner = h("table", { role: "table" }, h("caption.unseen", null, caption),
        h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, head)), body);
    const rows = new Map();

    function set(items) {
        const kept = new Map(items.slice(0, ROWS).map((item) => [key(item), item]));
        for (const [id, row] of rows) {
            if (kept.has(id)) continue;
            row.node.remove();
            row.below?.remove();
            rows.delete(id);
        }
        const focused = document.activeElement;
        let at = body.firstChild;
        for (const [id, item] of kept) {
            if (!rows.has(id)) rows.set(id, makeRow(columns));
            const row = rows.get(id);
            for (const node of [row.node, row.below].filter(Boolean)) {
                if (node === at) at = at.nextSibling;
                else body.insertBefore(node, at);
            }
            fill(row, columns, item);
        }
        if (body.contains(focused) && focused !== document.activeElement) focused.focus({ preventScroll: true }); // its row has moved
        none.hidden = kept.size > 0;
        inner.hidden = kept.size === 0;
    }

    /** Puts a node below a row, as wide as all of it, where it stays as long as the row does; null takes it away. */
    function unfold(id, node) {
        const row = rows.get(id);
        row.below?.remove();
        row.below = node && h("tr", { role: "row" }, h("td.below.full", { role: "cell", colspan: columns.length, "data-label": "" }, node));
        if (node) row.node.after(row.below);
    }

    inner.hidden = true;
    return { node: h("div.scroll", null, inner, none), set, unfold };
}
