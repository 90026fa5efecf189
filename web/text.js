// SPDX-License-Identifier: Apache-2.0
//
// Numbers, sizes, durations and times as people read them.

const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const count = (n) => whole.format(n);
export const brief = (n) => (n < 100000 ? whole.format(n) : short.format(n));

export function size(bytes) {
    if (!bytes) return "0 B";
    const step = Math.min(4, Math.floor(Math.log2(bytes) / 10));
    const value = bytes / 1024 ** step;
    return `${value >= 100 || step === 0 ? Math.round(value) : value.toFixed(1)} ${["B", "KiB", "MiB", "GiB", "TiB"][step]}`;
}

export function duration(ms) {
    if (ms === null || ms === undefined || Number.isNaN(ms)) return "–";
    if (ms < 1000) return ms === 0 ? "0 s" : `${Math.round(ms)} ms`;
    const seconds = ms / 1000;
    if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
    const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
    const at = parts.findIndex(([unit]) => seconds >= unit);
    const [unit, word] = parts[at];
    const rest = Math.floor((seconds % unit) / (parts[at + 1]?.[0] || 1));
    return `${Math.floor(seconds / unit)} ${word}${rest ? ` ${rest} ${parts[at + 1][1]}` : ""}`;
}

/** "5 s ago", "in 2 min" */
export function relative(iso, now = Date.now()) {
    const ms = Date.parse(iso) - now;
    if (Math.abs(ms) < 1000) return "just now";
    const seconds = Math.abs(ms) / 1000;
    const [unit, word] = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]].find(([length]) => seconds >= length);
    const text = `${Math.floor(seconds / unit)} ${word}`;
    return ms < 0 ? `${text} ago` : `in ${text}`;
}

/** The moment itself, in the reader's zone. */
export function exact(iso) {
    return new Date(iso).toLocaleString("sv-SE", {
        year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, timeZoneName: "short",
    });
}

export const clock = (ms) => new Date(ms).toLocaleTimeString("sv-SE", { hour: "2-digit", minute: "2-digit" });

/** Of an id (UUIDv7) the end: the beginning is the time and alike in all of an hour. */
export const shortId = (id) => `…${id.slice(-8)}`;

export const plural = (n, word) => `${count(n)} ${word}${n === 1 ? "" : "s"}`;

/** JSON in lines; `value` is of api.readTask. */
export function pretty(value) {
    return JSON.stringify(value, null, 2) ?? "";
}
