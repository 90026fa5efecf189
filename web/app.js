// SPDX-License-Identifier: Apache-2.0
//
// The frame around the pages: which one is shown, the way between them, search, colours, and whether the server is there.
// A page is a module with open(place, {id, query, signal}) that fills the place and returns {title, update(events)}.

import { Away, BASE, onReach, reachable, readPart } from "./api.js";
import { h, put, say } from "./dom.js";
import { follow, listen, start, unhurried } from "./live.js";
import { announce, badge, tick } from "./parts.js";
import { searchTarget } from "./search.js";

const PAGES = [
    { name: "", label: "Overview", load: () => import("./pages/overview.js") },
    { name: "tasks", label: "Tasks", load: () => import("./pages/tasks.js"), one: () => import("./pages/task.js") },
    { name: "queues", label: "Queues", load: () => import("./pages/queues.js") },
    { name: "workers", label: "Workers", load: () => import("./pages/workers.js") },
    { name: "deliveries", label: "Deliveries", load: () => import("./pages/deliveries.js"), part: "v1/deliveries?limit=1" },
    { name: "notifications", label: "Notifications", load: () => import("./pages/notifications.js"), part: "v1/notifications?limit=1", counts: true },
];
const byId = (id) => document.getElementById(id);
const main = byId("main");
let current = null;
const links = new Map();
const missing = new Set(); // pages whose part this server does not have

// ---- which page ----

/** Of a path's part what it says; of one that is escaped wrongly nothing that is there. */
function unescaped(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return "?";
    }
}

/** "#/tasks/ID?status=failed" */
function place() {
    const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
    const [name, id] = path.split("/");
    return { page: PAGES.find((page) => page.name === name), id: id && unescaped(id), query: new URLSearchParams(query) };
}

/** A page's module. One that does not come is of a server that is away, or of one that has been updated. */
async function brought(load) {
    try {
        return await load();
    } catch {
        if (!(await reachable())) throw new Away();
        throw new Error("The dashboard has been updated meanwhile: load the page again");
    }
}

/** `anew`: the same page is tried once more, by itself. */
async function show(anew) {
    const at = place();
    const { page } = at;
    current?.leave.abort();
    const mine = { leave: new AbortController(), update: null, away: false };
    const quiet = anew || current === null, focused = document.activeElement;
    current = mine;
    if (!anew) byId("search").value = at.query.get("q") || "";
    for (const [name, link] of links) {
        if (page?.name === name) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
    }
    const box = h("div.page");
    try {
        if (!page || (at.id && !page.one)) throw new Error("There is no such page");
        const module = await brought(at.id ? page.one : page.load);
        if (current !== mine) return;
        const opened = await module.open(box, { id: at.id, query: at.query, signal: mine.leave.signal, recount: lookForParts });
        if (current !== mine) return;
        mine.update = opened.update;
        document.title = `${opened.title} – bide`;
        follow(at.id && page.name === "tasks" ? at.id : null);
    } catch (error) {
        if (current !== mine) return;
        document.title = "bide";
        mine.away = error instanceof Away;
        put(box, h("h1", null, "This cannot be shown"), h("p", null, error.message));
    }
    put(main, box);
    if (quiet) return;
    window.scrollTo(0, 0);
    if ([focused, document.body].includes(document.activeElement)) main.focus({ preventScroll: true });
    announce(document.title);
}

/** A page that could not be shown for want of a server is tried again as soon as there is one. */
async function revive(lost) {
    if ((await reachable()) && current === lost) show(true);
}

// ---- the frame ----

function buildNav() {
    put(byId("nav"), PAGES.map((page) => {
        const link = h("a", { href: `#/${page.name}` }, page.label);
        if (page.part) link.hidden = true;
        links.set(page.name, link);
        return link;
    }));
}

/** Shows the ways to parts that this server has. Of notifications also how many are new. */
async function lookForParts() {
    for (const page of PAGES.filter((one) => one.part && !missing.has(one.name) && (one.counts || links.get(one.name).hidden))) {
        const answer = await readPart(page.part).catch(() => undefined);
        if (answer === null) missing.add(page.name);
        if (!answer) continue;
        links.get(page.name).hidden = false;
        const unread = answer.unread || 0;
        put(links.get(page.name), page.label, unread ? [" ", badge(`${unread} new`, "running")] : null);
    }
}

const countSoon = unhurried(lookForParts, 10000);

function setTheme(chosen) {
    try {
        if (chosen) localStorage.setItem("bide-theme", chosen);
        else localStorage.removeItem("bide-theme");
    } catch {
        // No storage: until the page is loaded again.
    }
    if (chosen) document.documentElement.dataset.theme = chosen;
    else delete document.documentElement.dataset.theme;
    nameTheme();
}

function nameTheme() {
    const chosen = document.documentElement.dataset.theme;
    say(byId("theme"), `Colours: ${chosen || "system"}`);
}

byId("theme").addEventListener("click", () => {
    const order = ["", "light", "dark"];
    setTheme(order[(order.indexOf(document.documentElement.dataset.theme || "") + 1) % order.length]);
});

byId("find").addEventListener("submit", (event) => {
    event.preventDefault();
    location.hash = searchTarget(byId("search").value);
});

document.querySelector(".skip").addEventListener("click", (event) => { // its address would be that of another page
    event.preventDefault();
    main.focus();
});

document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
    event.preventDefault();
    byId("search").focus();
});

// ---- is the server there? ----

let reached = true, mode = "polling";
function tellState() {
    const [word, kind] = !reached ? ["not connected", "failed"] : mode === "streaming" ? ["live", "completed"] : ["every 2 s", "pending"];
    put(byId("state"), badge(word, kind));
}

onReach((is) => {
    if (is === reached) return;
    reached = is;
    say(byId("banner"), is ? "" : "The server does not answer. What is shown may be old; it is asked again every 2 seconds.");
    byId("banner").hidden = is;
    if (is) announce("The server answers again");
    tellState();
});

start(BASE, (now) => {
    mode = now;
    tellState();
});
listen((events) => {
    if (current?.away) revive(current);
    current?.update?.(events);
    if (events.some(({ kind }) => kind === "notification.created" || kind === "again")) countSoon();
});
setInterval(() => !document.hidden && tick(), 5000);

buildNav();
nameTheme();
window.addEventListener("hashchange", () => show());
show().then(lookForParts);
