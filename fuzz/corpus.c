/*
 * Runs a fuzz target over files, as an ordinary program of any compiler: each file as it is, cut at each
 * byte, and with each bit flipped. usage: PROGRAM FILE ...
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX 65536
#define FLIP_MAX 4096 /* bytes: larger files run as they are, and cut at the powers of two */

static uint8_t content[FILE_MAX];

/* A copy of exactly this size, so that a read past its end is seen by the sanitizer. */
static void run(const uint8_t *bytes, size_t size)
{
    uint8_t *const copy = malloc(size ? size : 1);

    if (!copy)
        abort();
    memcpy(copy, bytes, size);
    (void)LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void run_variants(size_t size)
{
    run(content, size);
    for (size_t cut = 0; cut < size; cut = size <= FLIP_MAX ? cut + 1 : cut * 2 + 1)
        run(content, cut);
    for (size_t bit = 0; size <= FLIP_MAX && bit < size * 8; bit++) {
        content[bit / 8] ^= (uint8_t)(1U << bit % 8);
        run(content, size);
        content[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        FILE *const file = fopen(argv[i], "rb");
        if (!file) {
            fprintf(stderr, "%s: cannot be opened\n", argv[i]);
            return 3;
        }
        const size_t size = fread(content, 1, sizeof content, file);
        (void)fclose(file);
        run_variants(size);
    }
    if (argc < 2) {
        fprintf(stderr, "no files given\n");
        return 2;
    }
    printf("%d files\n", argc - 1);
    return 0;
}
