/* What tamper_files.c keeps between mutations. */
#ifndef TESTS_TAMPER_FILES_H
#define TESTS_TAMPER_FILES_H

void tamper_files_close(void);

#endif
