// SPDX-License-Identifier: Apache-2.0
//
// What people were to be told, newest first; new ones are marked until somebody has read them.

import { post, query, read } from "../api.js";
import { h, put, redraw } from "../dom.js";
import { unhurried } from "../live.js";
import { act, badge, button, idOf, linkTo, problemPlace, shown, when } from "../parts.js";

function one(n, done) {
    return h(n.read ? "li" : "li.unread", null,
        h("div.row", null, h("b", null, n.title), !n.read && badge("new", "running"), n.status && badge(n.status), when(n.created_at), n.task_id && idOf(n.task_id),
            !n.read && button("Read", async () => {
                await act(() => post(`v1/notifications/${encodeURIComponent(n.id)}/read`), "It is marked as read");
                done();
            }, { "aria-label": `Mark as read: ${n.title}` })),
        n.message && h("p", null, n.message));
}

export async function open(place, { query: asked, signal, recount }) {
    const problem = problemPlace(), list = h("ul.plain"), pager = h("p.pager"), none = h("p.faint", { hidden: true }, "There is nothing to tell");
    const cursor = asked.get("cursor");
    const allRead = button("Mark all as read", async () => {
        await act(() => post("v1/notifications/read-all"), "All are marked as read");
        done();
    });
    let seen = "";

    async function load() {
        const page = await read(`v1/notifications?${query({ limit: 50, cursor })}`, signal);
        const text = JSON.stringify(page);
        if (text === seen) return;
        seen = text;
        put(list, page.items.map((n) => one(n, done)));
        none.hidden = page.items.length > 0;
        allRead.hidden = !page.unread;
        redraw(pager, page.next_cursor, () => [cursor && linkTo("notifications", "Newest"),
            page.next_cursor && linkTo(`notifications?${query({ cursor: page.next_cursor })}`, "Older")]);
    }
    const soon = unhurried(() => shown(problem, load));
    function done() {
        soon();
        recount();
    }
    put(place, h("div.heading", null, h("h1", null, "Notifications"), allRead), problem, h("div.panel", null, list, none, pager));
    await shown(problem, load);
    return { title: "Notifications", update: () => soon() };
}
