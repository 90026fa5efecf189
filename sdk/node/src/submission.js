// SPDX-License-Identifier: Apache-2.0
//
// The fields of a submit as they are sent: moments as texts, in the submits of what follows as well.
const FOLLOWERS = ["on_success", "on_failure"];

/** One that says no `input` has {}. */
export function submission(task) {
    return { ...follower(task), input: task.input ?? {} };
}

/** The same for one that follows another task: without `input` it gets that one. */
export function follower(task) {
    const fields = plain(task);
    for (const name of FOLLOWERS) {
        if (Array.isArray(fields[name])) fields[name] = fields[name].map((one) => (isFields(one) ? follower(one) : one));
    }
    return fields;
}

/** With moments as the API writes them. Throws RangeError for a Date that is none, of which JSON would make a null. */
export function plain(members) {
    const given = Object.entries(members);
    return Object.fromEntries(given.map(([name, value]) => [name, value instanceof Date ? value.toISOString() : value]));
}

/** What is not is the server's to refuse. */
function isFields(value) {
    return typeof value === "object" && value !== null && !Array.isArray(value);
}
