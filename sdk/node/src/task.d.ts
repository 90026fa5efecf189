// SPDX-License-Identifier: Apache-2.0
import type { SubmitFields } from "./records.js";

/** What a handler is given. */
export class Task<Input = any> {
    private constructor();
    readonly id: string;
    readonly type: string;
    /** From 1; 0: a warm-up, whose result nobody sees. */
    readonly attempt: number;
    /** How long this attempt may take; null: not said. */
    readonly timeoutMs: number | null;
    /** This attempt's directory: write output files here and name them with `file`. */
    readonly dir: string;
    /** What was submitted, parsed. */
    readonly input: Input;
    /** What an earlier attempt gave to `save`; null when there is nothing. */
    readonly resume: any;
    /** The output files that were named. */
    readonly files: readonly string[];
    /** Aborts when the task is cancelled or out of time, with a Cancelled as its reason: give it to fetch, to timers, to
     * whatever takes a signal. */
    readonly signal: AbortSignal;
    /** Whether `signal` has aborted. */
    readonly cancelled: boolean;
    /** Once `cancelled`: user, timeout, stalled, shutdown, or lost: the server gave a puller's task to another. */
    readonly cancelReason: string | null;
    /** True once it has its verdict. */
    readonly settled: boolean;

    /** Throws Cancelled when the task was cancelled. (Not in a batch: the others of the batch must go on.) A cancel is
     * heard while the handler awaits something. */
    check(): void;

    /** Tells how far it is: `percent` 0..100, `message` up to 4 KiB, `data` a small object (up to 16 KiB). Throws
     * Cancelled, and TypeError or RangeError for data that cannot be told. */
    progress(percent?: number | null, message?: string | null, data?: any): void;

    /** Adds to the task's log; `level` is info by default. Throws Cancelled. */
    log(text: string, level?: "debug" | "info" | "warning" | "error"): void;

    /** Sends the next piece of streamed output. Throws Cancelled. */
    output(text: string): void;

    /** A checkpoint: the next attempt finds it in `resume`. Up to 1 MiB of JSON. Throws Cancelled, and TypeError or
     * RangeError when it cannot be told. */
    save(data: any): void;

    /** Names an output file. Returns the path to write it to, in the attempt's directory. At most 256 a task. Throws
     * TypeError for a name that would leave it, RangeError for one too many. */
    file(name: string): string;

    /** Has another task submitted when this one completes by this attempt, in whatever way that is said; nothing follows one
     * that fails or is cancelled. `input`: anything JSON can hold; default: it gets the task that ended, with its result, as
     * `Client.get` shows it. `options`: the other fields of a submit; `subject` is that of this task unless said. At most 16 a
     * task. A type that the server does not know, or any other field that it refuses, fails the attempt as bad_result. Throws
     * RangeError for one too many, and for a Date that is none. */
    next(type: string, input?: any, options?: SubmitFields): void;

    /** In a batch: this task is completed, now. `result`: anything JSON can hold, up to 16 MiB. Once settled, whatever else
     * is said about the task is not heard. */
    done(result?: any): void;

    /** In a batch: this task has failed, now, with this error. */
    fail(error: unknown): void;
}
