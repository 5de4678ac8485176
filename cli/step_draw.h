/* What the two files of the stepper's screen share (cli/step_screen.h). */
#ifndef CLI_STEP_DRAW_H
#define CLI_STEP_DRAW_H

#include "cli/step_screen.h"

#include <ncurses.h>

enum { STEP_PAIR_BAD = 1, STEP_PAIR_GOOD, STEP_PAIR_TITLE };

struct step_screen {
    SCREEN *screen;
    bool is_plain; /* ASCII only */
    bool has_colours;
    int64_t told_at_ns; /* when progress was shown last */
};

/* The last row: a message, or what to press. */
void step_draw_status(const struct step_screen *screen, const char *text, bool is_bad);
void step_draw_prompt(const struct step_screen *screen, const char *prompt, const char *text);

#endif
