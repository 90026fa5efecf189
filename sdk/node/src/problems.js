// SPDX-License-Identifier: Apache-2.0
//
// What the server refuses, as errors: one class for each stable `code` of its problem+json (RFC 9457). The codes are
// the rows of the server's src/base/err.def; a test holds the two together. A code that this version does not know
// arrives as plain `Problem`, never as an error of the client.

/** The server answered with an error, or could not be reached. */
export class Problem extends Error {
    /** The stable word of the class. */
    static code = "problem";

    /** `status`: of HTTP, 0 without an answer. `body`: the problem object. `retryAfterMs`: what Retry-After said. */
    constructor(status, body, retryAfterMs = null, options = undefined) {
        super(words(body, status, new.target.code), options);
        this.name = new.target.name;
        this.status = status;
        this.body = body;
        this.code = String(body.code ?? new.target.code);
        this.detail = String(body.detail ?? "");
        this.errors = Array.isArray(body.errors) ? body.errors : [];
        this.requestId = body.request_id ?? null;
        this.retryAfterMs = retryAfterMs;
    }
}

function words(body, status, code) {
    const errors = Array.isArray(body.errors) ? body.errors : [];
    const places = errors.map((error) => `; ${error.pointer ?? ""}: ${error.detail ?? ""}`);
    return `${body.code ?? code}: ${body.detail || body.title || status}${places.join("")}`;
}

/** 400: the request is not valid; `errors` says where. */
export class Invalid extends Problem {
    static code = "invalid";
}

/** 400: the text is not valid JSON. */
export class InvalidJson extends Invalid {
    static code = "invalid_json";
}

/** 400: a field is not known here. */
export class UnknownField extends Invalid {
    static code = "unknown_field";
}

/** 422: no such task type. */
export class UnknownType extends Problem {
    static code = "unknown_type";
}

/** 422: no such queue. */
export class UnknownQueue extends Problem {
    static code = "unknown_queue";
}

/** 422: the input does not fit the schema of its type; `errors` says where. */
export class InvalidInput extends Problem {
    static code = "invalid_input";
}

/** 422: no such file. */
export class UnknownFile extends Problem {
    static code = "unknown_file";
}

/** 404: there is nothing with this id or at this path. */
export class NotFound extends Problem {
    static code = "not_found";
}

/** 405: this method is not allowed here. */
export class MethodNotAllowed extends Problem {
    static code = "method_not_allowed";
}

/** 406: none of the accepted media types can be produced. */
export class NotAcceptable extends Problem {
    static code = "not_acceptable";
}

/** 415: this media type is not accepted here. */
export class UnsupportedMediaType extends Problem {
    static code = "unsupported_media_type";
}

/** 413: larger than the limit (an input: 16 MiB). */
export class TooLarge extends Problem {
    static code = "too_large";
}

/** 409: the state of the task does not allow this. */
export class Conflict extends Problem {
    static code = "conflict";
}

/** 412: it is not as the request expects it any more. */
export class PreconditionFailed extends Problem {
    static code = "precondition_failed";
}

/** 422: this Idempotency-Key was used for another request. */
export class IdempotencyKeyReused extends Problem {
    static code = "idempotency_key_reused";
}

/** 409: the first request with this Idempotency-Key is still being answered. */
export class IdempotencyKeyInUse extends Conflict {
    static code = "idempotency_key_in_use";
}

/** 409: a task that has not ended holds this key; `body.task_id` says which. */
export class KeyHeld extends Conflict {
    static code = "key_held";
}

/** 416: no part of the range is there. */
export class RangeNotSatisfiable extends Problem {
    static code = "range_not_satisfiable";
}

/** 409: this attempt is no longer the current one. */
export class StaleFence extends Conflict {
    static code = "stale_fence";
}

/** 410: it was here and has been purged. */
export class Gone extends Problem {
    static code = "gone";
}

/** 429: the queue is at its capacity; `retryAfterMs` says when to come back. */
export class QueueFull extends Problem {
    static code = "queue_full";
}

/** 503: the server is stopping. */
export class Draining extends Problem {
    static code = "draining";
}

/** 503: the store did not accept the write. Nothing was accepted. */
export class StoreUnavailable extends Problem {
    static code = "store_unavailable";
}

/** 507: there is no space left to store it. Nothing was accepted. */
export class DiskFull extends Problem {
    static code = "disk_full";
}

/** 503: out of memory. */
export class OutOfMemory extends Problem {
    static code = "no_memory";
}

/** 504: it took too long. */
export class Timeout extends Problem {
    static code = "timeout";
}

/** 503: nothing to give at this moment. */
export class TryAgain extends Problem {
    static code = "try_again";
}

/** 500: reading or writing failed. */
export class InputOutput extends Problem {
    static code = "io";
}

/** 500: another process holds it. */
export class Locked extends Problem {
    static code = "locked";
}

/** 500: the file is not a bide store, or a newer version's. */
export class ForeignStore extends Problem {
    static code = "foreign_store";
}

/** 500: the configuration is not valid. */
export class Config extends Problem {
    static code = "config";
}

/** 499: it was cancelled. (A worker's error for this is Cancelled.) */
export class WasCancelled extends Problem {
    static code = "cancelled";
}

/** 501: this is not supported. */
export class Unsupported extends Problem {
    static code = "unsupported";
}

/** 500: an internal error. */
export class Internal extends Problem {
    static code = "internal";
}

/** 408: the request took too long to arrive. */
export class RequestTimeout extends Problem {
    static code = "request_timeout";
}

/** 414: the request target is too long. */
export class TargetTooLong extends Problem {
    static code = "target_too_long";
}

/** 431: the request headers are too large. */
export class HeadersTooLarge extends Problem {
    static code = "headers_too_large";
}

/** 505: this version of HTTP is not supported. */
export class HttpVersion extends Problem {
    static code = "http_version";
}

/** 421: the request is for another host. */
export class Misdirected extends Problem {
    static code = "misdirected";
}

/** 426: this is spoken over WebSocket only, of version 13. */
export class UpgradeRequired extends Problem {
    static code = "upgrade_required";
}

/** 403: this is not allowed. */
export class Forbidden extends Problem {
    static code = "forbidden";
}

/** The server could not be reached, or the connection broke before its answer. `status` is 0; 502, 503 or 504 when a server
 * in front of it said so. Whether a submit was accepted is then not known: with its Idempotency-Key it may be sent again. */
export class Away extends Problem {
    static code = "away";
}

/** 202: the task has no result yet; `retryAfterMs` says when to ask again. */
export class NotEnded extends Problem {
    static code = "not_ended";
}

/** `wait` ran out of time; `task` is the task as last seen. The task itself goes on. */
export class WaitTimeout extends Error {
    constructor(task, timeoutMs) {
        super(`task ${task.id} is still ${task.status} after ${timeoutMs} ms`);
        this.name = "WaitTimeout";
        this.task = task;
    }
}
