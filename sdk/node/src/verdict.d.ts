// SPDX-License-Identifier: Apache-2.0

/** The task was cancelled or ran out of time: let it pass. */
export class Cancelled extends Error {
    constructor(reason?: string);
    /** user, timeout, stalled, shutdown or lost. */
    readonly reason: string;
}

export interface FailOptions {
    /** Whether another attempt could succeed; false ends the task at once. Default: the code's own rule. */
    retry?: boolean;
    /** How long to wait before that attempt; default 0: the configured backoff. */
    retryAfterMs?: number;
    /** Anything longer, such as another program's output (up to 32 KiB). Default: the trace of `cause`. */
    detail?: string;
    /** This process should be replaced after the task; default false. */
    recycle?: boolean;
    cause?: unknown;
}

/** Ends the attempt as failed when a handler throws it. Any other error does, too, as `worker_error` with its stack. */
export class Fail extends Error {
    /** `code`: a stable word such as invalid_input. `message`: one sentence for people (up to 4 KiB). */
    constructor(code: string, message: string, options?: FailOptions);
    code: string;
    retry: boolean | undefined;
    retryAfterMs: number;
    detail: string | undefined;
    recycle: boolean;
}

/** Ends the attempt as failed and asks for another one. It counts as a failure: after `max_attempts` of them the task has
 * failed. */
export class Retry extends Fail {
    /** `afterMs`: how long until then, default 0: the configured backoff. `code`: default worker_error. */
    constructor(message?: string, options?: { afterMs?: number; code?: string; detail?: string; cause?: unknown });
}
