/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BENCH_CONNECT_H
#define BENCH_CONNECT_H

/* A connection to HOST:PORT that sends at once what it is given. Ends the program with a line that begins with `who` when it
 * cannot be had. */
int connect_to(const char *who, const char *address);

#endif
