// SPDX-License-Identifier: Apache-2.0
//
// Small things that all pages are made of.

import { Away } from "./api.js";
import { h, s, say } from "./dom.js";
import { exact, relative, shortId } from "./text.js";

export const STATUSES = ["blocked", "scheduled", "retrying", "pending", "running", "completed", "failed", "cancelled", "expired"];
export const ENDINGS = ["completed", "failed", "cancelled", "expired"];
export const isEnding = (status) => ENDINGS.includes(status);

/** A word in its colour; the word is there too, so the colour says nothing alone. */
export function badge(word, kind = word) {
    return h(`span.badge.is-${kind}`, null, word);
}

/** A moment as it is from here; the moment itself as its title. */
export function when(iso) {
    return iso ? h("time", { datetime: iso, title: exact(iso) }, relative(iso)) : h("span.faint", null, "–");
}

/** Brings all moments on the page up to now. */
export function tick(root = document) {
    const now = Date.now();
    for (const node of root.querySelectorAll("time[datetime]")) say(node, relative(node.dateTime, now));
}

export const linkTo = (page, text, props) => h("a", { href: `#/${page}`, ...props }, text);

/** A task's id, shortened unless it is wanted whole, with a button that copies all of it. */
export function idOf(id, whole) {
    const copy = h("button.copy", {
        type: "button", "aria-label": `Copy id ${id}`, title: "Copy the id",
        onclick: () => navigator.clipboard.writeText(id).then(() => toast("The id is copied"), () => toast("The browser does not let it be copied", true)),
    }, s("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, s("path", { d: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3" })));
    return h(whole ? "span.id.whole" : "span.id", null, whole ? id : linkTo(`tasks/${id}`, shortId(id), { title: id }), copy);
}

/** How far it is; without a percentage a bar that says no number. */
export function progress(p) {
    if (!p) return null;
    const text = [p.percent === null ? "" : `${Math.round(p.percent)} %`, p.message].filter(Boolean).join(" · ");
    const bar = h("progress", { max: 100, value: p.percent ?? undefined, "aria-label": text || "under way" });
    return h("span.progress", null, bar, h("span.clip", null, text));
}

/** For those who hear the page. */
export function announce(text) {
    say(document.getElementById("news"), text);
}

export function toast(text, bad) {
    const node = h(bad ? "p.toast.bad" : "p.toast", null, text);
    const box = document.getElementById("toasts");
    box.append(node);
    while (box.children.length > 3) box.firstChild.remove();
    setTimeout(() => node.remove(), bad ? 12000 : 5000);
}

/** Does it and says what came of it; a refusal in the server's words. `done`: a text, or what makes one of the answer. */
export async function act(work, done) {
    try {
        const answer = await work();
        toast(typeof done === "function" ? done(answer) : done);
        return true;
    } catch (error) {
        toast(error.message, true);
        return false;
    }
}

/** A button that can be pressed once at a time. */
export function button(text, onclick, props = {}, what = "button") {
    const node = h(what, { type: "button", ...props }, text);
    node.addEventListener("click", async () => {
        if (node.getAttribute("aria-disabled") === "true") return;
        node.setAttribute("aria-disabled", "true");
        try {
            await onclick();
        } finally {
            node.removeAttribute("aria-disabled");
        }
    });
    return node;
}

/** A part of a page with its heading. */
export function section(title, ...children) {
    return h("section.panel", null, h("h2", null, title), ...children);
}

/** Runs a page's read and shows a refusal where the page is; that the server is away the banner says. */
export async function shown(place, work) {
    try {
        await work();
        place.hidden = true;
    } catch (error) {
        if (error.name === "AbortError" || error instanceof Away) return;
        say(place, error.message);
        place.hidden = false;
    }
}

export const problemPlace = () => h("p.banner", { role: "alert", hidden: true });
