/* usage: entries_page FILE */
#include "entries_page.h"

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: entries_page FILE\n");
        return 2;
    }
    FILE *const out = fopen(argv[1], "w");
    if (!out) {
        perror(argv[1]);
        return 3;
    }
    entries_page_print(out);
    const int failed = ferror(out);
    if (fclose(out) != 0 || failed) {
        perror(argv[1]);
        return 3;
    }
    return 0;
}
