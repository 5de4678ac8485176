/* Prints docs/ENTRIES.md from the table of entries. */
#ifndef TESTS_DOCS_ENTRIES_PAGE_H
#define TESTS_DOCS_ENTRIES_PAGE_H

#include <stdio.h>

void entries_page_print(FILE *out);

#endif
