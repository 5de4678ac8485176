#include "ledger/instant.h"

#include <string.h>

#define DAYS_PER_ERA       146097 /* 400 Gregorian years */
#define DAYS_TO_1970       719468 /* from 0000-03-01 */

#define STANDARD_OFFSET_NS (-5 * NS_PER_HOUR)
#define DAYLIGHT_OFFSET_NS (-4 * NS_PER_HOUR)

static int64_t floor_div(int64_t a, int64_t b)
{
    const int64_t q = a / b;
    return q - (a % b < 0 ? 1 : 0);
}

/* The algorithm counts years from March, so that the leap day is the last of its year. */
civil_day civil_from_ymd(int year, int month, int day)
{
    const int64_t y = (int64_t)year - (month <= 2 ? 1 : 0);
    const int64_t era = floor_div(y, 400);
    const int64_t year_of_era = y - era * 400;
    const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return (civil_day)(era * DAYS_PER_ERA + day_of_era - DAYS_TO_1970);
}

void civil_to_ymd(civil_day d, int *year, int *month, int *day)
{
    const int64_t z = (int64_t)d + DAYS_TO_1970;
    const int64_t era = floor_div(z, DAYS_PER_ERA);
    const int64_t day_of_era = z - era * DAYS_PER_ERA;
    const int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t march_month = (5 * day_of_year + 2) / 153;

    *day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
    *month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2 ? 1 : 0));
}

int civil_weekday(civil_day d)
{
    const int64_t since_sunday = (int64_t)d + 4; /* 1970-01-01 was a Thursday */
    return (int)(since_sunday - floor_div(since_sunday, 7) * 7);
}

static int days_in_month(int year, int month)
{
    static const int DAYS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return DAYS[month - 1] + (month == 2 && leap ? 1 : 0);
}

/* Reads exactly `count` digits, or gives -1. */
static int fixed_digits(const char *text, size_t count)
{
    int v = 0;

    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        v = v * 10 + (text[i] - '0');
    }
    return v;
}

static enum err_code day_from_parts(int year, int month, int day, civil_day *d, struct err *err)
{
    if (year < 0 || month < 0 || day < 0)
        return err_set(err, ERR_INPUT, "not a date (YYYY-MM-DD): a digit is missing");
    if (month < 1 || month > 12)
        return err_set(err, ERR_INPUT, "no such date: month %d", month);
    if (day < 1 || day > days_in_month(year, month))
        return err_set(err, ERR_INPUT, "no such date: day %d of month %d in %d", day, month, year);
    if (year < CIVIL_YEAR_MIN || year > CIVIL_YEAR_MAX)
        return err_set(err, ERR_INPUT, "year %d is outside %d..%d", year, CIVIL_YEAR_MIN, CIVIL_YEAR_MAX);
    *d = civil_from_ymd(year, month, day);
    return ERR_OK;
}

enum err_code civil_parse(const char *text, size_t length, civil_day *d, struct err *err)
{
    if (length == 8)
        return day_from_parts(fixed_digits(text, 4), fixed_digits(text + 4, 2), fixed_digits(text + 6, 2), d,
                              err);
    if (length != 10 || text[4] != '-' || text[7] != '-')
        return err_set(err, ERR_INPUT, "not a date (YYYY-MM-DD)");
    return day_from_parts(fixed_digits(text, 4), fixed_digits(text + 5, 2), fixed_digits(text + 8, 2), d,
                          err);
}

static void put_fixed(char *out, int64_t v, size_t width)
{
    for (size_t i = width; i-- > 0; v /= 10)
        out[i] = (char)('0' + v % 10);
}

static size_t put_none(char *out)
{
    memcpy(out, "none", 5);
    return 4;
}

size_t civil_format(char *out, civil_day d)
{
    int year;
    int month;
    int day;

    if (d == CIVIL_DAY_NONE)
        return put_none(out);
    civil_to_ymd(d, &year, &month, &day);
    REQUIRE(year >= 0 && year <= 9999);
    put_fixed(out, year, 4);
    out[4] = '-';
    put_fixed(out + 5, month, 2);
    out[7] = '-';
    put_fixed(out + 8, day, 2);
    out[10] = '\0';
    return 10;
}

/* "14:31:00" at text: ns since midnight, or -1. */
static int64_t parse_clock(const char *text)
{
    const int hour = fixed_digits(text, 2);
    const int minute = fixed_digits(text + 3, 2);
    const int second = fixed_digits(text + 6, 2);

    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
        return -1;
    if (text[2] != ':' || text[5] != ':')
        return -1;
    return ((hour * 60 + minute) * 60 + second) * NS_PER_SECOND;
}

/* ".000000001" at text[*at]: moves *at past it. False when it is no fraction of one to nine digits. */
static bool parse_fraction(const char *text, size_t length, size_t *at, int64_t *ns)
{
    size_t i = *at + 1;
    int64_t unit = NS_PER_SECOND;
    int64_t v = 0;

    for (; i < length && text[i] >= '0' && text[i] <= '9'; i++) {
        unit /= 10;
        v += unit * (text[i] - '0');
        if (unit == 0)
            return false;
    }
    if (unit == NS_PER_SECOND)
        return false;
    *at = i;
    *ns = v;
    return true;
}

/* "Z", "+01:00" or "-05:00" and nothing after it. */
static bool parse_offset(const char *text, size_t length, int64_t *ns)
{
    if (length == 1 && text[0] == 'Z') {
        *ns = 0;
        return true;
    }
    if (length != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':')
        return false;
    const int hour = fixed_digits(text + 1, 2);
    const int minute = fixed_digits(text + 4, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59)
        return false;
    *ns = (text[0] == '-' ? -1 : 1) * (hour * NS_PER_HOUR + minute * NS_PER_MINUTE);
    return true;
}

