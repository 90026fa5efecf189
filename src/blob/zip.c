/* SPDX-License-Identifier: Apache-2.0
 *
 * The records of APPNOTE.TXT 6.3.9, section 4.3, little-endian, by hand: a library that has them brings ten others, which every
 * start of the program would load. Names are UTF-8 (flag 11), sizes stand behind the data (flag 3), and what may not fit
 * into 32 bits has 64.
 */
#include "blob/zip.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>
#include <zlib.h>

#define FLAGS 0x0808
#define DEFLATE 8
#define ROOM (16 * 1024)
#define MAX32 UINT32_MAX
#define SURELY_32 0xF0000000 /* a file of so many bytes is not packed into more than 32 bits can say */

struct entry {
    char *name; /* owned */
    uint32_t crc, stamp;
    uint64_t size, packed, at; /* size: said, of the one under way */
    bool wide;                 /* 64 bits */
};

struct zip {
    struct buf *out; /* borrowed */
    z_stream stream;
    struct entry *entries; /* owned */
    size_t n, cap;
    uint64_t total; /* bytes so far */
    uint64_t taken; /* of the file under way */
    bool open;      /* there is one */
};

static void add_number(struct zip *z, uint64_t n, int bytes)
{
    for (int i = 0; i < bytes; i++) buf_add_char(z->out, (char)(n >> (8 * i)));
    z->total += (uint64_t)bytes;
}

static void add_text(struct zip *z, const char *text)
{
    buf_add_text(z->out, text);
    z->total += strlen(text);
}

/* Date and time of MS-DOS, in UTC: from 1980 on. */
static uint32_t stamp_of(int64_t ms)
{
    time_t t = (time_t)(ms / 1000);
    struct tm tm;
    if (!gmtime_r(&t, &tm) || tm.tm_year < 80 || tm.tm_year > 80 + 127) return 1 << 21 | 1 << 16;
    int date = (tm.tm_year - 80) << 9 | (tm.tm_mon + 1) << 5 | tm.tm_mday, time = tm.tm_hour << 11 | tm.tm_min << 5 | tm.tm_sec / 2;
    return (uint32_t)date << 16 | (uint32_t)time;
}

