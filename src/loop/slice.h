/* SPDX-License-Identifier: Apache-2.0
 *
 * Short turns on the processor for the threads that answer: they run for microseconds at a time, and with workers that
 * compute on every core a short slice is what lets them in soon (EEVDF, Linux 6.12 and later). Older kernels take the
 * request and change nothing. Children do not inherit it.
 */
#ifndef LOOP_SLICE_H
#define LOOP_SLICE_H

void slice_shorten(void); /* of the calling thread; a wish: refused, everything goes on as before */

#endif
