/* The stepper's screen: what goes where. Keys and the terminal itself are in step_screen.c. */
#include "cli/step_draw.h"

#include "cli/step_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS_LEAST = 40, ROWS_LEAST = 8, COLUMNS_WIDE = 120, COLUMNS_MAX = 1024, HANGING = 6 };

/* A part of the screen. */
struct box {
    int row;
    int column;
    int rows;
    int columns;
};

static const char *const help[] = {
    "j k, arrows      next, previous entry",
    "space, page keys a page of the list",
    "n N (also d D)   next, previous decision",
    "b B              next, previous breach: a refused verdict, a failed check, a",
    "                 breaker's trip, an emergency stop",
    "o O              next, previous order or fill",
    "g                go to an entry's number, +100, -100, or a time: 09:47 in New York",
    "                 that day, 2015-12-24 09:47, 2015-12-24T14:47:00Z",
    "/                search: a symbol (GOOG), or any words; f F next, previous match",
    "c                to the entry that caused this one",
    "u                back to where the last jump began",
    "home end (< >)   first, newest entry",
    "enter            why: what the entry follows from, and what followed",
    "tab, back tab    next, previous pane; on a wide screen, of the state after the entry",
    "[ ] { }          scroll the pane; on a wide screen { } scroll the right one",
    "left right (h l) move tables sideways behind their first column",
    "r                look for entries that were appended meanwhile",
    "q, ctrl-c        quit",
    "",
    "Nothing here changes the journal.",
};

/* -- cells ---------------------------------------------------------------------------------------------- */

static attr_t look_of(const struct step_screen *screen, enum line_mark mark)
{
    const bool colours = screen->has_colours;

    switch (mark) {
    case LINE_TITLE: return A_BOLD;
    case LINE_DIM: return A_DIM;
    case LINE_GOOD: return colours ? (attr_t)COLOR_PAIR(STEP_PAIR_GOOD) : A_NORMAL;
    case LINE_BAD: return colours ? A_BOLD | (attr_t)COLOR_PAIR(STEP_PAIR_BAD) : A_BOLD;
    case LINE_PLAIN: break;
    }
    return A_NORMAL;
}

static void use(attr_t look)
{
    attrset((int)look);
}

/* One row of cells, filled up with blanks. */
static void put(const struct step_screen *screen, int row, int column, int columns, attr_t look,
                const char *text)
{
    wchar_t cells[COLUMNS_MAX + 1];
    unsigned used = 0;

    if (columns > COLUMNS_MAX)
        columns = COLUMNS_MAX;
    if (columns <= 0)
        return;
    step_text_fit(text, screen->is_plain, (unsigned)columns, cells, COLUMNS_MAX + 1, &used);
    use(look);
    mvaddwstr(row, column, cells);
    for (int i = (int)used; i < columns; i++)
        mvaddch(row, column + i, ' ');
    use(A_NORMAL);
}

static void put_rule(const struct step_screen *screen, int row, int column, int columns)
{
    const wchar_t dash[] = {screen->is_plain ? L'-' : L'\u2500', L'\0'};

    use(A_DIM);
    for (int i = 0; i < columns; i++)
        mvaddwstr(row, column + i, dash);
    use(A_NORMAL);
}

void step_draw_status(const struct step_screen *screen, const char *text, bool is_bad)
{
    static const char keys[] =
        "? help  j k entry  n N decision  b B breach  o O order  g go  / search  q quit";

    put(screen, LINES - 1, 0, COLS - 1,
        text[0] ? look_of(screen, is_bad ? LINE_BAD : LINE_TITLE) : look_of(screen, LINE_DIM),
        text[0] ? text : keys);
}

