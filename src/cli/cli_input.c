/* SPDX-License-Identifier: Apache-2.0
 *
 * Byte for byte, up to the largest input a server takes.
 */
#include "cli/cli_input.h"

#include "base/limits.h"

#include <errno.h>
#include <stdio.h>

static int read_all(const struct cli_args *a, FILE *from, const char *name, struct buf *input)
{
    size_t n;
    do {
        char *room = buf_room(input, 64 * 1024);
        n = room ? fread(room, 1, 64 * 1024, from) : 0;
        if (room) buf_wrote(input, n);
    } while (n > 0);
    if (buf_err(input) || input->len > LIMIT_INPUT)
        return cli_args_wrong(a, "%s is over %d bytes; a larger input is named in the input, not put into it", name,
                              LIMIT_INPUT);
    if (!ferror(from)) return CLI_OK;
    fprintf(stderr, "bide %s: cannot read %s: %s\n", a->verb->name, name, strerror(errno));
    return CLI_IO;
}

int cli_input_read(const struct cli_args *a, struct buf *input)
{
    const char *text = cli_args_text(a, "--input");
    buf_init(input, LIMIT_INPUT + 128 * 1024); /* room for one read beyond the largest */
    if (!text) text = "{}";
    if (strcmp(text, "-") == 0) return read_all(a, stdin, "standard input", input);
    if (*text != '@') {
        buf_add_text(input, text);
        return CLI_OK;
    }
    FILE *f = fopen(text + 1, "re");
    if (!f) {
        fprintf(stderr, "bide %s: cannot open %s: %s\n", a->verb->name, text + 1, strerror(errno));
        return CLI_USAGE;
    }
    int code = read_all(a, f, text + 1, input);
    fclose(f);
    return code;
}
