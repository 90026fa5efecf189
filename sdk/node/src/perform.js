// SPDX-License-Identifier: Apache-2.0
//
// Runs a job, a handler with its task or its batch, with all that is around it, from the first hook to the verdict.
//
//     check ─▶ before hooks ─▶ handler ─▶ after hooks ─▶ done | fail | cancelled
import { control } from "./task.js";
import { BadResult, Cancelled, Fail } from "./verdict.js";

/** Every task has its verdict when this resolves. Rejects when one could not be told. */
export async function perform(handlers, { entry, tasks }) {
    for (const task of tasks) control.judge(task, entry?.verdicts ?? {});
    const began = performance.now();
    const outcomes = entry?.maxBatch ? await many(handlers, entry, tasks) : [await one(handlers, entry, tasks[0])];
    const ms = performance.now() - began;
    for (const [n, task] of tasks.entries()) {
        const status = statusOf(task, outcomes[n]);
        await after(handlers, task, { status, result: undefined, error: undefined, ...outcomes[n], ms });
        if (status === "completed") task.done(outcomes[n].result);
        else if (status === "failed") task.fail(outcomes[n].error);
        else control.obey(task);
    }
}

/** `{result}`, or the `{error}` that was thrown. */
async function one(handlers, entry, task) {
    try {
        if (!entry) {
            throw new Fail("invalid_input", `this worker has no handler for type ${JSON.stringify(task.type)}`, { retry: false });
        }
        await before(handlers, task);
        return { result: await entry.handler(task) };
    } catch (error) {
        return { error };
    }
}

/** The same for each task of a batch. Those that a hook refused, or that were cancelled before, are not in it. */
async function many(handlers, entry, tasks) {
    const outcomes = new Map();
    for (const task of tasks) {
        try {
            await before(handlers, task);
        } catch (error) {
            outcomes.set(task, { error });
        }
        control.share(task);
    }
    const batch = tasks.filter((task) => !outcomes.has(task));
    if (batch.length > 0) {
        const given = await together(entry, batch);
        for (const [n, task] of batch.entries()) {
            outcomes.set(task, task.cancelled ? { error: task.signal.reason } : given[n]);
        }
    }
    return tasks.map((task) => outcomes.get(task));
}

async function together(entry, batch) {
    try {
        const results = await entry.handler(batch);
        if (results === undefined && batch.every((task) => task.settled)) return batch.map(() => ({}));
        if (results === undefined) {
            throw new Fail("no_reply", "the batch handler returned nothing, and not every task of its batch was settled");
        }
        if (!Array.isArray(results)) throw new BadResult("the batch handler returned no array: a result for each task is needed");
        if (results.length !== batch.length) {
            throw new BadResult(`the batch handler returned ${results.length} results for ${batch.length} tasks`);
        }
        return results.map((value) => (value instanceof Error ? { error: value } : { result: value }));
    } catch (error) {
        return batch.map(() => ({ error }));
    }
}

async function before(handlers, task) {
    task.check(); // cancelled while it waited
    for (const hook of handlers.befores) await hook(task);
}

async function after(handlers, task, outcome) {
    for (const hook of handlers.afters) {
        try {
            await hook(task, outcome);
        } catch (error) {
            console.error(error);
        }
    }
}

function statusOf(task, outcome) {
    if (!("error" in outcome)) return "completed";
    return task.cancelled && isObedience(outcome.error) ? "cancelled" : "failed";
}

/** What a handler throws because it obeyed is a cancel: ours, or the AbortError that Node's own functions make of it. */
function isObedience(error) {
    return error instanceof Cancelled || (error instanceof Error && error.name === "AbortError");
}
