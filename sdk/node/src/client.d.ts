// SPDX-License-Identifier: Apache-2.0
import type {
    BatchItem,
    BulkFilters,
    Counts,
    ListFilters,
    NotificationFilters,
    NotificationRecord,
    Once,
    Page,
    Submission,
    SubmitOptions,
    TaskRecord,
} from "./records.js";

export interface ClientOptions {
    /** Sent as `Authorization: Bearer`; default the environment's BIDE_TOKEN. */
    token?: string;
    /** How long without an answer until `Away`, default 30000; what waits has its own time on top. */
    timeoutMs?: number;
    /** How often a call is sent again: when the server said that it did nothing (429, 503), after its Retry-After; and
     * when there was no answer, if the call reads or has an Idempotency-Key. A server that wants more than 5 s is not
     * asked again, nor is one that was silent for all of `timeoutMs`. Default 2; the pauses begin with about 100 ms. */
    retries?: number;
}

/** Something that happened. */
export interface TaskEvent {
    /** `task.started`, `task.progress`, ..., `reset` (something is missing before this), `end`. */
    name: string;
    /** The task, or what is said of it. */
    data: Record<string, any>;
    /** To go on behind it: `lastId`. */
    id: string;
}

export interface EventFilters {
    type?: string;
    queue?: string;
    subject?: string;
    /** "name:value" */
    tag?: string | string[];
    kind?: string | string[];
}

export interface FollowOptions {
    lastId?: string;
    signal?: AbortSignal;
    /** How long without a word until the connection counts as broken, default 45000; the server says something every 15 s. */
    silenceMs?: number;
}

/** The states in which a task stays. */
export const ENDINGS: ReadonlySet<string>;

/** A server, by its URL. Connections are kept and shared by whatever calls run at the same time; an idle one does not
 * keep the program alive. Every method rejects with a `Problem` for an error answer, and with `Away` when there is none. */
export class Client {
    /** `url`: http://HOST:PORT, https://HOST:PORT or unix:PATH; default the environment's BIDE_SERVER, else
     * http://127.0.0.1:8080. Throws TypeError for a URL that cannot be used, RangeError for options out of range. */
    constructor(url?: string | null, options?: ClientOptions);
    readonly url: string;

    /** Submits a task. Resolves once it is safely stored, to the task with its `id`; with `waitMs`, to its ending if that
     * comes in time. `input`: anything JSON can hold, up to 16 MiB; default {}. Rejects with UnknownType, UnknownQueue, InvalidInput,
     * UnknownField, Invalid, TooLarge, QueueFull, Draining, IdempotencyKeyReused; TypeError for what JSON cannot hold. */
    submit(type: string, input?: any, options?: SubmitOptions): Promise<TaskRecord>;

    /** Submits up to 10,000 tasks, 16 MiB in all, in one request. One that is refused does not hold up the others. */
    submitMany(tasks: Iterable<Submission>, options?: Once): Promise<BatchItem[]>;

    /** Submits any number of tasks as they come, and yields the answer of each once it is stored, in their order. Tasks are
     * taken no faster than the server takes them, and no more are sent while answers are not read; the server waits up
     * to 30 s for either. Nothing is sent again by itself, and there is no key unless you give one: then all may be sent
     * again, and those that were stored are `replayed`. */
    submitLines(tasks: Iterable<Submission> | AsyncIterable<Submission>, options?: Once): AsyncGenerator<BatchItem, void, void>;

    /** The task as it is now. Rejects with NotFound. */
    get(id: string): Promise<TaskRecord>;

    /** The newest task about a subject. `type`: only of this type; default: of any. Rejects with NotFound when there is none. */
    latest(subject: string, options?: { type?: string }): Promise<TaskRecord>;

