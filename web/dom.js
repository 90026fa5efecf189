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

/** Puts children in place of what a node has; a button or link that had the focus leaves it to the first there is. */
export function put(node, ...children) {
    const focused = node.contains(document.activeElement) && node !== document.activeElement;
    node.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    if (focused) node.querySelector("button, a, input")?.focus();
}

/** Sets a text, and touches nothing when it is that already. */
export function say(node, text) {
    if (node.textContent !== text) node.textContent = text;
}
