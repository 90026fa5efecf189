/* SPDX-License-Identifier: Apache-2.0
 *
 * From what an input says of a picture to its pixels: a path, or the picture itself as a data: URL. Nothing is
 * believed: the bytes say what format it is, and how large it claims to be is looked at before memory is taken for it.
 */
#ifndef OCR_PICTURE_H
#define OCR_PICTURE_H

#include <leptonica/allheaders.h>
#include <stddef.h>

#define PICTURE_BYTES_MAX (64 << 20) /* of the file, or of the base64 text */
#define PICTURE_PIXELS_MAX 50000000  /* width x height: up to 400 MB while it is decoded */
#define PICTURE_SIDE_MAX 32767       /* pixels; Tesseract's own */

/* `image` is a path or "data:TYPE;base64,...". Returns the first page over white, to be given back with pixDestroy;
 * NULL with one line in `why` that says what is wrong with it. May be called from any thread. */
PIX *picture_read(const char *image, char *why, size_t cap);

#endif
