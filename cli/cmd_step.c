/* ledger step: walks through the journal on the terminal, entry by entry, with the state after each. */
#include "cli/cli.h"

#include "cli/step_screen.h"
#include "ledger/index.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SCROLL = 4, SHIFT = 10 };

struct walk {
    struct step_screen *screen;
    struct stepper *stepper;
    struct step_view view;
    bool quit;
};

/* What a move says when there is nothing there. */
static void tell(struct walk *w, enum err_code rc, const struct err *why)
{
    if (!rc)
        return;
    snprintf(w->view.message, sizeof w->view.message, "%s", why->text);
    w->view.is_bad = true;
}

static void step(struct walk *w, int64_t by)
{
    struct err why;

    tell(w, stepper_step(w->stepper, by, &why), &why);
}

static void go_to_end(struct walk *w, bool newest)
{
    struct err why;

    tell(w, stepper_end(w->stepper, newest, &why), &why);
}

static void find(struct walk *w, enum stepper_what what, bool forward)
{
    struct err why;

    tell(w, stepper_next(w->stepper, what, forward, &why), &why);
}

static void ask_where(struct walk *w)
{
    char text[80];
    struct err why;

    if (step_screen_ask(w->screen, "go to: ", text, sizeof text) && text[0])
        tell(w, stepper_goto(w->stepper, text, &why), &why);
}

static void ask_what(struct walk *w)
{
    char text[STEPPER_TERM_MAX + 4];
    struct err why;

    if (!step_screen_ask(w->screen, "/", text, sizeof text))
        return;
    const enum err_code rc = stepper_search(w->stepper, text, &why);
    if (rc)
        tell(w, rc, &why);
    else
        find(w, STEPPER_MATCH, true);
}

static void refresh_size(struct walk *w)
{
    struct err why;
    uint64_t added = 0;
    const enum err_code rc = stepper_refresh(w->stepper, &added, &why);

    tell(w, rc, &why);
    if (!rc)
        snprintf(w->view.message, sizeof w->view.message, "%" PRIu64 " newer %s", added,
                 added == 1 ? "entry" : "entries");
}

/* On a wide screen the left half stays, and the state's panes take turns. */
static void turn(struct walk *w, int by)
{
    struct step_view *const v = &w->view;
    const bool is_wide = step_screen_is_wide(w->screen);
    const int first = is_wide ? STEPPER_SUMMARY : STEPPER_ENTRY;
    const int count = STEPPER_PANES - first;
    const int now = is_wide || v->is_right ? (int)v->right : (int)v->left;
    const enum stepper_pane next = (enum stepper_pane)(first + (now - first + by + count) % count);

    v->is_right = stepper_pane_is_state(next);
    if (v->is_right)
        v->right = next;
    else
        v->left = next;
    *(v->is_right ? &v->scroll_right : &v->scroll_left) = 0;
    v->shift = 0;
}

static void explain(struct walk *w)
{
    struct step_view *const v = &w->view;
    const bool is_seen = !v->is_right || step_screen_is_wide(w->screen);

    v->left = v->left == STEPPER_WHY && is_seen ? STEPPER_ENTRY : STEPPER_WHY;
    v->is_right = false;
    v->scroll_left = 0;
}

static void scroll(struct walk *w, bool is_right, int by)
{
    unsigned *const at = is_right ? &w->view.scroll_right : &w->view.scroll_left;

    if (by > 0)
        *at += (unsigned)by;
    else
        *at = *at > (unsigned)-by ? *at - (unsigned)-by : 0;
}

