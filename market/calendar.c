#include "market/calendar.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

enum weekday { SUNDAY, MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY };

enum holiday_rule {
    ON_DATE,          /* Saturday is kept on Friday, Sunday on Monday */
    ON_DATE_OR_AFTER, /* Sunday is kept on Monday, Saturday is lost: Friday ends the exchange's year */
    NTH_WEEKDAY,
    LAST_WEEKDAY,
    BEFORE_EASTER
};

struct holiday {
    const char *name;
    int first_year;
    enum holiday_rule rule;
    int month;
    int day; /* ON_DATE: day of the month. NTH_WEEKDAY: n. BEFORE_EASTER: days before it */
    enum weekday weekday;
};

static const struct holiday HOLIDAYS[] = {
    {"New Year's Day", 1990, ON_DATE_OR_AFTER, 1, 1, SUNDAY},
    {"Martin Luther King Jr. Day", 1998, NTH_WEEKDAY, 1, 3, MONDAY},
    {"Presidents' Day", 1990, NTH_WEEKDAY, 2, 3, MONDAY},
    {"Good Friday", 1990, BEFORE_EASTER, 0, 2, FRIDAY},
    {"Memorial Day", 1990, LAST_WEEKDAY, 5, 0, MONDAY},
    {"Juneteenth", 2022, ON_DATE, 6, 19, SUNDAY},
    {"Independence Day", 1990, ON_DATE, 7, 4, SUNDAY},
    {"Labor Day", 1990, NTH_WEEKDAY, 9, 1, MONDAY},
    {"Thanksgiving", 1990, NTH_WEEKDAY, 11, 4, THURSDAY},
    {"Christmas", 1990, ON_DATE, 12, 25, SUNDAY},
};

#define HM(h, m) ((h)*60 + (m))
#define OPEN     HM(9, 30)
#define CLOSE    HM(16, 0)

/* Days that no rule gives, in order. Equal open and close: no session. */
static const struct exception {
    int year;
    int month;
    int day;
    int open_minute;
    int close_minute;
    const char *reason;
} EXCEPTIONS[] = {
    {1990, 12, 24, OPEN, HM(14, 0), "Christmas Eve"},
    {1990, 12, 27, HM(9, 31), CLOSE, "power failure"},
    {1991, 1, 17, HM(9, 31), CLOSE, "moment of silence for troops in the Gulf"},
    {1991, 2, 25, HM(9, 31), CLOSE, "moment of silence for troops in the Gulf"},
    {1991, 12, 24, OPEN, HM(14, 0), "Christmas Eve"},
    {1992, 11, 27, OPEN, HM(14, 0), "the day after Thanksgiving"},
    {1992, 12, 24, OPEN, HM(14, 0), "Christmas Eve"},
    {1994, 2, 11, OPEN, HM(14, 30), "snowstorm"},
    {1994, 4, 27, 0, 0, "mourning of President Nixon"},
    {1995, 12, 18, HM(10, 30), CLOSE, "computer failure"},
    {1996, 1, 8, HM(11, 0), HM(14, 0), "snowstorm"},
    {1996, 12, 24, OPEN, HM(13, 0), "Christmas Eve"},
    {1997, 10, 27, OPEN, HM(15, 30), "circuit breaker"},
    {1997, 12, 24, OPEN, HM(13, 0), "Christmas Eve"},
    {1997, 12, 26, OPEN, HM(13, 0), "the day after Christmas"},
    {1998, 12, 24, OPEN, HM(13, 0), "Christmas Eve"},
    {1999, 12, 31, OPEN, HM(13, 0), "New Year's Eve"},
    {2001, 9, 11, 0, 0, "attack of September 11"},
    {2001, 9, 12, 0, 0, "attack of September 11"},
    {2001, 9, 13, 0, 0, "attack of September 11"},
    {2001, 9, 14, 0, 0, "attack of September 11"},
    {2001, 9, 17, HM(9, 33), CLOSE, "moment of silence for September 11"},
    {2001, 10, 8, HM(9, 31), CLOSE, "moment of silence for troops"},
    {2002, 9, 11, HM(12, 0), CLOSE, "anniversary of September 11"},
    {2003, 3, 20, HM(9, 32), CLOSE, "moment of silence for troops in Iraq"},
    {2003, 12, 26, OPEN, HM(13, 0), "the day after Christmas"},
    {2004, 6, 7, HM(9, 32), CLOSE, "moment of silence for President Reagan"},
    {2004, 6, 11, 0, 0, "mourning of President Reagan"},
    {2005, 6, 1, OPEN, HM(15, 56), "communication failure"},
    {2006, 12, 27, HM(9, 32), CLOSE, "moment of silence for President Ford"},
    {2007, 1, 2, 0, 0, "mourning of President Ford"},
    {2012, 10, 29, 0, 0, "Hurricane Sandy"},
    {2012, 10, 30, 0, 0, "Hurricane Sandy"},
    {2018, 12, 5, 0, 0, "mourning of President Bush"},
    {2025, 1, 9, 0, 0, "mourning of President Carter"},
};

