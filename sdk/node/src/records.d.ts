// SPDX-License-Identifier: Apache-2.0
//
// What goes to the server and comes back: types alone, there is no code to them.

/** A task as the API shows it. Lists leave `input` and `result` out; beyond 64 KiB they are null, see `Client.result`. */
export interface TaskRecord {
    id: string;
    run: number;
    type: string;
    queue: string;
    status: "scheduled" | "retrying" | "pending" | "running" | "completed" | "failed" | "cancelled" | "expired" | "blocked";
    priority: number;
    attempt: number;
    max_attempts: number;
    cancel_requested: boolean;
    progress: { percent: number | null; message: string | null; data: any } | null;
    input?: any;
    input_bytes: number;
    result?: any;
    result_bytes: number;
    error: TaskError | null;
    subject: string | null;
    tags: Record<string, string>;
    created_at: string;
    run_at: string | null;
    /** Of a chain: the step it is at, or ended at, and all of them, in order; null of other types, `steps` also in lists. */
    step: string | null;
    steps: Step[] | null;
    /** When `share` asked for it. */
    share_url?: string;
    started_at: string | null;
    finished_at: string | null;
    /** Whatever else this server shows. */
    [field: string]: any;
}

/** A step of a chain, a type with `steps`; its attempts are among those of the task. */
export interface Step {
    name: string;
    /** The type that does it; null when the chain is not configured any more. */
    type: string | null;
    /** Of the step the task is at, that of the task; before it `completed`, or `skipped` when its condition did not hold; `blocked`
     * behind it, `skipped` once the task has ended. */
    status: TaskRecord["status"] | "skipped";
    /** The run and the attempt that did it, and when; null while there is none. */
    run: number | null;
    attempt: number | null;
    started_at: string | null;
    finished_at: string | null;
    /** Names of its output files. */
    files: string[];
    /** Whatever else this server shows. */
    [field: string]: any;
}

/** What the last attempt failed with. */
export interface TaskError {
    code: string;
    message: string;
    detail: string | null;
    /** The class of the error, where there is one. */
    type: string | null;
    attempt: number | null;
    at: string;
}

/** The fields of a submit besides `type` and `input`; what they mean is in doc/protocol.md, "Submit". */
export interface SubmitFields {
    queue?: string;
    /** -100..100, larger runs first; default: the type's. */
    priority?: number;
    /** Not before this moment. A text is RFC 3339. Not with `delay_ms`. */
    run_at?: Date | string;
    delay_ms?: number;
    timeout_ms?: number;
    start_within_ms?: number;
    grace_ms?: number;
    max_attempts?: number;
    retry?: { backoff?: "fixed" | "exponential"; base_ms?: number; cap_ms?: number; jitter?: "none" | "full" };
    retain_ms?: number | null;
    subject?: string;
    tags?: Record<string, string>;
    /** Of its type at most one task that has not ended holds it. */
    key?: string;
    /** When one does: KeyHeld is thrown (refuse, the default), the answer is that task (existing), or it ends and this
     * one starts when it has (replace). */
    on_conflict?: "refuse" | "existing" | "replace";
    /** A kept result of the same type, version and input answers it, and its own is kept for `ttl_ms` (30 days at most);
     * `bypass`: it runs all the same. */
    cache?: { ttl_ms: number; version?: string; bypass?: boolean } | null;
    /** Whose it is: what one key runs at a time can be limited. */
    limit_key?: string;
    /** Runs in one batch only with the same. */
    batch_key?: string;
    /** Of a batch's ceiling. */
    cost?: number;
    /** Tasks to follow when it completes, 0 to 16; default: those of its type. One that says no `input` gets the task that
     * ended, with its result and error, as `Client.get` shows it; one that says no `subject`, its subject. */
    on_success?: Submission[];
    /** The same when it ends otherwise: failed, cancelled, expired. */
    on_failure?: Submission[];
    /** A server to be told of the ending; of `events` only, when they are said. Default: that of its type; null: none. */
    webhook?: { url: string; events?: ("completed" | "failed" | "cancelled" | "expired")[]; secret_id?: string } | null;
    /** A notification for people when it ends; texts may name sources, as "{task.subject} is over". Default: that of its type;
     * null: none. */
    notify?: {
        title: string;
        message?: string;
        kind?: string;
        on?: ("completed" | "failed" | "cancelled" | "expired")[];
        data?: Record<string, any>;
    } | null;
    /** Whatever else this server takes. */
    [field: string]: any;
}

export interface Submission extends SubmitFields {
    type: string;
    input?: any;
}

export interface Once {
    /** The same submit sent twice with one key is one task. Default: a new UUID, so that the client may send a submit
     * again whose answer was lost. null: without. 1 to 255 characters of ASCII; kept for a day. */
    idempotencyKey?: string | null;
}

export interface SubmitOptions extends SubmitFields, Once {
    /** How long the server may wait for the ending before it answers: 0..60000, default 0. */
    waitMs?: number;
    /** The answer has `share_url`, too: an address under which a browser may read this one task, and do nothing else. */
    share?: boolean;
    signal?: AbortSignal;
}

/** The answer for one of many submits. */
export interface BatchItem {
    /** Its place, from 0. */
    index: number;
    /** The HTTP status that a submit of its own would have had; 202: it is stored, 200: see `existing`. */
    status: number;
    id?: string;
    /** The problem object of one that was refused. */
    error?: Record<string, any>;
    /** True when it was stored by an earlier request with the same key. */
    replayed?: boolean;
    /** True when nothing was stored: the task `id` holds its `key`. */
    existing?: boolean;
}

/** All that are given hold together. */
export interface Filters {
    status?: string;
    type?: string;
    queue?: string;
    subject?: string;
    created_after?: Date | string;
    created_before?: Date | string;
    [filter: string]: any;
}

export interface ListFilters extends Filters {
    /** "name:value", or several of them. */
    tag?: string | string[];
    /** Tasks per request, 1..200, default 50. */
    limit?: number;
}

export interface BulkFilters extends Filters {
    tags?: Record<string, string>;
    /** Says that every task is meant when there is no filter. */
    everything?: boolean;
}

export interface Page<T> {
    items: T[];
    next_cursor: string | null;
}

/** `more`: the same request again goes on. */
export interface Counts {
    matched: number;
    changed: number;
    skipped: number;
    more: boolean;
}

/** What somebody is to read of the ending of a task; it stays when the task is removed. */
export interface NotificationRecord {
    id: string;
    /** A number of its own, in the order in which they were made. */
    serial: number;
    task_id: string;
    run: number;
    type: string;
    subject: string | null;
    tags: Record<string, string>;
    status: "completed" | "failed" | "cancelled" | "expired";
    /** The type unless `notify` said another. */
    kind: string;
    title: string;
    message: string | null;
    data: Record<string, any> | null;
    read: boolean;
    /** When that was first. */
    read_at: string | null;
    created_at: string;
    /** Whatever else this server shows. */
    [field: string]: any;
}

/** All that are given hold together. */
export interface NotificationFilters {
    /** Only those that nobody has read; default false. */
    unread_only?: boolean;
    subject?: string;
    /** The id of one. */
    task?: string;
    /** Notifications per request, 1..200, default 50. */
    limit?: number;
    [filter: string]: any;
}
