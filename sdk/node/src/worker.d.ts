// SPDX-License-Identifier: Apache-2.0
import type { Task } from "./task.js";

type ErrorClass = abstract new (...args: any[]) => unknown;

export interface HandlerOptions {
    /** Only these classes of errors are worth another attempt. Default: all are. Fail and Retry say it themselves. */
    retryOn?: ErrorClass | ErrorClass[];
    /** These are not; it is asked first. */
    noRetry?: ErrorClass | ErrorClass[];
}

export interface BatchOptions extends HandlerOptions {
    /** The function takes a list of up to so many tasks, from 1. */
    maxBatch: number;
}

/** How an attempt went, for hooks that run after it. */
export interface Outcome {
    status: "completed" | "failed" | "cancelled";
    /** What the handler returned. */
    result: any;
    /** What it threw. */
    error: unknown;
    /** How long it ran, with the hooks before it. */
    ms: number;
}

/** A process that bide starts: it loads once and does task after task. What it prints is the task's log. The same program
 * pulls when it is told to: started by you, on another machine perhaps, it asks a server for its tasks over HTTP. */
export class Worker {
    /** `concurrency`: how many jobs, tasks or batches, it has open at the same time; default 1. Above 1 they take turns at
     * their awaits: a function that computes without any holds up the others. `ping`: have bide kill the process as hung
     * when its event loop stands still for `ping_timeout` (30 s); default false, for functions that compute may take their
     * time. Throws RangeError under 1. */
    constructor(options?: { concurrency?: number; ping?: boolean });
    readonly concurrency: number;
    readonly ping: boolean;

    /** This function does tasks of this type; what it returns, or resolves to, is the result: anything JSON can hold,
     * undefined being null. A trailing * makes the type a prefix; the longest match wins. Throws TypeError for a type that
     * has a function already. */
    task<Input = any>(type: string, handler: (task: Task<Input>) => unknown): this;
    task<Input = any>(type: string, options: BatchOptions, handler: (tasks: Task<Input>[]) => unknown): this;
    /** With `maxBatch` the function takes a list of tasks and returns an array of one result for each in their order, where
     * an Error in the place of a result fails that task alone; or it settles each with `task.done(result)` and
     * `task.fail(error)` as it goes and returns nothing. A cancelled task keeps its place: look at `task.cancelled`, its
     * result is not used. */
    task<Input = any>(type: string, options: HandlerOptions, handler: (task: Task<Input>) => unknown): this;

    /** Run once, before the first task. What it throws ends the worker. */
    load(loader: () => unknown): this;

    /** Run before each task's handler. What it throws is as if the handler had thrown it. */
    before(hook: (task: Task) => unknown): this;

    /** Run after each task's handler and before its verdict is sent; in a batch, once the function has returned. What it
     * throws is printed, the verdict stands. */
    after(hook: (task: Task, outcome: Outcome) => unknown): this;

    /** Loads, says ready and works until bide says stop; resolves then. What still keeps the program alive 5 s later is
     * left behind. Rejects with what a loader threw, and when a frame cannot be read. Ends the program with exit status 1
     * when bide did not start it.
     *
     * `pull`: the URL of a server to ask for tasks, instead of being started by it (http://HOST:PORT, https://HOST:PORT or
     * unix:PATH); default the environment's BIDE_PULL. It asks for the types that have functions, or those of
     * BIDE_PULL_TYPES (with commas), under the name BIDE_PULL_NAME (default: host and process), with BIDE_TOKEN as its
     * token, and beats from a thread of its own, also while a function computes. What is printed stays on this machine.
     * SIGTERM or SIGINT ends it after the tasks it has, a second one at once. Rejects with a Problem when the server will
     * never give it any, such as for a type that it does not know; it waits for one that is away. */
    run(options?: { pull?: string }): Promise<void>;
}