/* Of what is looked for, and how panes are shown. */
static void on_letter(struct walk *w, int key)
{
    const bool is_narrow = !step_screen_is_wide(w->screen);
    struct err why;

    switch (key) {
    case 'n':
    case 'd': find(w, STEPPER_DECISION, true); break;
    case 'N':
    case 'D': find(w, STEPPER_DECISION, false); break;
    case 'b': find(w, STEPPER_BREACH, true); break;
    case 'B': find(w, STEPPER_BREACH, false); break;
    case 'o': find(w, STEPPER_ORDER, true); break;
    case 'O': find(w, STEPPER_ORDER, false); break;
    case 'f': find(w, STEPPER_MATCH, true); break;
    case 'F': find(w, STEPPER_MATCH, false); break;
    case '/': ask_what(w); break;
    case 'g': ask_where(w); break;
    case 'c': tell(w, stepper_cause(w->stepper, &why), &why); break;
    case 'u': tell(w, stepper_back(w->stepper, &why), &why); break;
    case 'r': refresh_size(w); break;
    case '\t': turn(w, 1); break;
    case '[': scroll(w, is_narrow && w->view.is_right, -SCROLL); break;
    case ']': scroll(w, is_narrow && w->view.is_right, SCROLL); break;
    case 'l':
    case STEP_KEY_RIGHT: w->view.shift += SHIFT; break;
    case 'h':
    case STEP_KEY_LEFT: w->view.shift -= w->view.shift < SHIFT ? w->view.shift : SHIFT; break;
    case '{': scroll(w, true, -SCROLL); break;
    case '}': scroll(w, true, SCROLL); break;
    case '?': w->view.is_help = true; break;
    case 'q': w->quit = true; break;
    default: break;
    }
}

static void on_key(struct walk *w, int key)
{
    const int64_t page = step_screen_page(w->screen);

    if (key == STEP_KEY_RESIZE)
        return;
    w->view.message[0] = '\0';
    w->view.is_bad = false;
    if (w->view.is_help && key != STEP_KEY_QUIT) {
        w->view.is_help = false;
        return;
    }
    switch (key) {
    case STEP_KEY_QUIT: w->quit = true; break;
    case 'j':
    case STEP_KEY_DOWN: step(w, 1); break;
    case 'k':
    case STEP_KEY_UP: step(w, -1); break;
    case ' ':
    case STEP_KEY_PAGE_DOWN: step(w, page); break;
    case STEP_KEY_PAGE_UP: step(w, -page); break;
    case '<':
    case STEP_KEY_HOME: go_to_end(w, false); break;
    case '>':
    case 'G':
    case STEP_KEY_END: go_to_end(w, true); break;
    case STEP_KEY_BACK_TAB: turn(w, -1); break;
    case STEP_KEY_ENTER: explain(w); break;
    default: on_letter(w, key); break;
    }
}

/* While nothing is pressed the journal is let go. */
static void run(struct walk *w)
{
    uint64_t shown = 0;

    while (!w->quit) {
        if (shown != stepper_seq(w->stepper)) {
            w->view.scroll_left = 0;
            w->view.scroll_right = 0;
        }
        shown = stepper_seq(w->stepper);
        step_screen_draw(w->screen, w->stepper, &w->view);
        stepper_rest(w->stepper);
        on_key(w, step_screen_key(w->screen));
    }
}

enum err_code cmd_step(struct cli *cli, struct err *err)
{
    struct walk w = {.view = {.left = STEPPER_ENTRY, .right = STEPPER_SUMMARY}};
    const char *at = NULL;
    bool ascii = false;
    struct journal *j = NULL;
    struct index *index = NULL;
    const struct cli_option options[] = {{.name = "at", .value = &at}, {.name = "ascii", .flag = &ascii}};
    enum err_code rc = cli_options(cli, options, 2, NULL, 0, NULL, err);

    cli_guard_reading();
    if (!rc)
        rc = cli_open(cli, true, &j, err);
    if (!rc)
        index = cli_index(j);
    if (!rc)
        rc = stepper_new(j, index, &w.stepper, err);
    if (!rc && at)
        rc = stepper_goto(w.stepper, at, err);
    if (!rc)
        rc = step_screen_open(ascii, &w.screen, err);
    if (!rc) {
        stepper_set_work(w.stepper, &(struct stepper_work){step_screen_goes_on, w.screen});
        run(&w);
    }
    step_screen_close(w.screen);
    stepper_free(w.stepper);
    index_close(index);
    journal_close(j);
    return rc;
}