/* The end of what was typed is what counts. */
void step_draw_prompt(const struct step_screen *screen, const char *prompt, const char *text)
{
    const size_t room = COLS > (int)strlen(prompt) + 4 ? (size_t)COLS - strlen(prompt) - 4 : 1;
    size_t skipped = strlen(text) > room ? strlen(text) - room : 0;
    char line[512];

    while (((unsigned char)text[skipped] & 0xc0) == 0x80)
        skipped++;
    snprintf(line, sizeof line, "%s%s_", prompt, text + skipped);
    put(screen, LINES - 1, 0, COLS - 1, A_BOLD, line);
}

/* -- the list ------------------------------------------------------------------------------------------- */

static void format_when(char out[INSTANT_TEXT_SIZE], int64_t at_ns, civil_day day)
{
    char text[INSTANT_TEXT_SIZE];

    out[0] = '\0';
    if (at_ns == INSTANT_NONE)
        return;
    instant_format_new_york(text, at_ns); /* "2015-12-24 09:31:00" */
    if (strlen(text) == 19 && instant_new_york_day(at_ns, NULL) == day)
        snprintf(out, INSTANT_TEXT_SIZE, "%s", text + 11);
    else if (strlen(text) == 19)
        snprintf(out, INSTANT_TEXT_SIZE, "%.8s", text + 2);
}

/* The market's day: what people ask for carries the wall's time, which in a backtest is years later. */
static civil_day day_shown(struct stepper *s, uint64_t first, uint64_t last)
{
    struct stepper_row row;
    civil_day day = CIVIL_DAY_NONE;

    for (uint64_t seq = first; seq <= last; seq++) {
        stepper_row(s, seq, &row);
        if (row.at_ns == INSTANT_NONE)
            continue;
        if (day == CIVIL_DAY_NONE || row.family != FAMILY_CONTROL)
            day = instant_new_york_day(row.at_ns, NULL);
        if (row.family != FAMILY_CONTROL)
            break;
    }
    return day;
}

static enum line_mark mark_of(const struct stepper_row *row)
{
    if (row->is_breach)
        return LINE_BAD;
    if (row->family == FAMILY_FILL)
        return LINE_GOOD;
    return row->family == FAMILY_DECISION || row->family == FAMILY_ORDER ? LINE_TITLE : LINE_PLAIN;
}

static void draw_list(const struct step_screen *screen, struct stepper *s, const struct box *box)
{
    const uint64_t size = stepper_size(s);
    const uint64_t rows = (uint64_t)box->rows;
    const uint64_t above = rows / 2;
    uint64_t first = stepper_seq(s) > above ? stepper_seq(s) - above : 1;
    char line[4096];
    char when[INSTANT_TEXT_SIZE];
    char digits[24];

    if (size >= rows && first + rows - 1 > size)
        first = size - rows + 1;
    if (size < rows)
        first = 1;
    const uint64_t last = first + rows - 1 < size ? first + rows - 1 : size;
    const civil_day day = day_shown(s, first, last);
    const int width = snprintf(digits, sizeof digits, "%" PRIu64, size);
    for (uint64_t i = 0; i < rows; i++) {
        struct stepper_row row = {.seq = 0};
        line[0] = '\0';
        if (first + i <= last) {
            stepper_row(s, first + i, &row);
            format_when(when, row.at_ns, day);
            snprintf(line, sizeof line, "%c%c%*" PRIu64 " %-8s %-12s %s",
                     row.seq == stepper_seq(s) ? '>' : ' ', row.is_breach ? '!' : ' ', width, row.seq, when,
                     row.stage, row.text);
        }
        const attr_t look = row.seq ? look_of(screen, mark_of(&row)) : A_NORMAL;
        put(screen, box->row + (int)i, box->column, box->columns,
            row.seq == stepper_seq(s) ? look | A_REVERSE : look, line);
    }
}

/* -- panes ---------------------------------------------------------------------------------------------- */

