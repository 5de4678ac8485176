/*
 * The calendar of US equity and equity-option sessions, 1990 to 2035: which days trade, from when to when,
 * and on which day an option trades last.
 *
 * Sessions are computed from the exchange's holiday rules and a short table of exceptions (mourning, storms,
 * 2001-09-11, early closes, late opens); no files, no clock. The regular session is 09:30 to 16:00 New York;
 * the quarter of an hour that SPX options trade after it is not part of it. Years after today are what the
 * rules say now. Pure.
 */
#ifndef MARKET_CALENDAR_H
#define MARKET_CALENDAR_H

#include "ledger/instant.h"
#include "ledger/symbol.h"

#define CALENDAR_YEAR_MIN 1990
#define CALENDAR_YEAR_MAX 2035

struct session {
    civil_day day;
    int64_t open_ns;
    int64_t close_ns;   /* the first instant after the session */
    const char *reason; /* why the hours are not the regular ones ("Christmas Eve"), or NULL; static */
};

/* The session of a day; false, and *s untouched, when there is none. */
bool calendar_session(civil_day d, struct session *s);
bool calendar_is_session(civil_day d);
/* True from the opening until just before the close of a session. */
bool calendar_is_open(int64_t at_ns);

/*
 * Why a day has no session, for messages: "Memorial Day", "Saturday", "outside the calendar's years"; NULL
 * when it has one. Static.
 */
const char *calendar_closed_reason(civil_day d);

/* The nearest session strictly after or before d; CIVIL_DAY_NONE past the calendar's years. */
civil_day calendar_next_session(civil_day d);
civil_day calendar_previous_session(civil_day d);
/* Sessions after `from`, up to and including `to`; 0 when `to` is not after `from`. */
int calendar_count_sessions(civil_day from, civil_day to);

/*
 * The last session of standard monthly options: the third Friday, or the session before it when that is a
 * holiday. CIVIL_DAY_NONE outside the calendar's years.
 */
civil_day calendar_monthly_expiry(int year, int month);
/* The same for weekly options of the week (Monday to Sunday) that d is in. */
civil_day calendar_weekly_expiry(civil_day d);
/* The first weekly expiry on or after d. */
civil_day calendar_next_weekly_expiry(civil_day d);

/*
 * The session whose prices settle a contract: the expiry; the Friday before a Saturday expiry (all symbols
 * until 2015 name the Saturday); the session before a holiday. CIVIL_DAY_NONE outside the calendar's years.
 */
civil_day calendar_settlement_day(const struct contract *c);
/* When: its close; for contracts settled at the open (root SPX), its opening. INSTANT_NONE as above. */
int64_t calendar_settlement_at(const struct contract *c);
/* The last session in which it trades: that same day, or the session before it for root SPX. */
civil_day calendar_last_trading_day(const struct contract *c);

/* Calendar days from today to the expiry; negative once it is past. */
int calendar_days_to_expiry(civil_day today, civil_day expiry);

#endif
