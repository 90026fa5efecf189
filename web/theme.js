// SPDX-License-Identifier: Apache-2.0
//
// Before the first paint: the colours that were chosen here, if any. A plain script, for modules run later.
try {
    const chosen = localStorage.getItem("bide-theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
    // No storage: as the system has it.
}
