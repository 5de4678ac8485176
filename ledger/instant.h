/*
 * Instants: int64 nanoseconds UTC since 1970, their RFC 3339 text, civil dates, and New York time.
 *
 * Pure: no clock, no time zone files. New York follows the Energy Policy Act of 2005 from 2007 (second Sunday
 * of March to first Sunday of November, 02:00 local) and the rules of 1987-2006 and 1976-1986 before; the
 * program's data begins in 1990. The one place that reads the system's clock is ledger/clock.h.
 */
#ifndef LEDGER_INSTANT_H
#define LEDGER_INSTANT_H

#include "ledger/err.h"

#include <stdint.h>

#define NS_PER_SECOND     INT64_C(1000000000)
#define NS_PER_MINUTE     (60 * NS_PER_SECOND)
#define NS_PER_HOUR       (60 * NS_PER_MINUTE)
#define NS_PER_DAY        (24 * NS_PER_HOUR)
#define INSTANT_NONE      INT64_MIN /* "no such time"; never written where a time is required */
#define INSTANT_TEXT_SIZE 40

/* A civil date as days since 1970-01-01 (proleptic Gregorian). */
typedef int32_t civil_day;
#define CIVIL_DAY_NONE INT32_MIN
/* Years whose every instant fits in int64 ns; civil_parse and instant_parse refuse others. */
#define CIVIL_YEAR_MIN 1678
#define CIVIL_YEAR_MAX 2261

civil_day civil_from_ymd(int year, int month, int day);
void civil_to_ymd(civil_day d, int *year, int *month, int *day);
/* True for years 1900 .. 2199: the dates an entry may carry. */
static inline bool civil_is_plausible(civil_day d)
{
    return d >= -25567 && d <= 84005;
}
int civil_weekday(civil_day d); /* 0 Sunday ... 6 Saturday */
/* "2015-12-24" (also "20151224"); impossible dates are ERR_INPUT. */
MUST_USE enum err_code civil_parse(const char *text, size_t length, civil_day *d, struct err *err);
/* "2015-12-24"; CIVIL_DAY_NONE gives "none". Years 0 .. 9999 (REQUIRE); `out`: INSTANT_TEXT_SIZE bytes. */
size_t civil_format(char *out, civil_day d);

/* RFC 3339 with "Z" or an offset, up to nine decimals: "2015-12-24T14:31:00.000000001Z". */
MUST_USE enum err_code instant_parse(const char *text, size_t length, int64_t *at_ns, struct err *err);
/* Canonical: UTC "Z", decimals only as needed (none, or without trailing zeros). INSTANT_NONE gives "none", which
 * instant_parse refuses. `out`: INSTANT_TEXT_SIZE bytes. */
size_t instant_format(char *out, int64_t at_ns);

/* New York's offset from UTC at an instant, in ns: -5 h or -4 h. */
int64_t instant_new_york_offset_ns(int64_t at_ns);
/* The New York date and the ns since its midnight (which may be NULL). Not for INSTANT_NONE (REQUIRE). */
civil_day instant_new_york_day(int64_t at_ns, int64_t *since_midnight_ns);
/* The instant of a New York wall-clock time. A time skipped in spring gives the instant an hour
 * later; one that comes twice in autumn gives the first. REQUIREs a result inside int64. */
int64_t instant_from_new_york(civil_day d, int64_t since_midnight_ns);
/* "2015-12-24 09:31:00" in New York, for people. */
size_t instant_format_new_york(char *out, int64_t at_ns);

#endif
