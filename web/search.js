// SPDX-License-Identifier: Apache-2.0
//
// What a person types to find tasks: an id, tags as name:value, and what is left is the subject. "In quotes" it is the subject.

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const TAG = /^[^\s:="]+[:=][^\s"]+$/;

/** {id} or {subject, tags: ["name:value", ...]} */
export function parseSearch(text) {
    const trimmed = text.trim();
    if (ID.test(trimmed)) return { id: trimmed.toLowerCase(), tags: [] };
    const quoted = trimmed.match(/^"(.*)"$/);
    if (quoted) return { subject: quoted[1], tags: [] };
    const words = trimmed.split(/\s+/).filter(Boolean);
    const tags = words.filter((word) => TAG.test(word));
    const left = words.filter((word) => !TAG.test(word));
    return { subject: tags.length ? left.join(" ") : trimmed, tags: tags.slice(0, 8) };
}

/** Where the page goes with it. */
export function searchTarget(text) {
    const { id } = parseSearch(text);
    if (id) return `#/tasks/${id}`;
    const q = new URLSearchParams(text.trim() ? { q: text.trim() } : {});
    return `#/tasks${q.size ? `?${q}` : ""}`;
}
