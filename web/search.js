// SPDX-License-Identifier: Apache-2.0
//
// What a person types to find tasks: an id, tags as name:value, and what is left is the subject. "In quotes" it is the subject.

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const TAG = /^[^\s:="]+[:=][^\s"]+$/;
const TAGS = 8; // STORE_TAGS of the server: more it does not take

/** {id} or {subject, tags: ["name:value", ...]}, each tag once; `refused` says why it cannot be looked for. */
export function parseSearch(text) {
    const trimmed = text.trim();
    if (ID.test(trimmed)) return { id: trimmed.toLowerCase(), tags: [] };
    const quoted = trimmed.match(/^"(.*)"$/);
    if (quoted) return { subject: quoted[1], tags: [] };
    const words = trimmed.split(/\s+/).filter(Boolean);
    const tags = [...new Set(words.filter((word) => TAG.test(word)))];
    const left = words.filter((word) => !TAG.test(word));
    const refused = tags.length > TAGS ? `These are ${tags.length} tags; at most ${TAGS} can be looked for at once` : undefined;
    return { subject: tags.length ? left.join(" ") : trimmed, tags, refused };
}

/** Where the page goes with it. */
export function searchTarget(text) {
    const { id } = parseSearch(text);
    if (id) return `#/tasks/${id}`;
    const q = new URLSearchParams(text.trim() ? { q: text.trim() } : {});
    return `#/tasks${q.size ? `?${q}` : ""}`;
}
