// SPDX-License-Identifier: Apache-2.0
import type { TaskRecord } from "./records.js";

// What the server refuses: one class for each stable `code` of its problem+json (RFC 9457). A code that this version does
// not know arrives as plain `Problem`.

/** The server answered with an error, or could not be reached. */
export class Problem extends Error {
    constructor(status: number, body: Record<string, any>, retryAfterMs?: number | null, options?: { cause?: unknown });
    /** The stable word of the class. */
    static readonly code: string;
    /** The stable word for what went wrong. */
    readonly code: string;
    /** The HTTP status; 0 when there was no answer. */
    readonly status: number;
    /** One sentence for people; empty when the server gave none. */
    readonly detail: string;
    /** Where the request was wrong: `pointer` is RFC 6901. */
    readonly errors: { pointer: string; detail: string }[];
    /** Names the request in the server's log. */
    readonly requestId: string | null;
    /** How long to wait before trying again, when the server said so. */
    readonly retryAfterMs: number | null;
    /** The whole problem object. */
    readonly body: Record<string, any>;
}

/** 400: the request is not valid; `errors` says where. */
export class Invalid extends Problem {}

/** 400: the text is not valid JSON. */
export class InvalidJson extends Invalid {}

/** 400: a field is not known here. */
export class UnknownField extends Invalid {}

/** 422: no such task type. */
export class UnknownType extends Problem {}

/** 422: no such queue. */
export class UnknownQueue extends Problem {}

/** 422: the input does not fit the schema of its type; `errors` says where. */
export class InvalidInput extends Problem {}

/** 422: no such file. */
export class UnknownFile extends Problem {}

/** 404: there is nothing with this id or at this path. */
export class NotFound extends Problem {}

/** 405: this method is not allowed here. */
export class MethodNotAllowed extends Problem {}

/** 406: none of the accepted media types can be produced. */
export class NotAcceptable extends Problem {}

/** 415: this media type is not accepted here. */
export class UnsupportedMediaType extends Problem {}

/** 413: larger than the limit (an input: 16 MiB). */
export class TooLarge extends Problem {}

/** 409: the state of the task does not allow this. */
export class Conflict extends Problem {}

/** 412: it is not as the request expects it any more. */
export class PreconditionFailed extends Problem {}

/** 422: this Idempotency-Key was used for another request. */
export class IdempotencyKeyReused extends Problem {}

/** 409: the first request with this Idempotency-Key is still being answered. */
export class IdempotencyKeyInUse extends Conflict {}
/** 409: a task that has not ended holds this key; `body.task_id` says which. */
export class KeyHeld extends Conflict {}

/** 416: no part of the range is there. */
export class RangeNotSatisfiable extends Problem {}

/** 409: this attempt is no longer the current one. */
export class StaleFence extends Conflict {}

/** 410: it was here and has been purged. */
export class Gone extends Problem {}

/** 429: the queue is at its capacity; `retryAfterMs` says when to come back. */
export class QueueFull extends Problem {}

/** 503: the server is stopping. */
export class Draining extends Problem {}

/** 503: the store did not accept the write. Nothing was accepted. */
export class StoreUnavailable extends Problem {}

/** 507: there is no space left to store it. Nothing was accepted. */
export class DiskFull extends Problem {}

/** 503: out of memory. */
export class OutOfMemory extends Problem {}

/** 504: it took too long. */
export class Timeout extends Problem {}

/** 503: nothing to give at this moment. */
export class TryAgain extends Problem {}

/** 500: reading or writing failed. */
export class InputOutput extends Problem {}

/** 500: another process holds it. */
export class Locked extends Problem {}

/** 500: the file is not a bide store, or a newer version's. */
export class ForeignStore extends Problem {}

/** 500: the configuration is not valid. */
export class Config extends Problem {}

/** 499: it was cancelled. (A worker's error for this is Cancelled.) */
export class WasCancelled extends Problem {}

/** 501: this is not supported. */
export class Unsupported extends Problem {}

/** 500: an internal error. */
export class Internal extends Problem {}

/** 408: the request took too long to arrive. */
export class RequestTimeout extends Problem {}

/** 414: the request target is too long. */
export class TargetTooLong extends Problem {}

/** 431: the request headers are too large. */
export class HeadersTooLarge extends Problem {}

/** 505: this version of HTTP is not supported. */
export class HttpVersion extends Problem {}

/** 421: the request is for another host. */
export class Misdirected extends Problem {}

/** 426: this is spoken over WebSocket only, of version 13. */
export class UpgradeRequired extends Problem {}

/** 403: this is not allowed. */
export class Forbidden extends Problem {}

/** The server could not be reached, or the connection broke before its answer. `status` is 0; 502, 503 or 504 when a server
 * in front of it said so. Whether a submit was accepted is then not known: with its Idempotency-Key it may be sent again. */
export class Away extends Problem {}

/** 202: the task has no result yet; `retryAfterMs` says when to ask again. */
export class NotEnded extends Problem {}

/** `wait` ran out of time. The task itself goes on. */
export class WaitTimeout extends Error {
    constructor(task: TaskRecord, timeoutMs: number);
    /** The task as last seen. */
    readonly task: TaskRecord;
}
