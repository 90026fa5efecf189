// SPDX-License-Identifier: Apache-2.0
//
// Elements from calls. What comes from the server becomes text nodes and attributes, never markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, props, children) {
    for (const [name, value] of Object.entries(props || {})) {
        if (value === undefined || value === null || value === false) continue;
        if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
        else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return node;
}

/** h("p.faint", {title}, "text", node, ...): an element; `on...` properties are listeners. */
export function h(what, props, ...children) {
    const [tag, ...classes] = what.split(".");
    const node = document.createElement(tag);
    if (classes.length) node.className = classes.join(" ");
    return fill(node, props, children);
}

/** The same of SVG. */
export function s(tag, props, ...children) {
    return fill(document.createElementNS(SVG, tag), props, children);
}

const HOLDS_FOCUS = "a, button, input, select, summary, [tabindex]";
const MARKS = [(one) => one.getAttribute("href"), (one) => one.getAttribute("aria-label") || one.textContent];

/** Where the focus is in a node; the function that is returned finds that again: by its address, by its name, else by its place. */
function focusIn(node) {
    const had = document.activeElement;
    if (had === node || !node.contains(had)) return () => {};
    const before = [...node.querySelectorAll(HOLDS_FOCUS)];
    return () => {
        const after = [...node.querySelectorAll(HOLDS_FOCUS)];
        const nth = (list, n) => list[Math.max(0, Math.min(n, list.length - 1))];
        for (const mark of MARKS) {
            const alike = (one) => one.tagName === had.tagName && mark(one) === mark(had);
            const found = mark(had) ? after.filter(alike) : [];
            if (found.length) return nth(found, before.filter(alike).indexOf(had)).focus({ preventScroll: true });
        }
        return nth(after, before.indexOf(had))?.focus({ preventScroll: true });
    };
}

/** Puts children in place of what a node has; what had the focus in it leaves it to what is there in its place. */
export function put(node, ...children) {
    const refocus = focusIn(node);
    node.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    refocus();
}

const drawn = new WeakMap();

/** The same with what make() gives, and only when `value` is another than the last time: what is selected or scrolled stays. */
export function redraw(node, value, make) {
    const text = JSON.stringify(value ?? null);
    if (drawn.get(node) === text) return;
    put(node, make());
    drawn.set(node, text);
}

/** Sets a text, and touches nothing when it is that already. */
export function say(node, text) {
    if (node.textContent !== text) node.textContent = text;
}
