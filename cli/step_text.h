/*
 * Text for the screen's cells: characters decoded from UTF-8, each one to be seen. What is no character, controls
 * the terminal, or has no width of its own becomes '?'; on a plain screen so does all that is not ASCII.
 */
#ifndef CLI_STEP_TEXT_H
#define CLI_STEP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

/* Decodes up to `columns` columns of `text` into `out` (capacity of wide characters, terminator included); returns the bytes
 * taken. *used, which may be NULL: columns. */
size_t step_text_fit(const char *text, bool plain, unsigned columns, wchar_t *out, size_t capacity,
                     unsigned *used);
/* The bytes that the first `columns` columns take. */
size_t step_text_skip(const char *text, bool plain, unsigned columns);
/*
 * The same for one row of a text that goes on in the next: cut behind a space where there is one. Leading spaces
 * of what comes next are the caller's.
 */
size_t step_text_wrap(const char *text, bool plain, unsigned columns, wchar_t *out, size_t capacity,
                      unsigned *used);

#endif
