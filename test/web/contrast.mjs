// SPDX-License-Identifier: Apache-2.0
//
// For page.evaluate: the contrast (WCAG 2.2, 1.4.3) of each text that can be seen with what lies behind it, computed from
// the colours that the browser computed. Returns how many texts there were, and those with less than `least`.

export function failing(least) {
    const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    function rgba(color) {
        pen.clearRect(0, 0, 1, 1);
        pen.fillStyle = color;
        pen.fillRect(0, 0, 1, 1);
        return pen.getImageData(0, 0, 1, 1).data;
    }
    function luminance([r, g, b]) {
        const part = (v) => (v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
        return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
    }
    function behind(node) {
        for (let at = node; at; at = at.parentElement) {
            const color = rgba(getComputedStyle(at).backgroundColor);
            if (color[3] === 255) return color;
        }
        return [255, 255, 255, 255];
    }
    const root = document.querySelector("dialog[open]") || document.body;
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const poor = [];
    let texts = 0;
    while (walker.nextNode()) {
        const text = walker.currentNode, node = text.parentElement;
        if (!text.textContent.trim() || !node.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
        if (node.closest("script, style, noscript, title, desc, option, .unseen")) continue;
        const style = getComputedStyle(node);
        const [one, other] = [rgba(node instanceof SVGElement ? style.fill : style.color), behind(node)].map(luminance).sort((a, b) => b - a);
        const ratio = (one + 0.05) / (other + 0.05);
        texts++;
        if (ratio < least) poor.push(`${ratio.toFixed(2)}: ${text.textContent.trim().slice(0, 40)} (${node.outerHTML.slice(0, 80)})`);
    }
    return { texts, poor };
}
