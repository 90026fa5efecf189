/* SPDX-License-Identifier: Apache-2.0
 *
 * A terminal that does not show what is typed, for a screen that is drawn over and over: an Enter would move every line
 * drawn. However the program ends or is stopped by a signal that can be caught, the terminal is as it was.
 */
#ifndef CLI_CLI_QUIET_H
#define CLI_CLI_QUIET_H

void cli_quiet_begin(void); /* nothing when standard input is no terminal */
void cli_quiet_again(void); /* before each drawing: a shell may have changed it while we were stopped */
void cli_quiet_end(void);

#endif