int zip_open(struct zip **ret, struct buf *out)
{
    struct zip *z = mem_new(sizeof *z);
    z->out = out;
    if (deflateInit2(&z->stream, Z_BEST_SPEED, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(z);
        return ERR_NOMEM;
    }
    *ret = z;
    return 0;
}

static int pack(struct zip *z, struct str bytes, int flush)
{
    struct entry *e = &z->entries[z->n - 1];
    int code = Z_OK;
    z->stream.next_in = (Bytef *)(uintptr_t)bytes.p;
    z->stream.avail_in = (uInt)bytes.len;
    do {
        char *to = buf_room(z->out, ROOM);
        if (!to) return buf_err(z->out);
        z->stream.next_out = (Bytef *)to;
        z->stream.avail_out = ROOM;
        code = deflate(&z->stream, flush);
        size_t made = ROOM - z->stream.avail_out;
        buf_wrote(z->out, made);
        e->packed += made;
        z->total += made;
    } while (z->stream.avail_out == 0);
    return code == (flush == Z_FINISH ? Z_STREAM_END : Z_OK) || code == Z_BUF_ERROR ? 0 : ERR_IO;
}

/* The end of the one under way, and its sizes. */
static int finish(struct zip *z)
{
    if (!z->open) return 0;
    struct entry *e = &z->entries[z->n - 1];
    int err = pack(z, STR_NONE, Z_FINISH), size = e->wide ? 8 : 4;
    z->open = false;
    e->size = z->taken;
    add_number(z, 0x08074b50, 4);
    add_number(z, e->crc, 4);
    add_number(z, e->packed, size);
    add_number(z, e->size, size);
    return err ? err : buf_err(z->out);
}

int zip_begin(struct zip *z, struct str name, int64_t size, int64_t mtime_ms)
{
    int err = finish(z);
    if (err || deflateReset(&z->stream) != Z_OK) return err ? err : ERR_IO;
    if (z->n == z->cap) {
        z->cap = z->cap ? z->cap * 2 : 8;
        z->entries = mem_grow(z->entries, z->cap * sizeof *z->entries);
    }
    struct entry *e = &z->entries[z->n++];
    *e = (struct entry){.name = (char *)mem_str(name).p, .stamp = stamp_of(mtime_ms), .size = (uint64_t)size, .at = z->total,
                        .wide = (uint64_t)size >= SURELY_32};
    z->taken = 0;
    z->open = true;
    add_number(z, 0x04034b50, 4);
    add_number(z, e->wide ? 45 : 20, 2);
    add_number(z, FLAGS, 2);
    add_number(z, DEFLATE, 2);
    add_number(z, e->stamp, 4);
    add_number(z, 0, 4);
    add_number(z, e->wide ? MAX32 : 0, 4);
    add_number(z, e->wide ? MAX32 : 0, 4);
    add_number(z, name.len, 2);
    add_number(z, e->wide ? 20 : 0, 2);
    add_text(z, e->name);
    if (e->wide) add_number(z, 1, 2), add_number(z, 16, 2), add_number(z, 0, 8), add_number(z, 0, 8);
    return buf_err(z->out);
}

int zip_add(struct zip *z, struct str bytes)
{
    struct entry *e = &z->entries[z->n - 1];
    assert(z->open && bytes.len <= UINT32_MAX);
    z->taken += bytes.len;
    if (z->taken > e->size) return ERR_IO; /* it has grown since it was looked at */
    e->crc = (uint32_t)crc32(e->crc, (const Bytef *)bytes.p, (uInt)bytes.len);
    return bytes.len ? pack(z, bytes, Z_NO_FLUSH) : 0;
}

static void add_listed(struct zip *z, const struct entry *e)
{
    bool far = e->at >= MAX32;
    int extra = (e->wide ? 16 : 0) + (far ? 8 : 0);
    add_number(z, 0x02014b50, 4);
    add_number(z, 3 << 8 | 45, 2); /* made on Unix */
    add_number(z, extra ? 45 : 20, 2);
    add_number(z, FLAGS, 2);
    add_number(z, DEFLATE, 2);
    add_number(z, e->stamp, 4);
    add_number(z, e->crc, 4);
    add_number(z, e->wide ? MAX32 : e->packed, 4);
    add_number(z, e->wide ? MAX32 : e->size, 4);
    add_number(z, strlen(e->name), 2);
    add_number(z, extra ? (uint64_t)extra + 4 : 0, 2);
    add_number(z, 0, 6); /* no comment, disk 0, no attributes of the kind that nobody has */
    add_number(z, UINT64_C(0100644) << 16, 4);
    add_number(z, far ? MAX32 : e->at, 4);
    add_text(z, e->name);
    if (extra) add_number(z, 1, 2), add_number(z, (uint64_t)extra, 2);
    if (e->wide) add_number(z, e->size, 8), add_number(z, e->packed, 8);
    if (far) add_number(z, e->at, 8);
}

/* The end of an archive that has more than the usual record can say. */
static void add_wide_end(struct zip *z, uint64_t at, uint64_t len)
{
    uint64_t here = z->total;
    add_number(z, 0x06064b50, 4);
    add_number(z, 44, 8);
    add_number(z, 3 << 8 | 45, 2);
    add_number(z, 45, 2);
    add_number(z, 0, 8);
    add_number(z, z->n, 8);
    add_number(z, z->n, 8);
    add_number(z, len, 8);
    add_number(z, at, 8);
    add_number(z, 0x07064b50, 4);
    add_number(z, 0, 4);
    add_number(z, here, 8);
    add_number(z, 1, 4);
}

int zip_end(struct zip *z)
{
    int err = finish(z);
    uint64_t at = z->total;
    for (size_t i = 0; i < z->n; i++) add_listed(z, &z->entries[i]);
    uint64_t len = z->total - at, n = z->n < UINT16_MAX ? z->n : UINT16_MAX;
    if (at >= MAX32 || len >= MAX32 || n == UINT16_MAX) add_wide_end(z, at, len);
    add_number(z, 0x06054b50, 4);
    add_number(z, 0, 4);
    add_number(z, n, 2);
    add_number(z, n, 2);
    add_number(z, len < MAX32 ? len : MAX32, 4);
    add_number(z, at < MAX32 ? at : MAX32, 4);
    add_number(z, 0, 2);
    return err ? err : buf_err(z->out);
}

void zip_free(struct zip *z)
{
    if (!z) return;
    (void)deflateEnd(&z->stream);
    for (size_t i = 0; i < z->n; i++) free(z->entries[i].name);
    free(z->entries);
    free(z);
}
