// SPDX-License-Identifier: Apache-2.0
//
// Cancel and retry of several tasks: of those that are picked, else of all that fit the filter, on this page or not.

import { post } from "../api.js";
import { sure } from "../dialog.js";
import { h, say } from "../dom.js";
import { act, button, isEnding } from "../parts.js";
import { plural } from "../text.js";

/** The filter as the body of tasks:cancel and tasks:retry; null where it cannot say the same: with two values of one tag. */
function bodyOf({ status, type, queue, subject, tag }) {
    const pairs = (tag || []).map((one) => {
        const at = one.search(/[:=]/);
        return [one.slice(0, at), one.slice(at + 1)];
    });
    const tags = Object.fromEntries(pairs);
    if (Object.keys(tags).length < pairs.length) return null;
    const body = Object.fromEntries(Object.entries({ status, type, queue, subject }).filter(([, value]) => value));
    return pairs.length ? { ...body, tags } : body;
}

function words(body) {
    const said = Object.entries(body).map(([name, value]) =>
        name === "tags" ? Object.entries(value).map(([key, text]) => `tag ${key}:${text}`).join(" and ") : `${name} ${value}`);
    return said.join(", ");
}

/** As often as the server says that there is more. */
async function all(verb, body) {
    const sum = { changed: 0, skipped: 0 };
    for (;;) {
        const answer = await post(`v1/tasks:${verb}`, body);
        sum.changed += answer.changed;
        sum.skipped += answer.skipped;
        if (!answer.more) return sum;
    }
}

/** Of an answered cancel, which is no error where there was nothing to do: whether it did it, or will have. */
function cancelled(before, after) {
    if (!isEnding(after.status)) return after.cancel_requested;
    return after.status === "cancelled" && !(before.status === "cancelled" && before.run === after.run);
}

async function each(verb, tasks) {
    const sum = { changed: 0, skipped: 0, why: "" };
    for (const before of tasks) {
        try {
            const after = await post(`v1/tasks/${before.id}/${verb}`);
            if (verb !== "cancel" || cancelled(before, after)) sum.changed++;
            else sum.skipped++;
        } catch (error) {
            if (!error.status) throw error;
            sum.skipped++;
            sum.why = error.message;
        }
    }
    return sum;
}

const told = (did) => ({ changed, skipped, why }) =>
    `${plural(changed, "task")} ${did}${skipped ? `, ${skipped} left as ${skipped === 1 ? "it is" : "they are"}${why ? `: ${why}` : ""}` : ""}`;

/** Returns {node, changed()}; `filter`: null when all that fit cannot be named; `picked`: tasks by id. */
export function bulk(filter, picked, done) {
    const body = (filter && bodyOf(filter)) || {};
    const fits = Object.keys(body).length > 0;

    const cancel = button("", async () => {
        const some = [...picked.values()];
        const what = some.length ? plural(some.length, "picked task") : `all tasks with ${words(body)} that have not ended`;
        if (!(await sure("Cancel tasks", `This cancels ${what}. It cannot be undone.`, "Cancel them"))) return;
        await act(() => (some.length ? each("cancel", some) : all("cancel", body)), told("cancelled"));
        done();
    }, {}, "button.danger");
    const retry = button("", async () => {
        const some = [...picked.values()];
        const what = some.length ? plural(some.length, "picked task") : `all ${body.status ? "" : "failed "}tasks with ${words(body)}`;
        if (!(await sure("Retry tasks", `This begins another run of ${what}.`, "Retry them"))) return;
        await act(() => (some.length ? each("retry", some) : all("retry", body)), told("begun anew"));
        done();
    });

    function changed() {
        const n = picked.size, some = [...picked.values()];
        cancel.hidden = n ? !some.some((task) => !isEnding(task.status)) : !fits || isEnding(body.status);
        retry.hidden = n ? !some.some((task) => isEnding(task.status)) : !fits || Boolean(body.status && !isEnding(body.status));
        say(cancel, n ? `Cancel ${n} picked` : "Cancel all that fit");
        say(retry, n ? `Retry ${n} picked` : body.status ? "Retry all that fit" : "Retry all failed that fit");
    }
    changed();
    return { node: h("div.row", null, retry, cancel), changed };
}
