#include "cli/step_screen.h"

#include "cli/cli.h"
#include "cli/step_draw.h"
#include "ledger/clock.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <ncurses.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

enum { ESCAPE = 27, POLL_MS = 1000 };

/* -- giving the terminal back --------------------------------------------------------------------------- */

static volatile sig_atomic_t ended; /* the signal that asked for the end */
static struct termios terminal_was;
static char leave_text[256]; /* what leaves the full screen, shows the cursor, ends attributes */

static void on_signal(int number)
{
    ended = number;
}

static void add_capability(const char *name)
{
    const char *const text = tigetstr((char *)(uintptr_t)name);
    const size_t length = strlen(leave_text);

    if (text && text != (const char *)-1 && length + strlen(text) < sizeof leave_text)
        memcpy(leave_text + length, text, strlen(text) + 1);
}

/* After a fault: no library of ours is to be trusted any more. */
static void restore_terminal(void)
{
    const ssize_t n = write(STDOUT_FILENO, leave_text, strlen(leave_text));

    (void)n;
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal_was);
}

static void catch_signals(void)
{
    const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        (void)sigaction(numbers[i], &action, NULL);
}

/* -- opening -------------------------------------------------------------------------------------------- */

static void begin_colours(struct step_screen *screen)
{
    const char *const no = getenv("NO_COLOR");

    screen->has_colours = has_colors() && !(no && no[0]) && start_color() == OK;
    if (!screen->has_colours)
        return;
    const short background = use_default_colors() == OK ? -1 : COLOR_BLACK;
    init_pair(STEP_PAIR_BAD, COLOR_RED, background);
    init_pair(STEP_PAIR_GOOD, COLOR_GREEN, background);
    init_pair(STEP_PAIR_TITLE, COLOR_CYAN, background);
}

enum err_code step_screen_open(bool plain, struct step_screen **screen, struct err *err)
{
    const char *const terminal = getenv("TERM");

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &terminal_was))
        return err_set(
            err, ERR_USAGE,
            "step: standard input and output must be a terminal; for programs there are log, show, "
            "explain and state --at SEQ, each with --json");
    struct step_screen *const made = calloc(1, sizeof *made);
    if (!made)
        return err_set(err, ERR_MEMORY, "out of memory");
    const char *const locale = setlocale(LC_CTYPE, "");
    made->is_plain = plain || !locale || strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
    int is_known = 0;
    if (setupterm(NULL, STDOUT_FILENO, &is_known) ==
        OK) { /* newterm() loses memory over one that is not known */
        (void)del_curterm(cur_term);
        made->screen = newterm(NULL, stdout, stdin);
    }
    const char *const place = made->screen ? tigetstr((char *)(uintptr_t) "cup") : NULL;
    if (!place || place == (const char *)-1) {
        step_screen_close(made);
        return err_set(err, ERR_INPUT,
                       "step: the terminal \"%s\" ($TERM) is not known here, or cannot place its cursor",
                       terminal ? terminal : "");
    }
    leave_text[0] = '\0';
    add_capability("rmcup");
    add_capability("cnorm");
    add_capability("sgr0");
    cli_guard_terminal(restore_terminal);
    catch_signals();
    cbreak();
    noecho();
    nonl();
    intrflush(stdscr, FALSE);
    keypad(stdscr, TRUE);
    set_escdelay(25);
    (void)curs_set(0);
    begin_colours(made);
    *screen = made;
    return ERR_OK;
}

void step_screen_close(struct step_screen *screen)
{
    if (!screen)
        return;
    cli_guard_terminal(NULL);
    if (screen->screen) {
        (void)curs_set(1);
        erase(); /* for a terminal that has one screen only */
        refresh();
        if (ended)
            flushinp(); /* keys that were pressed before the end are nobody's */
        endwin();
        delscreen(screen->screen);
    }
    free(screen);
}

/* -- keys ----------------------------------------------------------------------------------------------- */

