// SPDX-License-Identifier: Apache-2.0
//
// How an attempt ends other than well: what a handler throws, and the `fail` frame that is made of it.
import { inspect } from "node:util";

import * as frames from "./frames.js";

/** The task was cancelled or ran out of time: let it pass. */
export class Cancelled extends Error {
    /** `reason`: user, timeout, stalled, shutdown or lost. */
    constructor(reason = "user") {
        super(`the task was cancelled: ${reason}`);
        this.name = "Cancelled";
        this.reason = reason;
    }
}

/** Ends the attempt as failed. The options are told of in verdict.d.ts. */
export class Fail extends Error {
    constructor(code, message, { retry, retryAfterMs = 0, detail, recycle = false, cause } = {}) {
        super(message, cause === undefined ? undefined : { cause });
        this.name = "Fail";
        this.code = code;
        this.retry = retry;
        this.retryAfterMs = retryAfterMs;
        this.detail = detail;
        this.recycle = recycle;
    }
}

/** Ends the attempt as failed and asks for another one. */
export class Retry extends Fail {
    constructor(message = "to be tried again", { afterMs = 0, code = "worker_error", detail, cause } = {}) {
        if (!(afterMs >= 0)) throw new RangeError("afterMs: a number of milliseconds from 0");
        super(code, message, { retry: true, retryAfterMs: Math.round(afterMs), detail, cause });
        this.name = "Retry";
    }
}

/** The handler's result cannot be told as JSON that bide takes. */
export class BadResult extends TypeError {
    name = "BadResult";
}

/** The fields of a fail frame for whatever was thrown. `retryOn`, `noRetry`: see Worker.task. Never throws. */
export function failure(error, { retryOn, noRetry = [] } = {}) {
    const fields = { code: "worker_error", message: wordsOf(error), type: typeOf(error), detail: traceOf(error) };
    if (error instanceof Fail) {
        fields.code = frames.clip(textOf(() => error.code), frames.NAME);
        fields.detail = error.detail === undefined ? traceOf(error.cause ?? "") : textOf(() => error.detail);
        fields.retry_after_ms = error.retryAfterMs;
        fields.recycle = Boolean(error.recycle);
        if (error.retry !== undefined) fields.retry = Boolean(error.retry);
    } else if (error instanceof BadResult) {
        fields.code = "bad_result";
    } else if (noRetry.some((kind) => error instanceof kind)) {
        fields.retry = false;
    } else if (retryOn !== undefined) {
        fields.retry = retryOn.some((kind) => error instanceof kind);
    }
    fields.message = frames.clip(fields.message, frames.MESSAGE);
    fields.detail = frames.clipTail(fields.detail, frames.DETAIL);
    return fields;
}

/** Its message; of an error that has none, its class; of anything else that was thrown, its text. */
function wordsOf(error) {
    return textOf(() => (error instanceof Error ? error.message : error)) || typeOf(error);
}

function typeOf(error) {
    const name = textOf(() => (error instanceof Error ? error.name : error?.constructor?.name));
    return frames.clip(name || (error instanceof Error ? "Error" : typeof error), frames.NAME);
}

/** With its stack, and that of its causes. */
function traceOf(error) {
    return textOf(() => (typeof error === "string" ? error : inspect(error)));
}

/** The text of what `look` returns; empty when there is none, or when it throws where it is looked at. */
function textOf(look) {
    try {
        const value = look();
        if (value === undefined || value === null) return "";
        return typeof value === "object" ? inspect(value) : String(value);
    } catch {
        return "";
    }
}
