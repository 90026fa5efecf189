/* SPDX-License-Identifier: Apache-2.0
 *
 * The library converts names from the thread's character set, which is a server's `C`: so the thread has that of UTF-8 while
 * it is in here.
 */
#include "blob/zip.h"

#include "base/mem.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <stdlib.h>

struct zip {
    struct archive *archive;
    struct archive_entry *entry;
    struct buf *out; /* borrowed */
    int err;         /* of the buf; what comes after is dropped */
    bool broken;     /* nobody wants any more of it */
    locale_t utf8;
};

/* Never fails: a library that was told of a failure forgets to free what it packs with. */
static la_ssize_t on_bytes(struct archive *a, void *user, const void *bytes, size_t len)
{
    struct zip *z = user;
    (void)a;
    if (!z->err && !z->broken) buf_add(z->out, bytes, len);
    if (!z->err && !z->broken) z->err = buf_err(z->out);
    return (la_ssize_t)len;
}

/* Of the library's own word; what it only warns of is no archive as it should be. */
static int result(const struct zip *z, int code)
{
    if (z->err) return z->err;
    return code == ARCHIVE_OK ? 0 : ERR_IO;
}

int zip_open(struct zip **ret, struct buf *out)
{
    struct zip *z = mem_new(sizeof *z);
    *z = (struct zip){.archive = archive_write_new(), .entry = archive_entry_new(), .out = out};
    z->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    bool made = z->archive && z->entry && z->utf8;
    locale_t was = made ? uselocale(z->utf8) : (locale_t)0;
    int code = made ? archive_write_set_format_zip(z->archive) : ARCHIVE_FATAL;
    if (code == ARCHIVE_OK) code = archive_write_set_options(z->archive, "zip:compression=deflate,zip:compression-level=1,zip:hdrcharset=UTF-8");
    if (code == ARCHIVE_OK) code = archive_write_set_bytes_per_block(z->archive, 0); /* no padding behind it */
    if (code == ARCHIVE_OK) code = archive_write_open(z->archive, z, NULL, on_bytes, NULL);
    if (made) (void)uselocale(was);
    int err = made ? result(z, code) : ERR_NOMEM;
    if (err) zip_free(z);
    else *ret = z;
    return err;
}

int zip_begin(struct zip *z, struct str name, int64_t size, int64_t mtime_ms)
{
    char text[256];
    if (!str_copy(text, sizeof text, name)) return ERR_TOO_BIG;
    locale_t was = uselocale(z->utf8);
    archive_entry_clear(z->entry);
    archive_entry_copy_pathname(z->entry, text);
    archive_entry_set_filetype(z->entry, AE_IFREG);
    archive_entry_set_perm(z->entry, 0644);
    archive_entry_set_size(z->entry, size);
    archive_entry_set_mtime(z->entry, (time_t)(mtime_ms / 1000), 0);
    int code = archive_write_header(z->archive, z->entry);
    (void)uselocale(was);
    return result(z, code);
}

int zip_add(struct zip *z, struct str bytes)
{
    if (bytes.len == 0) return 0;
    la_ssize_t n = archive_write_data(z->archive, bytes.p, bytes.len);
    return result(z, n == (la_ssize_t)bytes.len ? ARCHIVE_OK : ARCHIVE_FATAL);
}

int zip_end(struct zip *z) { return result(z, archive_write_close(z->archive)); }

/* One that was not ended writes its list of names now: nobody is there for it. */
void zip_free(struct zip *z)
{
    if (!z) return;
    z->broken = true;
    if (z->archive) (void)archive_write_free(z->archive);
    if (z->entry) archive_entry_free(z->entry);
    if (z->utf8) freelocale(z->utf8);
    free(z);
}
