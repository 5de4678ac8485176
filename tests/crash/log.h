/* The log of a recorded run (record.h), read back. */
#ifndef TESTS_CRASH_LOG_H
#define TESTS_CRASH_LOG_H

#include "record.h"

#include <stddef.h>

struct log_record {
    struct record_head head;
    char *name; /* terminated; "" when there is none */
    char *name2;
    const uint8_t *data;
};

struct log {
    uint8_t *bytes;
    struct log_record *records;
    size_t count;
};

/* Stops the program when there is no whole log. */
void log_load(struct log *l, const char *path);
void log_release(struct log *l);

/* One line for people and for escapes.py: number, pid, what, and its numbers. */
void log_print(const struct log *l, size_t index);

#endif