struct date {
    civil_day d;
    int year;
    int month;
    int day;
    enum weekday weekday;
};

static struct date date_of(civil_day d)
{
    struct date t = {.d = d, .weekday = (enum weekday)civil_weekday(d)};

    civil_to_ymd(d, &t.year, &t.month, &t.day);
    return t;
}

static bool in_range(const struct date *t)
{
    return t->year >= CALENDAR_YEAR_MIN && t->year <= CALENDAR_YEAR_MAX;
}

static bool is_weekend(const struct date *t)
{
    return t->weekday == SATURDAY || t->weekday == SUNDAY;
}

static civil_day nth_weekday(int year, int month, enum weekday weekday, int n)
{
    const civil_day first = civil_from_ymd(year, month, 1);
    return first + ((int)weekday - civil_weekday(first) + 7) % 7 + 7 * (n - 1);
}

static civil_day last_weekday(int year, int month, enum weekday weekday)
{
    const civil_day last = civil_from_ymd(year, month + 1, 1) - 1; /* never asked of December */
    return last - (civil_weekday(last) - (int)weekday + 7) % 7;
}

/* Easter Sunday by the Gregorian computus (Meeus, Jones, Butcher). */
static civil_day easter(int year)
{
    const int a = year % 19;
    const int b = year / 100;
    const int c = year % 100;
    const int g = (8 * b + 13) / 25;
    const int h = (19 * a + b - b / 4 - g + 15) % 30;
    const int l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    const int m = (a + 11 * h + 22 * l) / 451;
    const int n = h + l - 7 * m + 114;

    return civil_from_ymd(year, n / 31, n % 31 + 1);
}

/* The day on which a holiday is kept, or CIVIL_DAY_NONE when the year has none. */
static civil_day kept_on(const struct holiday *h, int year)
{
    if (year < h->first_year)
        return CIVIL_DAY_NONE;
    switch (h->rule) {
    case NTH_WEEKDAY: return nth_weekday(year, h->month, h->weekday, h->day);
    case LAST_WEEKDAY: return last_weekday(year, h->month, h->weekday);
    case BEFORE_EASTER: return easter(year) - h->day;
    case ON_DATE:
    case ON_DATE_OR_AFTER: break;
    }
    const civil_day d = civil_from_ymd(year, h->month, h->day);
    const int weekday = civil_weekday(d);
    if (weekday == SUNDAY)
        return d + 1;
    if (weekday == SATURDAY)
        return h->rule == ON_DATE ? d - 1 : CIVIL_DAY_NONE;
    return d;
}

static const struct exception *find_exception(const struct date *t)
{
    for (size_t i = 0; i < COUNT(EXCEPTIONS); i++) {
        if (EXCEPTIONS[i].year == t->year && EXCEPTIONS[i].month == t->month && EXCEPTIONS[i].day == t->day)
            return &EXCEPTIONS[i];
    }
    return NULL;
}

static const char *closed_reason(const struct date *t, const struct exception *x)
{
    if (!in_range(t))
        return "outside the calendar's years";
    if (is_weekend(t))
        return t->weekday == SATURDAY ? "Saturday" : "Sunday";
    if (x)
        return x->open_minute == x->close_minute ? x->reason : NULL;
    for (size_t i = 0; i < COUNT(HOLIDAYS); i++) {
        if (kept_on(&HOLIDAYS[i], t->year) == t->d)
            return HOLIDAYS[i].name;
    }
    return NULL;
}

/*
 * Why a session ends at 13:00 by rule, or NULL. July: the weekday before the holiday, since 1995; where the
 * holiday is a Thursday, the Friday after it until 2012.
 */
static const char *early_reason(const struct date *t)
{
    if (t->month == 12 && t->day == 24 && t->year >= 1999)
        return "Christmas Eve";
    if (t->month == 11 && t->year >= 1993 && t->d == nth_weekday(t->year, 11, THURSDAY, 4) + 1)
        return "the day after Thanksgiving";
    if (t->month != 7 || t->year < 1995)
        return NULL;
    if (t->day == 3 && t->weekday != FRIDAY && (t->weekday != WEDNESDAY || t->year >= 2013))
        return "the day before Independence Day";
    if (t->day == 5 && t->weekday == FRIDAY && t->year >= 1996 && t->year <= 2012)
        return "the day after Independence Day";
    return NULL;
}

