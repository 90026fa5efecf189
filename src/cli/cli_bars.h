/* SPDX-License-Identifier: Apache-2.0
 *
 * Progress bars on standard error, one line a task, redrawn in place:
 *
 *     transcribe 31a58ee38  [########------------]  40%  segment 4/10  12s
 *     transcribe 9bb20c1f7  pending, position 3  12s
 *
 * Only on a terminal that can move its cursor; elsewhere nothing is drawn at all. Colour unless NO_COLOR is set.
 */
#ifndef CLI_CLI_BARS_H
#define CLI_CLI_BARS_H

#include "bide.h"

struct cli_bars {
    bool on; /* there is a terminal to draw on */
    bool colour;
    int drawn;           /* lines that stand on the screen */
    int columns;         /* of the terminal when they were drawn */
    int64_t begun_at_ms; /* mono */
};

void cli_bars_begin(struct cli_bars *b);
/* Draws the tasks over what was drawn before. `note` (may be NULL) is a line of its own below. */
void cli_bars_draw(struct cli_bars *b, const struct bide_task_view *views, int n, const char *note);
void cli_bars_end(struct cli_bars *b); /* leaves them standing; the cursor is below */

#endif
