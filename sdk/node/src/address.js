// SPDX-License-Identifier: Apache-2.0
//
// A server's URL, taken apart once: http://HOST:PORT, https://HOST:PORT or unix:PATH.

/** Of `url`, else of the environment's BIDE_SERVER, else http://127.0.0.1:8080. Throws TypeError. */
export function address(url) {
    const text = url || process.env.BIDE_SERVER || "http://127.0.0.1:8080";
    if (text.startsWith("unix:") && text.length > "unix:".length) {
        return { url: text, tls: false, base: "", where: { socketPath: text.slice("unix:".length), headers: { Host: "localhost" } } };
    }
    const parts = parse(text);
    const tls = parts.protocol === "https:";
    const host = parts.hostname.replace(/^\[(.*)\]$/, "$1"); // an IPv6 address stands in brackets in a URL only
    const port = Number(parts.port) || (tls ? 443 : 80);
    return { url: text, tls, base: parts.pathname.replace(/\/+$/, ""), where: { host, port } };
}

function parse(text) {
    try {
        const parts = new URL(text);
        if (/^https?:$/.test(parts.protocol) && parts.hostname) return parts;
    } catch {
        // told below
    }
    throw new TypeError(`not a server's URL: ${JSON.stringify(text)} (http://HOST:PORT, https://HOST:PORT or unix:PATH)`);
}

/** `given`, else the environment's BIDE_TOKEN, else undefined. */
export function token(given) {
    return given || process.env.BIDE_TOKEN || undefined;
}
