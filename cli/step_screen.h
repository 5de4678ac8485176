/*
 * The stepper's screen: draws what reports/stepper.h says with ncurses, and hands out keys. All that knows the
 * terminal is here: its size, its colours, whether it shows UTF-8, and that it is left as it was found, also
 * after Ctrl-C and after a fault. No control character of a text reaches it.
 */
#ifndef CLI_STEP_SCREEN_H
#define CLI_STEP_SCREEN_H

#include "reports/stepper.h"

struct step_screen;

/* Beside characters: what keys mean. */
enum step_key {
    STEP_KEY_QUIT = 0x10000, /* Ctrl-C, or somebody ends the program */
    STEP_KEY_DOWN,
    STEP_KEY_UP,
    STEP_KEY_LEFT,
    STEP_KEY_RIGHT,
    STEP_KEY_PAGE_DOWN,
    STEP_KEY_PAGE_UP,
    STEP_KEY_HOME,
    STEP_KEY_END,
    STEP_KEY_BACK_TAB,
    STEP_KEY_ENTER,
    STEP_KEY_ESCAPE,
    STEP_KEY_BACKSPACE,
    STEP_KEY_RESIZE,
    STEP_KEY_OTHER
};

/* What of the model is on the screen. */
struct step_view {
    enum stepper_pane left;  /* STEPPER_ENTRY or STEPPER_WHY */
    enum stepper_pane right; /* a pane of the state */
    bool is_right;           /* which of them a small screen shows */
    unsigned scroll_left;    /* lines above the first that is shown; drawing brings both into their range */
    unsigned scroll_right;
    unsigned shift; /* characters of tables that are left out behind their first column */
    bool is_help;
    char message[ERR_TEXT_SIZE];
    bool is_bad; /* the message is a no */
};

/*
 * Takes the terminal. `plain`: ASCII only, also where the terminal shows more. ERR_USAGE: standard input or
 * output is none. ERR_INPUT: $TERM names one that is not known, or cannot do it.
 */
MUST_USE enum err_code step_screen_open(bool plain, struct step_screen **screen, struct err *err);
void step_screen_close(struct step_screen *screen); /* gives it back as it was; NULL is fine */

/* Both panes are to be seen at once. */
bool step_screen_is_wide(const struct step_screen *screen);
/* Entries in the list: a page. */
unsigned step_screen_page(const struct step_screen *screen);
void step_screen_draw(struct step_screen *screen, struct stepper *s, struct step_view *view);
/* Waits for a key: a character, or an enum step_key. */
int step_screen_key(struct step_screen *screen);
/* A line of text in the last row. False: given up (escape). */
bool step_screen_ask(struct step_screen *screen, const char *prompt, char *text, size_t capacity);
/* For struct stepper_work: shows how far it is, at most ten times a second; false after escape or Ctrl-C. */
bool step_screen_goes_on(void *screen, uint64_t done, uint64_t total);

#endif