/* Rows that the line takes; those from `skip` on are drawn. */
static int draw_line(const struct step_screen *screen, const struct line *line, const struct box *box,
                     int row)
{
    wchar_t cells[COLUMNS_MAX + 1];
    const char *at = line->text;
    const int columns = box->columns < COLUMNS_MAX ? box->columns : COLUMNS_MAX;
    int count = 0;

    do {
        const int indent = count && columns > 4 * HANGING ? HANGING : 0;
        while (count && *at == ' ')
            at++;
        if (count && !*at)
            break;
        const size_t taken =
            step_text_wrap(at, screen->is_plain, (unsigned)(columns - indent), cells, COLUMNS_MAX + 1, NULL);
        if (row + count >= 0 && row + count < box->rows) {
            use(look_of(screen, line->mark));
            mvaddwstr(box->row + row + count, box->column + indent, cells);
            use(A_NORMAL);
        }
        at += taken;
        count++;
        if (!taken) /* a character that is wider than the box */
            break;
    } while (*at);
    return count;
}

/* A row of a table: cut at the right, and behind its first column. */
static void draw_row(const struct step_screen *screen, const struct line *line, const struct box *box,
                     int row, unsigned frozen, unsigned shift)
{
    const unsigned columns = (unsigned)box->columns;
    const unsigned first = frozen < columns / 2 ? frozen : columns / 2;
    const char *const rest = line->text + step_text_skip(line->text, screen->is_plain, frozen);

    if (row < 0 || row >= box->rows)
        return;
    put(screen, box->row + row, box->column, (int)first, look_of(screen, line->mark), line->text);
    put(screen, box->row + row, box->column + (int)first, box->columns - (int)first,
        look_of(screen, line->mark), rest + step_text_skip(rest, screen->is_plain, shift));
}

static int draw_lines(const struct step_screen *screen, const struct lines *lines, const struct box *box,
                      int row, unsigned shift)
{
    for (int i = 0; i < box->rows; i++)
        put(screen, box->row + i, box->column, box->columns, A_NORMAL, "");
    for (size_t i = 0; i < lines->count; i++) {
        if (lines->frozen && i > 0) /* the first is its title */
            draw_row(screen, &lines->rows[i], box, row++, lines->frozen, shift);
        else
            row += draw_line(screen, &lines->rows[i], box, row);
    }
    return row;
}

static void draw_pane(const struct step_screen *screen, struct stepper *s, enum stepper_pane pane,
                      const struct box *box, unsigned *scroll, unsigned shift)
{
    const struct lines *const lines = stepper_lines(s, pane);
    const int rows = draw_lines(screen, lines, box, -(int)*scroll, shift) + (int)*scroll;
    const unsigned most = rows > box->rows ? (unsigned)(rows - box->rows) : 0;

    if (*scroll > most) {
        *scroll = most;
        (void)draw_lines(screen, lines, box, -(int)most, shift);
    }
    if (*scroll < most)
        put(screen, box->row + box->rows - 1, box->column + box->columns - 8, 8, A_REVERSE, " ] more ");
}

static int tabs_width(enum stepper_pane first, enum stepper_pane last)
{
    int width = 1;

    for (enum stepper_pane i = first; i <= last; i++)
        width += (int)strlen(stepper_pane_name(i)) + 2;
    return width;
}

/* The chosen one is there in any case; those before it make room. */
static void draw_tabs(const struct step_screen *screen, const struct box *box, enum stepper_pane first,
                      enum stepper_pane end, enum stepper_pane chosen)
{
    int column = box->column + 1;
    char text[40];

    put_rule(screen, box->row, box->column, box->columns);
    while (first < chosen && tabs_width(first, chosen) > box->columns)
        first++;
    for (enum stepper_pane i = first; i < end; i++) {
        const int width = snprintf(text, sizeof text, i == chosen ? "[%s]" : " %s ", stepper_pane_name(i));
        if (column + width > box->column + box->columns)
            break;
        put(screen, box->row, column, width, i == chosen ? A_BOLD : A_DIM, text);
        column += width;
    }
}

