// SPDX-License-Identifier: Apache-2.0
//
// Questions to the person, in the browser's own dialogs: they hold the focus, Escape closes them, and the focus goes back.

import { h } from "./dom.js";

/** Shows a form; resolves to what `take` makes of it, null when it was closed. */
function show({ title, body, verb, danger, take }) {
    return new Promise((resolve) => {
        let taken = null;
        const name = h("h2", { id: "dialog-title" }, title);
        const close = h("button", { type: "button", onclick: () => box.close() }, "Back");
        const go = h(danger ? "button.danger" : "button.strong", { type: "submit" }, verb);
        const form = h("form", {
            onsubmit: (event) => {
                event.preventDefault();
                taken = take();
                box.close();
            },
        }, name, body, h("div.row.end", null, close, go));
        const box = h("dialog", { "aria-labelledby": "dialog-title" }, form);
        box.addEventListener("close", () => {
            box.remove();
            resolve(taken);
        });
        document.body.append(box);
        box.showModal();
        if (danger) close.focus();
    });
}

/** Before what cannot be undone. */
export async function sure(title, text, verb) {
    return (await show({ title, body: h("p", null, text), verb, danger: true, take: () => true })) === true;
}

let asking = null;

/** One question at a time, however many requests want the answer. */
export function askToken(why) {
    if (asking) return asking;
    const input = h("input", { type: "password", id: "token", autocomplete: "off", required: true });
    const body = [h("p", null, why), h("label", { for: "token" }, "Token"), input,
        h("p.faint", null, "It is kept until this tab is closed.")];
    asking = show({ title: "The server asks for a token", body, verb: "Go on", take: () => input.value.trim() });
    return asking.finally(() => (asking = null));
}

/**
 * A form of fields: {name, label, value, hint, kind}. Resolves to the texts by name, null when it was closed.
 * kind: "text", or a list of [value, words] to choose from.
 */
export function askFields(title, fields, verb) {
    const inputs = {};
    const body = fields.map(({ name, label, value, hint, kind }) => {
        const id = `field-${name}`;
        const props = { id, name, "aria-describedby": hint ? `${id}-hint` : undefined };
        inputs[name] = Array.isArray(kind)
            ? h("select", props, kind.map(([word, text]) => h("option", { value: word, selected: word === value }, text)))
            : h("input", { ...props, type: "text", value, autocomplete: "off" });
        return h("div.field", null, h("label", { for: id }, label), inputs[name], hint && h("p.faint", { id: `${id}-hint` }, hint));
    });
    return show({
        title, body, verb,
        take: () => Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.value.trim()])),
    });
}