    /** Waits until the task has ended, however it ended. `timeoutMs`: default as long as it takes. A server that goes away
     * meanwhile is given 30 seconds to come back. Rejects with WaitTimeout (the task goes on), NotFound, Away. */
    wait(id: string, options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<TaskRecord>;

    /** The tasks, newest first, page after page as they are asked for. Throws Invalid, UnknownField at the first step. */
    list(filters?: ListFilters): AsyncGenerator<TaskRecord, void, void>;

    /** One page of `list`. */
    page(filters?: ListFilters & { cursor?: string | null }): Promise<Page<TaskRecord>>;

    /** The result of a completed task, whatever its size: parsed when it is JSON, bytes otherwise. Rejects with NotEnded,
     * Conflict (it failed; `body` has its error), Gone, NotFound. */
    result(id: string): Promise<any>;

    /** What an attempt printed and logged; default the latest. Rejects with NotFound. */
    log(id: string, which?: { run?: number; attempt?: number }): Promise<string>;

    /** What an attempt has streamed with `task.output` so far, joined: its first 1 MiB; default the latest. Rejects with
     * NotFound. */
    output(id: string, which?: { run?: number; attempt?: number }): Promise<string>;

    /** What happens to all tasks that fit, as it happens, for as long as it is iterated. `kind`: "completed", or a list of them;
     * log and output only when they are named. `lastId`: of an earlier event, to be told what came after it. A connection that
     * breaks is made again, for as long as it takes, and goes on behind the last event; `reset`: something is missing before
     * the next. Throws Invalid, UnknownField, Away at the first step; `signal`'s reason. */
    events(filters?: EventFilters & FollowOptions): AsyncGenerator<TaskEvent, void, void>;

    /** What happens to one task: first how it stands, at last its ending, with its `result` when that is at most 64 KiB, and
     * `end`. `reset`: something was missed; its data is the task as it stands. A server that goes away meanwhile is given 30
     * seconds to come back. Throws NotFound, Away. */
    follow(id: string, options?: FollowOptions): AsyncGenerator<TaskEvent, void, void>;

    /** What the task streams with `task.output`, as it comes, attempt after attempt, until the task has ended. `start`: the
     * number of the piece to begin with. Breaks are as of `follow`: nothing is lost or comes twice. */
    followOutput(id: string, options?: { start?: number; signal?: AbortSignal }): AsyncGenerator<string, void, void>;

    /** What the task prints and logs, as `followOutput`. `start`: after so many bytes. */
    followLog(id: string, options?: { start?: number; signal?: AbortSignal }): AsyncGenerator<string, void, void>;

    /** The attempts of all runs, each with how it went. Rejects with NotFound. */
    attempts(id: string): Promise<Record<string, any>[]>;

    /** Cancels the task; harmless when it has ended. A running one shows `cancel_requested` until it has stopped. Rejects
     * with NotFound. */
    cancel(id: string): Promise<TaskRecord>;

    /** Runs an ended task again, as its next run. Rejects with Conflict when it has not ended, NotFound, QueueFull. */
    retry(id: string): Promise<TaskRecord>;

    /** Cancels every task that has not ended and that all filters hold for. Rejects with Invalid, UnknownField, and
     * TypeError without a filter, unless `everything: true`. */
    cancelAll(filters: BulkFilters): Promise<Counts>;

    /** Runs again every task that has failed (with `status` another ending) and that all filters hold for. Filters, answer
     * and errors are those of `cancelAll`. */
    retryAll(filters: BulkFilters): Promise<Counts>;

    /** Changes a task that waits. `tags` are merged: one that is null is removed. Rejects with Conflict when it runs or has
     * ended, NotFound, Invalid, UnknownField. */
    update(
        id: string,
        changes: { priority?: number; run_at?: Date | string | null; tags?: Record<string, string | null>; [field: string]: any },
    ): Promise<TaskRecord>;

    /** Removes the record of an ended task. Rejects with Conflict when it has not ended, NotFound. */
    delete(id: string): Promise<void>;

    /** Settles a task from outside as completed, for work done elsewhere. Rejects with Conflict when it runs or has ended. */
    complete(id: string, result?: any): Promise<TaskRecord>;

    /** Settles a task from outside as failed, for good. `code`, `message`, `detail`: see Fail. `type`: the class of the
     * error. Rejects with Conflict when it runs or has ended, Invalid. */
    fail(id: string, code: string, message: string, more?: { detail?: string; type?: string }): Promise<TaskRecord>;

    /** The notifications of endings, newest first, page after page as they are asked for. Throws Invalid, UnknownField at the
     * first step. */
    notifications(filters?: NotificationFilters): AsyncGenerator<NotificationRecord, void, void>;

    /** How many nobody has read. `subject`: of this one; default: of all. */
    unreadNotifications(options?: { subject?: string }): Promise<number>;

    /** Marks a notification as read; harmless when it is already. Rejects with NotFound. */
    readNotification(id: string): Promise<NotificationRecord>;

    /** Marks as read those that are there. `subject`: of this one; default: all. Resolves to how many were unread. */
    readAllNotifications(options?: { subject?: string }): Promise<number>;

    /** The queues, each with its depth by status. */
    queues(): AsyncGenerator<Record<string, any>, void, void>;

    /** One queue. Rejects with NotFound, as do all methods that name one. */
    queue(name: string): Promise<Record<string, any>>;

    /** Starts no more tasks of this queue; those running go on. Survives a restart. */
    pause(queue: string): Promise<Record<string, any>>;

    /** Undoes a pause and a drain. */
    resume(queue: string): Promise<Record<string, any>>;

    /** Takes no new tasks into this queue; those in it go on. */
    drain(queue: string): Promise<Record<string, any>>;

    /** Cancels the tasks of this queue that wait. */
    purge(queue: string): Promise<Counts>;

    /** Changes what may change while the server runs, remembered over restarts; null: as configured. Rejects with Invalid,
     * UnknownField. */
    updateQueue(
        name: string,
        changes: { concurrency?: number | null; capacity?: number | null; key_concurrency?: number | null; rate?: string | 0 | null; key_rate?: string | 0 | null; fair?: boolean | null; paused?: boolean; draining?: boolean; [field: string]: any },
    ): Promise<Record<string, any>>;

    /** The worker processes: pool, pid, state and since when, current tasks, `tasks` done of `max_tasks`, what it `holds`, `sandbox`. */
    workers(): AsyncGenerator<Record<string, any>, void, void>;

    /** Replaces a worker's process; it serves until the next is ready when it is the only one. Rejects with NotFound, Conflict (no process). */
    recycleWorker(id: string): Promise<Record<string, any>>;

    /** Ends a worker's process now; its task goes back to the queue. Rejects with NotFound, Conflict (no process). */
    stopWorker(id: string): Promise<Record<string, any>>;

    /** Counts of the whole server: tasks by status, store, connections. */
    stats(): Promise<Record<string, any>>;

    /** Closes the connections; calls that are under way are Away. The client may be used again. */
    close(): void;
}