/* -- the whole ------------------------------------------------------------------------------------------ */

bool step_screen_is_wide(const struct step_screen *screen)
{
    (void)screen;
    return COLS >= COLUMNS_WIDE;
}

unsigned step_screen_page(const struct step_screen *screen)
{
    (void)screen;
    return LINES >= ROWS_LEAST ? (unsigned)(LINES - 3) * 45 / 100 : 1;
}

static void draw_title(const struct step_screen *screen, struct stepper *s)
{
    struct stepper_row row;
    char when[INSTANT_TEXT_SIZE] = "";
    char line[1024];

    stepper_row(s, stepper_seq(s), &row);
    if (row.at_ns != INSTANT_NONE)
        instant_format_new_york(when, row.at_ns);
    const char *const alarm = stepper_alarm(s);
    snprintf(line, sizeof line, " entry %" PRIu64 " of %" PRIu64 "  %s%s%s  %s", stepper_seq(s),
             stepper_size(s), when, alarm[0] ? "  ! " : "", alarm, stepper_origin(s));
    put(screen, 0, 0, COLS, alarm[0] ? look_of(screen, LINE_BAD) | A_REVERSE : A_REVERSE, line);
}

static void draw_help(const struct step_screen *screen)
{
    put(screen, 0, 0, COLS, A_REVERSE, " ledger step: keys");
    for (size_t i = 0; i < sizeof help / sizeof help[0]; i++)
        put(screen, (int)i + 2, 1, COLS - 2, A_NORMAL, help[i]);
    step_draw_status(screen, "any key goes back", false);
}

static void draw_wide(const struct step_screen *screen, struct stepper *s, struct step_view *view,
                      const struct box *below)
{
    const int half = (below->columns - 1) / 2;
    const struct box left = {below->row + 1, 0, below->rows - 1, half};
    const struct box right = {below->row + 1, half + 1, below->rows - 1, below->columns - half - 1};

    draw_tabs(screen, &(struct box){below->row, 0, 1, half + 1}, STEPPER_ENTRY, STEPPER_SUMMARY, view->left);
    draw_tabs(screen, &(struct box){below->row, half + 1, 1, right.columns}, STEPPER_SUMMARY, STEPPER_PANES,
              view->right);
    draw_pane(screen, s, view->left, &left, &view->scroll_left, view->shift);
    draw_pane(screen, s, view->right, &right, &view->scroll_right, view->shift);
    use(A_DIM);
    for (int i = 0; i < left.rows; i++)
        mvaddwstr(left.row + i, half, screen->is_plain ? L"|" : L"\u2502");
    use(A_NORMAL);
}

void step_screen_draw(struct step_screen *screen, struct stepper *s, struct step_view *view)
{
    const int page = (int)step_screen_page(screen);
    const struct box list = {1, 0, page, COLS};
    const struct box below = {1 + page, 0, LINES - page - 2, COLS};

    erase();
    if (COLS < COLUMNS_LEAST || LINES < ROWS_LEAST) {
        put(screen, 0, 0, COLS, A_NORMAL, "make me larger");
    } else if (view->is_help) {
        draw_help(screen);
    } else {
        draw_title(screen, s);
        draw_list(screen, s, &list);
        if (step_screen_is_wide(screen)) {
            draw_wide(screen, s, view, &below);
        } else {
            const struct box pane = {below.row + 1, 0, below.rows - 1, COLS};
            draw_tabs(screen, &(struct box){below.row, 0, 1, COLS}, STEPPER_ENTRY, STEPPER_PANES,
                      view->is_right ? view->right : view->left);
            draw_pane(screen, s, view->is_right ? view->right : view->left, &pane,
                      view->is_right ? &view->scroll_right : &view->scroll_left, view->shift);
        }
        step_draw_status(screen, view->message, view->is_bad);
    }
    refresh();
}