enum err_code instant_parse(const char *text, size_t length, int64_t *at_ns, struct err *err)
{
    civil_day d;
    int64_t fraction = 0;
    int64_t offset;
    size_t at = 19;

    if (length < 20 || text[10] != 'T')
        return err_set(err, ERR_INPUT, "not a time (2015-12-24T14:31:00Z)");
    const enum err_code rc = civil_parse(text, 10, &d, err);
    if (rc)
        return rc;
    const int64_t clock = parse_clock(text + 11);
    if (clock < 0)
        return err_set(err, ERR_INPUT, "no such time of day (hh:mm:ss, 00:00:00 to 23:59:59)");
    if (text[at] == '.' && !parse_fraction(text, length, &at, &fraction))
        return err_set(err, ERR_INPUT, "a second has one to nine decimals");
    if (!parse_offset(text + at, length - at, &offset))
        return err_set(err, ERR_INPUT, "a time ends with Z or an offset such as -05:00");
    *at_ns = d * NS_PER_DAY + clock + fraction - offset; /* the year's bounds leave room for the offset */
    return ERR_OK;
}

/* "2015-12-24" + separator + "14:31:00": 19 characters. */
static void put_seconds(char *out, int64_t at_ns, char separator)
{
    const int64_t d = floor_div(at_ns, NS_PER_DAY);
    const int64_t second = floor_div(at_ns, NS_PER_SECOND) - d * (NS_PER_DAY / NS_PER_SECOND);

    civil_format(out, (civil_day)d);
    out[10] = separator;
    put_fixed(out + 11, second / 3600, 2);
    out[13] = ':';
    put_fixed(out + 14, second / 60 % 60, 2);
    out[16] = ':';
    put_fixed(out + 17, second % 60, 2);
    out[19] = '\0';
}

size_t instant_format(char *out, int64_t at_ns)
{
    size_t n = 19;

    if (at_ns == INSTANT_NONE)
        return put_none(out);
    put_seconds(out, at_ns, 'T');
    const int64_t rest = at_ns % NS_PER_SECOND;
    const int64_t fraction = rest < 0 ? rest + NS_PER_SECOND : rest;
    if (fraction) {
        out[n] = '.';
        put_fixed(out + n + 1, fraction, 9);
        for (n += 10; out[n - 1] == '0';)
            n--;
    }
    out[n++] = 'Z';
    out[n] = '\0';
    return n;
}

static civil_day first_sunday_from(int year, int month, int day)
{
    const civil_day d = civil_from_ymd(year, month, day);
    return d + (7 - civil_weekday(d)) % 7;
}

int64_t instant_new_york_offset_ns(int64_t at_ns)
{
    civil_day begin;
    civil_day end;
    int year;
    int month;
    int day;

    civil_to_ymd((civil_day)floor_div(at_ns, NS_PER_DAY), &year, &month, &day);
    if (month == 1 || month == 2 || month == 12)
        return STANDARD_OFFSET_NS;
    if (month >= 5 && month <= 9)
        return DAYLIGHT_OFFSET_NS;
    if (year >= 2007) { /* Energy Policy Act of 2005 */
        begin = first_sunday_from(year, 3, 8);
        end = first_sunday_from(year, 11, 1);
    } else {
        begin = first_sunday_from(year, 4, year >= 1987 ? 1 : 24);
        end = first_sunday_from(year, 10, 25);
    }
    /* 02:00 on the wall: 07:00 UTC while standard time ends, 06:00 UTC while daylight time ends. */
    const bool daylight =
        at_ns >= begin * NS_PER_DAY + 7 * NS_PER_HOUR && at_ns < end * NS_PER_DAY + 6 * NS_PER_HOUR;
    return daylight ? DAYLIGHT_OFFSET_NS : STANDARD_OFFSET_NS;
}

/* Wall-clock ns since 1970 in New York. At INT64_MIN there is no earlier wall clock to show. */
static int64_t new_york_wall_ns(int64_t at_ns)
{
    REQUIRE(at_ns >= INT64_MIN - STANDARD_OFFSET_NS);
    return at_ns + instant_new_york_offset_ns(at_ns);
}

civil_day instant_new_york_day(int64_t at_ns, int64_t *since_midnight_ns)
{
    const int64_t wall = new_york_wall_ns(at_ns);
    const int64_t d = floor_div(wall, NS_PER_DAY);

    if (since_midnight_ns)
        *since_midnight_ns = wall - d * NS_PER_DAY;
    return (civil_day)d;
}

int64_t instant_from_new_york(civil_day d, int64_t since_midnight_ns)
{
    int64_t wall;

    REQUIRE(!__builtin_mul_overflow((int64_t)d, NS_PER_DAY, &wall));
    REQUIRE(!__builtin_add_overflow(wall, since_midnight_ns, &wall));
    REQUIRE(wall <= INT64_MAX + STANDARD_OFFSET_NS);
    const int64_t as_daylight = wall - DAYLIGHT_OFFSET_NS;
    if (instant_new_york_offset_ns(as_daylight) == DAYLIGHT_OFFSET_NS)
        return as_daylight;
    return wall - STANDARD_OFFSET_NS;
}

size_t instant_format_new_york(char *out, int64_t at_ns)
{
    if (at_ns == INSTANT_NONE)
        return put_none(out);
    put_seconds(out, new_york_wall_ns(at_ns), ' ');
    return 19;
}
