// SPDX-License-Identifier: Apache-2.0
// bide in a browser. See README.md.

/** A refusal, or no answer. `code`: its stable word, or `away`; `problem`: the problem+json. */
export class BideError extends Error {
	constructor(status, problem = {}) {
		super(problem.detail || problem.title || `status ${status}`);
		Object.assign(this, { name: "BideError", status, problem });
		this.code = problem.code || (/^(0|50[234])$/.test(status) ? "away" : "problem");
	}
}

const rest = async (ms, signal) => {
	let end;
	await new Promise((resolve) => (setTimeout((end = resolve), ms), signal?.addEventListener("abort", end)));
	signal?.removeEventListener("abort", end);
	signal?.throwIfAborted();
};

export class Bide {
	#its;

	/** @param {string} [base] of the server  @param {{token?: string, silenceMs?: number}} [options] */
	constructor(base = "", { token, silenceMs = 45000 } = {}) {
		this.#its = { base, token, silenceMs };
	}

	/** @param {object} [options] queue, tags, ... @returns {Promise<object>} the task */
	submit(type, input = {}, options = {}) {
		return this.#post("/v1/tasks", JSON.stringify({ ...options, type, input }), "application/json");
	}

	/** @returns {Promise<object>} the task as it is */
	get(id) {
		return this.#json(path(id));
	}

	cancel(id) {
		return this.#post(path(id) + "/cancel");
	}

	/** @param {Blob} file @returns {Promise<object>} what "file:ID" in an input names */
	upload(file, name = file.name) {
		return this.#post("/v1/files" + (name ? "?name=" + encodeURIComponent(name) : ""), file, file.type || "application/octet-stream");
	}

	/** @returns {Promise<object>} the task when it has ended */
	async wait(id, options) {
		await this.follow(id, { ...options, onEvent() {} });
		for await (const { data } of this.#poll(id, options?.signal)) return data;
	}

	/** To the end: an async iterator of {event, data, id}; with onEvent, called for each, a promise.
	 *  @param {{onEvent?: function, lastId?: string, signal?: AbortSignal}} [options] */
	follow(id, options = {}) {
		return this.#follow(path(id) + "/events", options, id);
	}

	/** Of all tasks that fit, without end. @param {object} [filter] type, queue, subject, tag, kind */
	events(filter = {}, options = {}) {
		return this.#follow("/v1/events?" + new URLSearchParams(filter), options);
	}

	async #fetch(target, init = {}) {
		const headers = { ...init.headers, ...(this.#its.token && { Authorization: "Bearer " + this.#its.token }) };
		const answer = await fetch(this.#its.base + target, { ...init, headers }).catch((error) => {
			throw new BideError(0, { detail: error.message });
		});
		if (answer.ok) return answer;
		throw new BideError(answer.status, await answer.json().catch(() => ({})));
	}

	async #json(target, init) {
		return (await this.#fetch(target, init)).json();
	}

	#post(target, body, type) {
		return this.#json(target, { method: "POST", body, headers: type && { "Content-Type": type } });
	}

	// Where no events are told: how it stands, whenever that changes.
	async *#poll(id, signal) {
		for (let before, gone; ; await rest(1000, signal)) {
			const data = await this.#json(path(id), { signal }).catch((error) => giveUp(error, (gone ||= Date.now())));
			if (!data) continue;
			gone = 0;
			const ended = /completed|failed|cancelled|expired/.test(data.status);
			const now = JSON.stringify([data.status, data.attempt, data.progress]);
			if (now !== before) yield { event: ended ? "task." + data.status : "reset", data, id: "" };
			if (ended) return yield { event: "end", data: { reason: data.status }, id: "" };
			before = now;
		}
	}

	#follow(target, options, task) {
		const events = this.#listen(target, options, task);
		if (!options.onEvent) return events;
		return (async () => {
			for await (const event of events) await options.onEvent(event);
		})();
	}

	async *#listen(target, { lastId: id = "", signal }, task) {
		const at = { id, retry: 2000 };
		for (let [pause, answered, gone, timer] = [100]; ; await rest(pause, signal), pause = Math.min(2 * pause, at.retry)) {
			const line = new AbortController();
			const stop = () => line.abort();
			const alive = () => (clearTimeout(timer), (timer = setTimeout(stop, this.#its.silenceMs)));
			signal?.throwIfAborted();
			signal?.addEventListener("abort", stop, { signal: line.signal });
			try {
				alive();
				const headers = { Accept: "text/event-stream", ...(at.id && { "Last-Event-ID": at.id }) };
				const answer = await this.#fetch(target, { headers, signal: line.signal });
				if (answer.status === 204) return;
				if (!/^text.event/.test(answer.headers.get("content-type"))) throw new BideError(406, { code: "no_stream" });
				[answered, gone] = [true];
				for await (const event of parse(answer.body, at, alive)) {
					pause = 100;
					yield event;
					if (event.event === "end") return;
				}
			} catch (error) {
				signal?.throwIfAborted();
				if (task && /40[456]/.test(error.status)) return yield* this.#poll(task, signal);
				giveUp(error, (gone ||= Date.now()), answered ? task ? 30000 : Infinity : -1);
			} finally {
				clearTimeout(timer);
				stop();
			}
		}
	}
}

const path = (id) => (id[0] === "/" ? id : "/v1/tasks/" + encodeURIComponent(id));

// Throws what will not pass.
function giveUp(error, gone, patience = 30000) {
	if ((error.status && error.status !== 503 && error.code !== "away") || Date.now() - gone > patience) throw error;
}

// Server-sent events, as bide writes them. at.id: of the last one that was whole.
async function* parse(body, at, alive) {
	const reader = body.pipeThrough(new TextDecoderStream()).getReader();
	for (let text = "", piece; !(piece = await reader.read()).done; ) {
		alive();
		const blocks = (text + piece.value).split("\n\n");
		text = blocks.pop();
		for (const block of blocks) {
			const said = { id: at.id };
			for (const line of block.split("\n")) {
				const [name, ...value] = line.split(":");
				said[name] = ((name === "data" && said.data) || "") + value.join(":").trimStart();
			}
			at.id = said.id;
			at.retry = +said.retry || at.retry;
			if (said.data) yield { event: said.event, data: JSON.parse(said.data), id: at.id };
		}
	}
}
