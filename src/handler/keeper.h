/* SPDX-License-Identifier: Apache-2.0
 *
 * The keeper of one process tree: what `bide --keeper` runs. child_keeper.c starts it and main.c hands over to it
 * before doing anything else. This page, and the orders of keeper_sandbox.h, are all the two sides agree on.
 *
 *   argv   bide --keeper LOCK NICE FRAMES CWD FILES N ORDER... PROGRAM [ARGUMENT...]
 *          LOCK: file of which it holds a shared flock as long as it lives; NICE: added niceness; FRAMES: 0 or 1,
 * whether the program gets descriptors 3 and 4; CWD: "" stays where bide is; FILES: its soft limit of open files, 0: ours;
 * N ORDERs: what it is confined to (keeper_sandbox.h);
 * PROGRAM: searched in PATH without a slash; a text without "#!" is given to /bin/sh
 *   env    entries KEEPER_ENV "NAME=VALUE" are set for the program only, so that a worker's LD_LIBRARY_PATH does not
 *          change what the keeper itself is
 *   fds    0 to 6 are all open; 0 to 4 are the program's, 3 and 4 closed for it without FRAMES
 *   orders, one byte each on KEEPER_CONTROL: KEEPER_TERM, KEEPER_KILL; end of file means kill
 *   reports, one line each on KEEPER_REPORT: "pid N" it is about to become the program; "exec ERRNO" it could not,
 * "cwd ERRNO" because of its directory, "lock ERRNO" because of the lock, "WORD ERRNO [PATH]" because of that order, "landlock ERRNO" because
 * this kernel cannot confine it to paths; "exit STATUS", "signal N" how it ended; "clean" nothing is left of the tree, and the keeper exits
 */
#ifndef HANDLER_KEEPER_H
#define HANDLER_KEEPER_H

#define KEEPER_OPTION "--keeper"
#define KEEPER_ENV "BIDE_KEEPER_SETS:"
#define KEEPER_TERM 'T'
#define KEEPER_KILL 'K'

enum keeper_fd { KEEPER_IN = 3, KEEPER_OUT = 4, KEEPER_CONTROL = 5, KEEPER_REPORT = 6, KEEPER_FDS = 7 };

/* Never returns to the caller's business: 0 when the tree is gone or was never started, 64 for bad arguments. */
int keeper_main(int argc, char **argv);

#endif
