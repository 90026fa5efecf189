/* SPDX-License-Identifier: Apache-2.0 */
#include "picture.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A regular file's bytes, to be freed; NULL with the reason. A pipe or a device would keep the worker waiting. */
static void *file_bytes(const char *path, size_t *ret_size, char *why, size_t cap)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        snprintf(why, cap, "image: there is no readable file %s", path);
        if (fd >= 0) close(fd);
        return NULL;
    }
    bool fits = st.st_size <= PICTURE_BYTES_MAX;
    size_t size = fits ? (size_t)st.st_size : 0, have = 0;
    char *bytes = malloc(size + 1);
    while (bytes && have < size) {
        ssize_t n = read(fd, bytes + have, size - have);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        have += (size_t)n;
    }
    close(fd);
    if (fits && bytes && have == size) {
        *ret_size = size;
        return bytes;
    }
    if (!fits) snprintf(why, cap, "image: a file of at most %d MiB is needed", PICTURE_BYTES_MAX >> 20);
    else snprintf(why, cap, "image: %s cannot be read", path);
    free(bytes);
    return NULL;
}

/* What stands behind "data:TYPE;base64,", to be freed. The type is not looked at: the bytes say it. */
static void *url_bytes(const char *url, size_t *ret_size, char *why, size_t cap)
{
    const char *comma = strchr(url, ',');
    if (!comma || comma - url < 7 || memcmp(comma - 7, ";base64", 7) != 0) {
        snprintf(why, cap, "image: data:TYPE;base64,... is needed");
        return NULL;
    }
    size_t len = strlen(comma + 1);
    if (len > PICTURE_BYTES_MAX) {
        snprintf(why, cap, "image: at most %d MiB of base64 are read", PICTURE_BYTES_MAX >> 20);
        return NULL;
    }
    l_int32 size = 0;
    void *bytes = len ? decodeBase64(comma + 1, (l_int32)len, &size) : NULL;
    if (!bytes) snprintf(why, cap, "image: what follows the comma is not base64");
    *ret_size = (size_t)size;
    return bytes;
}

static bool is_known(int format)
{
    static const int known[] = {IFF_BMP,       IFF_JFIF_JPEG, IFF_PNG,     IFF_TIFF,     IFF_TIFF_PACKBITS,
                                IFF_TIFF_RLE,  IFF_TIFF_G3,   IFF_TIFF_G4, IFF_TIFF_LZW, IFF_TIFF_ZIP,
                                IFF_TIFF_JPEG, IFF_PNM,       IFF_WEBP};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i] == format) return true;
    return false;
}

static PIX *decode(const void *bytes, size_t size, char *why, size_t cap)
{
    int format = IFF_UNKNOWN, width = 0, height = 0;
    if (size < 12 || findFileFormatBuffer(bytes, &format) || !is_known(format)) {
        snprintf(why, cap, "image: a PNG, JPEG, TIFF, BMP, PNM or WebP picture is needed");
        return NULL;
    }
    if (pixReadHeaderMem(bytes, size, NULL, &width, &height, NULL, NULL, NULL) || width < 1 || height < 1) {
        snprintf(why, cap, "image: the picture's header is damaged");
        return NULL;
    }
    if (width > PICTURE_SIDE_MAX || height > PICTURE_SIDE_MAX || (long)width * height > PICTURE_PIXELS_MAX) {
        snprintf(why, cap, "image: %d x %d pixels: at most %d a side and %d million are read", width, height,
                 PICTURE_SIDE_MAX, PICTURE_PIXELS_MAX / 1000000);
        return NULL;
    }
    PIX *raw = pixReadMem(bytes, size), *pix = raw ? pixRemoveAlpha(raw) : NULL;
    pixDestroy(&raw);
    if (!pix) snprintf(why, cap, "image: the picture is damaged");
    return pix;
}

PIX *picture_read(const char *image, char *why, size_t cap)
{
    size_t size = 0;
    bool is_url = strncmp(image, "data:", 5) == 0;
    void *bytes = is_url ? url_bytes(image, &size, why, cap) : file_bytes(image, &size, why, cap);
    PIX *pix = bytes ? decode(bytes, size, why, cap) : NULL;
    free(bytes);
    return pix;
}