static int named(int key)
{
    switch (key) {
    case KEY_DOWN: return STEP_KEY_DOWN;
    case KEY_UP: return STEP_KEY_UP;
    case KEY_LEFT: return STEP_KEY_LEFT;
    case KEY_RIGHT: return STEP_KEY_RIGHT;
    case KEY_NPAGE: return STEP_KEY_PAGE_DOWN;
    case KEY_PPAGE: return STEP_KEY_PAGE_UP;
    case KEY_HOME: return STEP_KEY_HOME;
    case KEY_END: return STEP_KEY_END;
    case KEY_BTAB: return STEP_KEY_BACK_TAB;
    case KEY_ENTER: return STEP_KEY_ENTER;
    case KEY_BACKSPACE: return STEP_KEY_BACKSPACE;
    case KEY_RESIZE: return STEP_KEY_RESIZE;
    default: return STEP_KEY_OTHER;
    }
}

/* A key that is there already, or 0. */
static int key_at_hand(void)
{
    wint_t c = 0;

    nodelay(stdscr, TRUE);
    const int kind = get_wch(&c);
    if (kind == KEY_CODE_YES)
        return named((int)c);
    if (kind == ERR)
        return 0;
    if (c == '\r' || c == '\n')
        return STEP_KEY_ENTER;
    if (c == 8 || c == 127)
        return STEP_KEY_BACKSPACE;
    if (c == ESCAPE)
        return STEP_KEY_ESCAPE;
    return c > 0 && c < STEP_KEY_QUIT ? (int)c : STEP_KEY_OTHER;
}

int step_screen_key(struct step_screen *screen)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

    (void)screen;
    while (!ended) {
        const int key = key_at_hand();
        if (key)
            return key;
        const int ready = poll(&input, 1, POLL_MS);
        if (ready > 0 && (input.revents & (POLLHUP | POLLERR | POLLNVAL))) /* the terminal is gone */
            return STEP_KEY_QUIT;
    }
    return STEP_KEY_QUIT;
}

bool step_screen_goes_on(void *context, uint64_t done, uint64_t total)
{
    struct step_screen *const screen = context;
    const int64_t now_ns = clock_now_ns(NULL);
    char text[80];

    if (ended)
        return false;
    if (now_ns - screen->told_at_ns < NS_PER_SECOND / 10)
        return true;
    if (now_ns - screen->told_at_ns < NS_PER_SECOND) { /* not the first call after a pause */
        snprintf(text, sizeof text, "%llu of %llu entries (escape gives up)", (unsigned long long)done,
                 (unsigned long long)total);
        step_draw_status(screen, text, false);
        refresh();
    }
    screen->told_at_ns = now_ns;
    const int key = key_at_hand();
    return key != STEP_KEY_ESCAPE && !ended;
}

/* -- asking --------------------------------------------------------------------------------------------- */

/* Takes the last character off. */
static void shorten(char *text)
{
    size_t length = strlen(text);

    while (length > 0 && ((unsigned char)text[length - 1] & 0xc0) == 0x80)
        length--;
    text[length > 0 ? length - 1 : 0] = '\0';
}

static void lengthen(char *text, size_t capacity, int key)
{
    const uint32_t c = (uint32_t)key;
    const size_t length = strlen(text);
    char *const at = text + length;

    if (c < 0x20 || (c >= 0x7f && c < 0xa0) || length + 4 >= capacity)
        return;
    if (c < 0x80) {
        at[0] = (char)c;
        at[1] = '\0';
    } else if (c < 0x800) {
        at[0] = (char)(0xc0 | c >> 6);
        at[1] = (char)(0x80 | (c & 0x3f));
        at[2] = '\0';
    } else {
        at[0] = (char)(0xe0 | c >> 12);
        at[1] = (char)(0x80 | (c >> 6 & 0x3f));
        at[2] = (char)(0x80 | (c & 0x3f));
        at[3] = '\0';
    }
}

bool step_screen_ask(struct step_screen *screen, const char *prompt, char *text, size_t capacity)
{
    text[0] = '\0';
    for (;;) {
        step_draw_prompt(screen, prompt, text);
        refresh();
        const int key = step_screen_key(screen);
        if (key == STEP_KEY_QUIT || key == STEP_KEY_ESCAPE)
            return false;
        if (key == STEP_KEY_ENTER)
            return true;
        if (key == STEP_KEY_BACKSPACE && !text[0])
            return false;
        if (key == STEP_KEY_BACKSPACE)
            shorten(text);
        else if (key < STEP_KEY_QUIT)
            lengthen(text, capacity, key);
    }
}
