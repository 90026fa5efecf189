// SPDX-License-Identifier: Apache-2.0
//
// What happens, as it happens: one stream for the page. Where there is none, or it is cut, the page is told to read again
// every 2 seconds. A page that nobody sees hears nothing and asks nothing.
//
//   streaming ── cut, refused ──▶ polling ── stream open ──▶ streaming          hidden: neither
//
// Listeners get lists of {kind, data}, at most four a second, however much comes. "again" means: read again.

import { token } from "./api.js";

const KINDS = ["created", "started", "progress", "output", "log", "retrying", "completed", "failed", "cancelled", "expired"]
    .map((word) => `task.${word}`)
    .concat("notification.created", "reset", "end");
const EVERYTHING = "v1/events";
const FLUSH_MS = 250;
const POLL_MS = 2000;
const SLOW_MS = 10000; // beside a stream: what no event tells, as the memory of workers
const RETRY_MS = 30000; // a stream that was refused
const QUEUED = 2000; // more than these at once: read again instead

const listeners = new Set();
let base, source, path, mode = "polling", onMode;
let waiting = []; // {kind, text}: read only when it is shown, for of a flood most is not
let flushing = false, flushed = 0;
let pulse = 0, retry = 0;

function flush() {
    flushing = false;
    flushed = performance.now();
    const events = waiting.map(({ kind, text }) => ({ kind, data: text && parsed(text) }));
    waiting = [];
    if (!document.hidden) listeners.forEach((fn) => fn(events));
}

function add(kind, text) {
    if (waiting.length >= QUEUED) waiting = [{ kind: "again" }];
    else if (!(kind === "again" && waiting.some((event) => event.kind === kind))) waiting.push({ kind, text });
    if (flushing) return;
    flushing = true;
    setTimeout(() => requestAnimationFrame(flush), Math.max(0, FLUSH_MS - (performance.now() - flushed)));
}

function became(next) {
    mode = next;
    clearInterval(pulse);
    pulse = document.hidden ? 0 : setInterval(() => add("again"), mode === "streaming" ? SLOW_MS : POLL_MS);
    onMode?.(mode);
}

function parsed(text) {
    try {
        return JSON.parse(text);
    } catch {
        return null;
    }
}

function on(event) {
    if (event.type === "end") { // the task's stream is over: all of them from here on
        open(EVERYTHING);
        add("again");
    } else if (event.type === "reset") {
        add("again");
    } else {
        add(event.type, event.data);
    }
}

function close() {
    clearTimeout(retry);
    source?.close();
    source = null;
}

/** A stream cannot carry a token, so with one it is polling. */
function open(wanted) {
    close();
    path = wanted;
    if (document.hidden || token()) return became("polling");
    if (!pulse) became("polling"); // it was hidden
    const opened = new EventSource(new URL(path, base));
    source = opened;
    opened.onopen = () => {
        became("streaming");
        add("again");
    };
    opened.onerror = () => {
        if (source !== opened) return;
        if (mode !== "polling") became("polling");
        if (opened.readyState === EventSource.CLOSED) retry = setTimeout(() => open(EVERYTHING), RETRY_MS);
    };
    KINDS.forEach((kind) => opened.addEventListener(kind, on));
}

/** Begins; `told` hears "streaming" and "polling". */
export function start(at, told) {
    base = at;
    onMode = told;
    document.addEventListener("visibilitychange", () => {
        open(path || EVERYTHING);
        if (!document.hidden) add("again");
    });
    became("polling");
}

/** fn gets what happens until the returned function is called. `task`: an id, when only that one matters. */
export function listen(fn) {
    listeners.add(fn);
    return () => listeners.delete(fn);
}

/** What the stream is about from here on: everything, or one task. */
export function follow(task) {
    const wanted = task ? `v1/tasks/${encodeURIComponent(task)}/events` : EVERYTHING;
    if (wanted !== path || !source) open(wanted);
}

/**
 * A function that runs `load` soon: one at a time, at most one begun in `ms`; asked meanwhile, it runs once more.
 */
export function unhurried(load, ms = 1000) {
    let running = false, again = false, begun = -Infinity;
    return async function run() {
        if (running) {
            again = true;
            return;
        }
        running = true;
        const rest = ms - (performance.now() - begun);
        if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
        begun = performance.now();
        try {
            await load();
        } finally {
            running = false;
        }
        if (again) {
            again = false;
            run();
        }
    };
}
