/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a fuzz target over every file of its corpus, each whole and cut short (after each of its first 256 bytes; a slow
 * target says FUZZ_CUTS, how often), so that what the fuzzer once found stays found in every `make check`. Linked with one
 * fuzz_*.c; with clang's libFuzzer this file is left out.
 * An empty or missing corpus is a failure: a test that runs nothing proves nothing.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern const size_t fuzz_cuts __attribute__((weak)); /* of FUZZ_CUTS */

/* A copy of exactly `size` bytes, so that a sanitizer sees a read past the end. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy) abort();
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static int run_file(const char *path)
{
    struct stat st;
    FILE *f = fopen(path, "rb");
    if (!f || fstat(fileno(f), &st) != 0) {
        perror(path);
        return 1;
    }
    size_t size = (size_t)st.st_size;
    uint8_t *data = malloc(size ? size : 1);
    if (!data || fread(data, 1, size, f) != size) {
        perror(path);
        abort();
    }
    fclose(f);
    size_t cuts = !&fuzz_cuts ? (size < 256 ? size : 256) : size < fuzz_cuts ? size : fuzz_cuts;
    for (size_t i = 0; i < cuts; i++) run(data, &fuzz_cuts ? size * i / cuts : i);
    run(data, size);
    free(data);
    return 0;
}

int main(int argc, char **argv)
{
    DIR *d = argc == 2 ? opendir(argv[1]) : NULL;
    if (!d) {
        fprintf(stderr, "usage: %s CORPUS_FOLDER (must exist)\n", argv[0]);
        return 1;
    }
    int files = 0, failed = 0;
    for (struct dirent *e; (e = readdir(d));) {
        char path[4096];
        if (e->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", argv[1], e->d_name);
        failed += run_file(path);
        files++;
    }
    closedir(d);
    printf("%d files, %d unreadable\n", files, failed);
    return files == 0 || failed;
}