static int64_t new_york(civil_day d, int minute)
{
    return instant_from_new_york(d, minute * NS_PER_MINUTE);
}

bool calendar_session(civil_day d, struct session *s)
{
    const struct date t = date_of(d);
    const struct exception *const x = find_exception(&t);
    int open = OPEN;
    int close = CLOSE;

    if (closed_reason(&t, x))
        return false;
    const char *reason = x ? x->reason : early_reason(&t);
    if (x) {
        open = x->open_minute;
        close = x->close_minute;
    } else if (reason) {
        close = HM(13, 0);
    }
    s->day = d;
    s->open_ns = new_york(d, open);
    s->close_ns = new_york(d, close);
    s->reason = reason;
    return true;
}

const char *calendar_closed_reason(civil_day d)
{
    const struct date t = date_of(d);
    return closed_reason(&t, find_exception(&t));
}

bool calendar_is_session(civil_day d)
{
    return calendar_closed_reason(d) == NULL;
}

bool calendar_is_open(int64_t at_ns)
{
    struct session s;

    if (!calendar_session(instant_new_york_day(at_ns, NULL), &s))
        return false;
    return at_ns >= s.open_ns && at_ns < s.close_ns;
}

/* The first session from d on, stepping by +1 or -1. */
static civil_day seek(civil_day d, int step)
{
    const civil_day first = civil_from_ymd(CALENDAR_YEAR_MIN, 1, 1);
    const civil_day last = civil_from_ymd(CALENDAR_YEAR_MAX, 12, 31);

    for (; d >= first && d <= last; d += step) {
        if (calendar_is_session(d))
            return d;
    }
    return CIVIL_DAY_NONE;
}

civil_day calendar_next_session(civil_day d)
{
    const civil_day before_first = civil_from_ymd(CALENDAR_YEAR_MIN, 1, 1) - 1;

    if (d == CIVIL_DAY_NONE || d == INT32_MAX)
        return CIVIL_DAY_NONE;
    return seek((d < before_first ? before_first : d) + 1, 1);
}

civil_day calendar_previous_session(civil_day d)
{
    const civil_day after_last = civil_from_ymd(CALENDAR_YEAR_MAX, 12, 31) + 1;

    if (d == CIVIL_DAY_NONE)
        return CIVIL_DAY_NONE;
    return seek((d > after_last ? after_last : d) - 1, -1);
}

int calendar_count_sessions(civil_day from, civil_day to)
{
    int count = 0;

    for (civil_day d = calendar_next_session(from); d != CIVIL_DAY_NONE && d <= to;
         d = calendar_next_session(d))
        count++;
    return count;
}

/* The day itself, or the session before it when it is a holiday. */
static civil_day session_until(civil_day d)
{
    const struct date t = date_of(d);
    return in_range(&t) ? seek(d, -1) : CIVIL_DAY_NONE;
}

civil_day calendar_monthly_expiry(int year, int month)
{
    if (year < CALENDAR_YEAR_MIN || year > CALENDAR_YEAR_MAX || month < 1 || month > 12)
        return CIVIL_DAY_NONE;
    return session_until(nth_weekday(year, month, FRIDAY, 3));
}

civil_day calendar_weekly_expiry(civil_day d)
{
    const struct date t = date_of(d);
    const int since_monday = ((int)t.weekday + 6) % 7;

    if (!in_range(&t))
        return CIVIL_DAY_NONE;
    return session_until(d - since_monday + 4);
}

civil_day calendar_next_weekly_expiry(civil_day d)
{
    const civil_day this_week = calendar_weekly_expiry(d);
    return this_week == CIVIL_DAY_NONE || this_week >= d ? this_week : calendar_weekly_expiry(d + 7);
}

civil_day calendar_settlement_day(const struct contract *c)
{
    return session_until(c->expiry);
}

static bool settles_at_open(const struct contract *c)
{
    return strcmp(c->root, "SPX") == 0;
}

int64_t calendar_settlement_at(const struct contract *c)
{
    struct session s;

    if (!calendar_session(calendar_settlement_day(c), &s))
        return INSTANT_NONE;
    return settles_at_open(c) ? s.open_ns : s.close_ns;
}

civil_day calendar_last_trading_day(const struct contract *c)
{
    const civil_day settlement = calendar_settlement_day(c);

    if (settlement == CIVIL_DAY_NONE || !settles_at_open(c))
        return settlement;
    return calendar_previous_session(settlement);
}

int calendar_days_to_expiry(civil_day today, civil_day expiry)
{
    REQUIRE(today != CIVIL_DAY_NONE && expiry != CIVIL_DAY_NONE);
    return expiry - today;
}
