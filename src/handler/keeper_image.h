/* SPDX-License-Identifier: Apache-2.0
 *
 * The keeper as a program of its own, linked statically and carried inside bide: it starts in a fraction of the time
 * that bide itself needs to find its shared libraries, and weighs as little as it should.
 */
#ifndef HANDLER_KEEPER_IMAGE_H
#define HANDLER_KEEPER_IMAGE_H

/* A descriptor (close-on-exec, above those that a child is given) of an executable file in memory, for
 * /proc/self/fd/N; -1 when this system has none to give or does not run such files: then bide runs itself. */
int keeper_image_open(void);

#endif
