// SPDX-License-Identifier: Apache-2.0
//
// Asking the server. Where it refuses, a Problem with its own words; where it does not answer, Away. A token is asked for
// when the server wants one and kept for this tab only.

import { askToken } from "./dialog.js";

/** Where the server is: this file is at ui/BUILD/api.js of it. */
export const BASE = new URL("../../", import.meta.url);

export class Problem extends Error {
    constructor(status, body) {
        const more = (body.errors || []).map((e) => e.detail).filter((detail) => detail && detail !== body.detail);
        super([body.detail || body.title || `The server answered ${status}`, ...more].join("; "));
        this.status = status;
        this.code = body.code || "";
    }
}

export class Away extends Error {
    constructor() {
        super("The server does not answer");
    }
}

const watchers = new Set();

/** fn(true) after each answer, fn(false) when there was none. */
export function onReach(fn) {
    watchers.add(fn);
}

const told = (reached) => watchers.forEach((fn) => fn(reached));

export function token() {
    try {
        return sessionStorage.getItem("bide-token") || "";
    } catch {
        return "";
    }
}

function keep(text) {
    try {
        if (text) sessionStorage.setItem("bide-token", text);
        else sessionStorage.removeItem("bide-token");
    } catch {
        // No storage: it is asked for again.
    }
    return text;
}

async function once(path, { method = "GET", body, type = "application/json", signal } = {}, key = token()) {
    const headers = {};
    if (key) headers.Authorization = `Bearer ${key}`;
    if (body !== undefined) headers["Content-Type"] = type;
    let answer;
    try {
        answer = await fetch(new URL(path, BASE), {
            method, headers, signal, cache: "no-store", body: body === undefined ? undefined : JSON.stringify(body),
        });
    } catch (error) {
        if (error.name === "AbortError") throw error;
        told(false);
        throw new Away();
    }
    told(true);
    if (answer.ok || answer.status === 304) return answer;
    const text = await answer.text();
    try {
        throw new Problem(answer.status, JSON.parse(text));
    } catch (error) {
        throw error instanceof Problem ? error : new Problem(answer.status, { detail: text.slice(0, 500) });
    }
}

/** Whether anybody answers; the watchers are told. */
export async function reachable() {
    return once("livez").then(() => true, (error) => error instanceof Problem);
}

/** With 401 and 403: once more with the token that the person gives. A read that was refused asks only once. */
let declined = false;
async function answered(path, options = {}) {
    try {
        return await once(path, options);
    } catch (error) {
        const wanted = error instanceof Problem && (error.status === 401 || error.status === 403);
        const acts = options.method && options.method !== "GET";
        if (!wanted || (declined && !acts)) throw error;
        const key = await askToken(error.message);
        declined = !key;
        if (!key) throw error;
        try {
            const answer = await once(path, options, key);
            keep(key);
            return answer;
        } catch (again) {
            if (again instanceof Problem && (again.status === 401 || again.status === 403)) keep("");
            throw again;
        }
    }
}

/** Numbers that JavaScript would write otherwise stay as they were written, where the browser can tell. */
function exactly(key, value, context) {
    const lossy = typeof value === "number" && context?.source && JSON.rawJSON && String(value) !== context.source;
    return lossy ? JSON.rawJSON(context.source) : value;
}

export async function read(path, signal) {
    return (await answered(path, { signal })).json();
}

/** A task: what people gave and got keeps its numbers as they were written, those of the server can be reckoned with. */
export async function readTask(path, signal) {
    const text = await (await answered(path, { signal })).text();
    const task = JSON.parse(text), written = JSON.parse(text, exactly);
    const progress = task.progress && { ...task.progress, data: written.progress.data };
    return { ...task, input: written.input, result: written.result, progress };
}

/** The bytes as text, with the headers. */
export async function readText(path, signal) {
    const answer = await answered(path, { signal });
    return { text: await answer.text(), headers: answer.headers };
}

/** The same of a part that this server may not have: null where it has none. */
export async function readPart(path, signal) {
    try {
        return await read(path, signal);
    } catch (error) {
        if (error instanceof Problem && error.status === 404) return null;
        throw error;
    }
}

export async function post(path, body) {
    const answer = await answered(path, { method: "POST", body });
    const text = await answer.text();
    return text ? JSON.parse(text) : null;
}

export async function patch(path, body) {
    return (await answered(path, { method: "PATCH", body, type: "application/merge-patch+json" })).json();
}

/** "a=1&b=2" of what is there; a list gives its name several times. */
export function query(members) {
    const q = new URLSearchParams();
    for (const [name, value] of Object.entries(members)) {
        for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined && one !== null && one !== "") q.append(name, one);
    }
    return q.toString();
}
