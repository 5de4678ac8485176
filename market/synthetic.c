#include "market/synthetic.h"

#include "ledger/decimal.h"
#include "market/synthetic_math.h"

#include <math.h>
#include <string.h>

#define CENT                (NANO / 100)
#define MINUTES_PER_SESSION 390.0
#define SESSIONS_PER_YEAR   252.0
#define STEPS_PER_TICK      4     /* moves inside a tick: a bar has a high and a low */
#define DRIFT_PER_SESSION   0.004 /* of the logarithm of the price */
#define PATH_SHARE          0.25  /* the price moves less than its options are paid for, as in most years */
#define OVERNIGHT_SHARE     0.3   /* of a session's deviation */
#define HISTORY_DEVIATION   0.008
#define SKEW                1.2
#define SMILE               1.5

#define CRASH_BEGIN_NS      (10 * NS_PER_HOUR + 30 * NS_PER_MINUTE) /* New York */
#define CRASH_MINUTES       120
#define CRASH_LOG           0.1625189 /* -ln(1 - 0.15) */
#define CRASH_STRESS_NANO   (6 * NANO / 10)

#define ONE_IN_CROSSED      4000
#define ONE_IN_EMPTY        8000
#define ONE_IN_JUMPING      4000
#define ONE_IN_SILENT       500 /* of a contract's hours */

#define ROWS_BEFORE_CHAIN   2 /* the underlying's bar and quote */

/* Every use of chance has its own stream, so that a change to one leaves the others' numbers alone. */
enum stream {
    STREAM_PATH = 1,
    STREAM_OVERNIGHT,
    STREAM_VOLUME,
    STREAM_SPREAD,
    STREAM_SIZES,
    STREAM_JITTER,
    STREAM_FLAW,
    STREAM_SILENCE,
    STREAM_HISTORY_CLOSE,
    STREAM_HISTORY_SHAPE
};

/* splitmix64's output function (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t z)
{
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t draw(uint64_t seed, enum stream stream, uint64_t a, uint64_t b)
{
    return mix(mix(mix(mix(seed) + (uint64_t)stream) + a) + b);
}

/* 0 .. n - 1, from the upper bits. */
static int64_t below(uint64_t random, uint64_t n)
{
    return (int64_t)((random >> 32) * n >> 32);
}

/* Nearly normal, |z| <= 6: twelve uniform numbers, added exactly. */
static double gaussian(uint64_t random)
{
    int64_t sum = 0;

    for (int i = 0; i < 6; i++) {
        random = mix(random);
        sum += (int64_t)(random >> 32) + (int64_t)(random & UINT32_MAX);
    }
    return (double)(sum - 6 * INT64_C(0xffffffff)) / 4294967296.0;
}

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

static int64_t to_nano(double dollars)
{
    return (int64_t)(dollars * 1e9 + 0.5);
}

static double to_dollars(int64_t nano)
{
    return (double)nano / 1e9;
}

static int64_t to_cents(int64_t nano)
{
    const int64_t rounded = (nano + CENT / 2) / CENT * CENT;
    return rounded > CENT ? rounded : CENT;
}

/* --- settings --------------------------------------------------------------------------------------------
 */

struct synthetic_settings synthetic_defaults(void)
{
    return (struct synthetic_settings){
        .seed = 1,
        .underlying = {.length = 4, .text = "ACME"},
        .first_day = civil_from_ymd(2024, 1, 8),
        .days = 1,
        .minutes_per_tick = 1,
        .spot_nano = 100 * NANO,
        .volatility_nano = 65 * NANO / 100,
        .scenario = SYNTHETIC_RISE,
    };
}

static civil_day monthly_after(civil_day d)
{
    int year;
    int month;
    int day;

    civil_to_ymd(d, &year, &month, &day);
    const civil_day this_month = calendar_monthly_expiry(year, month);
    if (this_month == CIVIL_DAY_NONE || this_month > d)
        return this_month;
    return month == 12 ? calendar_monthly_expiry(year + 1, 1) : calendar_monthly_expiry(year, month + 1);
}

/* Three weekly expiries and the monthly one after them; false where the calendar ends. */
static bool list_expiries(civil_day d, civil_day expiries[SYNTHETIC_EXPIRIES])
{
    for (int i = 0; i < SYNTHETIC_EXPIRIES - 1; i++) {
        expiries[i] = calendar_next_weekly_expiry(d);
        if (expiries[i] == CIVIL_DAY_NONE)
            return false;
        d = expiries[i] + 1;
    }
    expiries[SYNTHETIC_EXPIRIES - 1] = monthly_after(d - 1);
    return expiries[SYNTHETIC_EXPIRIES - 1] != CIVIL_DAY_NONE;
}

static enum err_code check_days(const struct synthetic_settings *w, struct err *err)
{
    civil_day expiries[SYNTHETIC_EXPIRIES];
    civil_day last = w->first_day;
    const char *const closed = calendar_closed_reason(w->first_day);

    if (closed)
        return err_set(err, ERR_INPUT, "synthetic market: the first day is no session (%s)", closed);
    if (w->days < 1 || w->days > SYNTHETIC_DAYS_MAX)
        return err_set(err, ERR_INPUT, "synthetic market: %d days, not 1 to %d", w->days, SYNTHETIC_DAYS_MAX);
    for (int i = 1; i < w->days && last != CIVIL_DAY_NONE; i++)
        last = calendar_next_session(last);
    if (last == CIVIL_DAY_NONE || !list_expiries(last, expiries))
        return err_set(err, ERR_INPUT, "synthetic market: %d days lead past the calendar's end", w->days);
    return ERR_OK;
}

static enum err_code check_settings(const struct synthetic_settings *w, struct err *err)
{
    struct contract c = {.expiry = civil_from_ymd(2024, 1, 19), .right = RIGHT_PUT, .strike_nano = NANO};
    struct symbol option;

    if (w->underlying.length == 0 || w->underlying.length >= sizeof c.root)
        return err_set(err, ERR_INPUT, "synthetic market: the underlying has 1 to 6 characters");
    memcpy(c.root, w->underlying.text, w->underlying.length);
    if (symbol_from_contract(&c, &option, err))
        return err_wrap(err, "synthetic market: underlying");
    if (w->minutes_per_tick < 1 || w->minutes_per_tick > (int)MINUTES_PER_SESSION)
        return err_set(err, ERR_INPUT, "synthetic market: %d minutes a tick, not 1 to 390",
                       w->minutes_per_tick);
    if (w->spot_nano < 5 * NANO || w->spot_nano > 5000 * NANO)
        return err_set(err, ERR_INPUT, "synthetic market: the spot is not in 5 .. 5000 dollars");
    if (w->volatility_nano < NANO / 20 || w->volatility_nano > 2 * NANO)
        return err_set(err, ERR_INPUT, "synthetic market: the volatility is not in 0.05 .. 2");
    if (w->scenario < SYNTHETIC_RISE || w->scenario > SYNTHETIC_FLAT)
        return err_set(err, ERR_INPUT, "synthetic market: no such scenario");
    return check_days(w, err);
}

static int64_t strike_step(int64_t spot_nano)
{
    static const struct {
        int64_t below;
        int64_t step;
    } ROWS[] = {
        {25 * NANO, NANO / 2},  {50 * NANO, NANO},        {200 * NANO, 5 * NANO / 2},
        {500 * NANO, 5 * NANO}, {1000 * NANO, 10 * NANO}, {2500 * NANO, 25 * NANO},
    };

    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        if (spot_nano < ROWS[i].below)
            return ROWS[i].step;
    }
    return 50 * NANO;
}

/* --- the path of the price -------------------------------------------------------------------------------
 */

static double session_deviation(const struct synthetic *s)
{
    return to_dollars(s->settings.volatility_nano) * PATH_SHARE * sqrt(1.0 / SESSIONS_PER_YEAR);
}

static double drift(enum synthetic_scenario scenario)
{
    switch (scenario) {
    case SYNTHETIC_RISE:
    case SYNTHETIC_CRASH: return DRIFT_PER_SESSION;
    case SYNTHETIC_FALL: return -DRIFT_PER_SESSION;
    case SYNTHETIC_FLAT: break;
    }
    return 0.0;
}

static int crash_day(const struct synthetic *s)
{
    return s->settings.days > 1 ? 1 : 0;
}

/* Minutes of the crash that lie between two instants of the present session. */
static double crash_minutes(const struct synthetic *s, int64_t from_ns, int64_t to_ns)
{
    if (s->settings.scenario != SYNTHETIC_CRASH || s->day != crash_day(s))
        return 0.0;
    const int64_t begin = instant_from_new_york(s->session.day, CRASH_BEGIN_NS);
    const int64_t end = begin + CRASH_MINUTES * NS_PER_MINUTE;
    const int64_t low = from_ns > begin ? from_ns : begin;
    const int64_t high = to_ns < end ? to_ns : end;
    return high > low ? (double)(high - low) / (double)NS_PER_MINUTE : 0.0;
}

static double session_drift(const struct synthetic *s)
{
    const bool fell = s->settings.scenario == SYNTHETIC_CRASH && s->day >= crash_day(s);
    return fell ? 0.0 : drift(s->settings.scenario);
}

static void move_spot(struct synthetic *s, double log_return)
{
    const int64_t moved = to_nano(to_dollars(s->spot_nano) * synthetic_math_exp(log_return));
    const int64_t low = NANO;
    const int64_t high = 50000 * NANO; /* strikes above it still have a symbol */

    s->spot_nano = clamp(moved, low, high);
}

static void bar_begin(struct synthetic_prices *bar, int64_t price_nano)
{
    *bar = (struct synthetic_prices){price_nano, price_nano, price_nano, price_nano, 0};
}

static void bar_add(struct synthetic_prices *bar, int64_t price_nano)
{
    if (price_nano > bar->high_nano)
        bar->high_nano = price_nano;
    if (price_nano < bar->low_nano)
        bar->low_nano = price_nano;
    bar->close_nano = price_nano;
}

/* Busy at both ends of the session, quiet at noon. */
static int64_t tick_volume(const struct synthetic *s, double minutes)
{
    const double at =
        (double)(s->tick_begin_ns - s->session.open_ns) / (double)(s->session.close_ns - s->session.open_ns);
    const uint64_t random = draw(s->settings.seed, STREAM_VOLUME, (uint64_t)s->day, (uint64_t)s->tick);
    const double chance = 0.5 + (double)below(random, 1000) / 1000.0;

    return 1 + (int64_t)(3000.0 * minutes * (1.0 + 2.0 * (2.0 * at - 1.0) * (2.0 * at - 1.0)) * chance);
}

/* Moves the price through the tick [tick_begin_ns, tick_end_ns) and fills its bar. */
static void make_tick(struct synthetic *s)
{
    const double minutes = (double)(s->tick_end_ns - s->tick_begin_ns) / (double)NS_PER_MINUTE;
    const double share = minutes / STEPS_PER_TICK / MINUTES_PER_SESSION;
    const double crash = crash_minutes(s, s->tick_begin_ns, s->tick_end_ns) / CRASH_MINUTES;
    const double deviation = session_deviation(s) * sqrt(share) * (crash > 0 ? 2.0 : 1.0);

    bar_begin(&s->tick_bar, to_cents(s->spot_nano));
    for (int i = 0; i < STEPS_PER_TICK; i++) {
        const uint64_t at = (uint64_t)s->tick * STEPS_PER_TICK + (uint64_t)i;
        const double z = gaussian(draw(s->settings.seed, STREAM_PATH, (uint64_t)s->day, at));
        move_spot(s, session_drift(s) * share - CRASH_LOG * crash / STEPS_PER_TICK + deviation * z);
        bar_add(&s->tick_bar, to_cents(s->spot_nano));
    }
    s->tick_bar.volume = tick_volume(s, minutes);
    s->stress_nano += to_nano(to_dollars(CRASH_STRESS_NANO) * crash);
    if (s->tick == 0)
        bar_begin(&s->day_bar, s->tick_bar.open_nano);
    bar_add(&s->day_bar, s->tick_bar.high_nano);
    bar_add(&s->day_bar, s->tick_bar.low_nano);
    bar_add(&s->day_bar, s->tick_bar.close_nano);
    s->day_bar.volume += s->tick_bar.volume;
}

static void begin_tick(struct synthetic *s, int tick)
{
    const int64_t length = s->settings.minutes_per_tick * NS_PER_MINUTE;

    s->tick = tick;
    s->row = 0;
    s->tick_begin_ns = s->session.open_ns + tick * length;
    s->tick_end_ns = s->tick_begin_ns + length;
    if (s->tick_end_ns > s->session.close_ns)
        s->tick_end_ns = s->session.close_ns;
    make_tick(s);
}

static int64_t strike_at(const struct synthetic *s, int percent)
{
    return s->spot_nano / 100 * percent / s->strike_step_nano;
}

/* From 65 to 125 % of the price, and what was listed before and is not yet far away. */
static void list_strikes(struct synthetic *s)
{
    const int64_t first = strike_at(s, 65);
    const int64_t last = strike_at(s, 125);

    s->strike_first = s->day == 0 ? first : clamp(s->strike_first, strike_at(s, 50), first);
    s->strike_last = s->day == 0 ? last : clamp(s->strike_last, last, strike_at(s, 160));
    if (s->strike_first < 1)
        s->strike_first = 1;
}

static void begin_session(struct synthetic *s, civil_day d)
{
    REQUIRE(calendar_session(d, &s->session));
    REQUIRE(list_expiries(d, s->expiries));
    struct contract c = {.right = RIGHT_PUT, .strike_nano = NANO};
    memcpy(c.root, s->settings.underlying.text, s->settings.underlying.length);
    for (int i = 0; i < SYNTHETIC_EXPIRIES; i++) {
        c.expiry = s->expiries[i];
        s->settles_ns[i] = calendar_settlement_at(&c);
    }
    list_strikes(s);
    begin_tick(s, 0);
}

enum err_code synthetic_init(struct synthetic *s, const struct synthetic_settings *settings, struct err *err)
{
    const enum err_code rc = check_settings(settings, err);
    if (rc)
        return rc;
    *s = (struct synthetic){
        .settings = *settings,
        .spot_nano = settings->spot_nano,
        .stress_nano = NANO,
        .strike_step_nano = strike_step(settings->spot_nano),
    };
    begin_session(s, settings->first_day);
    return ERR_OK;
}

/* --- the chain -------------------------------------------------------------------------------------------
 */

static int64_t grid_at(int64_t price_nano)
{
    return price_nano < 3 * NANO ? 5 * CENT : 10 * CENT;
}

static int64_t grid_down(int64_t price_nano)
{
    const int64_t grid = grid_at(price_nano);
    return price_nano < 0 ? 0 : price_nano / grid * grid;
}

static int64_t grid_up(int64_t price_nano)
{
    const int64_t grid = grid_at(price_nano); /* 3.00 is on both grids */
    const int64_t up = (price_nano + grid - 1) / grid * grid;
    return up > grid ? up : grid;
}

struct place {
    struct contract contract;
    int expiry;   /* index */
    uint64_t key; /* the contract's own number, for chance */
};

/* The contract of a row of the chain: by expiry, strike, call before put. */
static struct place place_of(const struct synthetic *s, int64_t index)
{
    const int64_t strikes = s->strike_last - s->strike_first + 1;
    const int64_t strike = s->strike_first + index / 2 % strikes;
    struct place p = {.expiry = (int)(index / 2 / strikes)};

    memcpy(p.contract.root, s->settings.underlying.text, s->settings.underlying.length);
    p.contract.expiry = s->expiries[p.expiry];
    p.contract.right = index % 2 ? RIGHT_PUT : RIGHT_CALL;
    p.contract.strike_nano = strike * s->strike_step_nano;
    p.key = (uint64_t)p.contract.expiry << 32 | (uint64_t)strike << 1 | (uint64_t)(index % 2);
    return p;
}

static uint64_t tick_number(const struct synthetic *s)
{
    return (uint64_t)s->day << 32 | (uint64_t)s->tick;
}

static bool is_silent(const struct synthetic *s, const struct place *p)
{
    const uint64_t hour = (uint64_t)((s->tick_begin_ns - s->session.open_ns) / NS_PER_HOUR);
    const uint64_t random = draw(s->settings.seed, STREAM_SILENCE, p->key, (uint64_t)s->day << 32 | hour);

    return below(random, ONE_IN_SILENT) == 0;
}

/* Fair value in nano dollars, and how far out the strike is (the logarithm's magnitude) in *distance. */
static int64_t fair_value(const struct synthetic *s, const struct place *p, double *distance)
{
    const double spot = to_dollars(s->spot_nano);
    const double strike = to_dollars(p->contract.strike_nano);
    const double x = synthetic_math_log(strike / spot);
    const double years = (double)(s->settles_ns[p->expiry] - s->tick_end_ns) / (365.0 * (double)NS_PER_DAY);
    /* Call and put of a strike share their jitter. */
    const double jitter = gaussian(draw(s->settings.seed, STREAM_JITTER, p->key >> 1, tick_number(s)));
    double shape = 1.0 - SKEW * x + SMILE * x * x;

    if (shape < 0.5)
        shape = 0.5;
    *distance = x < 0 ? -x : x;
    const double volatility =
        to_dollars(s->settings.volatility_nano) * to_dollars(s->stress_nano) * shape * (1.0 + 0.002 * jitter);
    return to_nano(synthetic_math_option(spot, strike, volatility, years, p->contract.right == RIGHT_PUT));
}

/* What goes wrong with quotes in life; see the header. */
static void spoil(const struct synthetic *s, const struct place *p, struct synthetic_row *row)
{
    const uint64_t random = draw(s->settings.seed, STREAM_FLAW, p->key, tick_number(s));
    const bool two_sided = row->bid_nano != INT64_MIN;

    if (two_sided && below(random, ONE_IN_CROSSED) == 0) {
        const int64_t bid = row->bid_nano;
        row->bid_nano = row->ask_nano;
        row->ask_nano = bid;
    } else if (below(mix(random), ONE_IN_EMPTY) == 0) {
        row->bid_nano = row->ask_nano = INT64_MIN;
        row->bid_size = row->ask_size = 0;
    } else if (two_sided && row->bid_nano >= 2 * NANO && below(mix(random + 1), ONE_IN_JUMPING) == 0) {
        row->bid_nano = grid_down(row->bid_nano / 10 * 14);
        row->ask_nano = grid_up(row->ask_nano / 10 * 14);
    }
}

static void quote_option(const struct synthetic *s, const struct place *p, struct synthetic_row *row)
{
    double distance;
    const int64_t fair = fair_value(s, p, &distance);
    const int64_t base = fair / 40 > 2 * CENT ? fair / 40 : 2 * CENT;
    const int64_t half = base + to_nano(to_dollars(base) * 4.0 * distance);
    const uint64_t sizes = draw(s->settings.seed, STREAM_SIZES, p->key, tick_number(s));
    const uint64_t most = distance < 0.1 ? 200 : 60;

    *row = (struct synthetic_row){.type = SYNTHETIC_QUOTE, .at_ns = s->tick_end_ns};
    REQUIRE(symbol_from_contract(&p->contract, &row->symbol, NULL) == ERR_OK);
    row->bid_nano = grid_down(fair - half);
    row->bid_size = 1 + below(sizes, most);
    row->ask_nano = grid_up(fair + half);
    row->ask_size = 1 + below(mix(sizes), most);
    if (row->bid_nano == 0) {
        row->bid_nano = INT64_MIN;
        row->bid_size = 0;
    }
    spoil(s, p, row);
}

/* --- rows ------------------------------------------------------------------------------------------------
 */

static void quote_underlying(const struct synthetic *s, struct synthetic_row *row)
{
    const uint64_t random = draw(s->settings.seed, STREAM_SPREAD, 0, tick_number(s));
    const int64_t last = s->tick_bar.close_nano;

    *row = (struct synthetic_row){
        .type = SYNTHETIC_QUOTE,
        .at_ns = s->tick_end_ns,
        .symbol = s->settings.underlying,
        .bid_nano = last - CENT * below(random, 2),
        .ask_nano = last + CENT * (1 + below(mix(random), 2)),
        .bid_size = 100 * (1 + below(mix(random + 1), 20)),
        .ask_size = 100 * (1 + below(mix(random + 2), 20)),
    };
}

static void put_bar(const struct synthetic_settings *w, const struct synthetic_prices *bar, int64_t at_ns,
                    int64_t period_s, struct synthetic_row *row)
{
    *row = (struct synthetic_row){
        .type = SYNTHETIC_BAR,
        .at_ns = at_ns,
        .symbol = w->underlying,
        .open_nano = bar->open_nano,
        .high_nano = bar->high_nano,
        .low_nano = bar->low_nano,
        .close_nano = bar->close_nano,
        .volume = bar->volume,
        .period_s = (int32_t)period_s,
    };
}

/* The next session, with what happened overnight; or the end. */
static void end_session(struct synthetic *s)
{
    s->day++;
    if (s->day == s->settings.days)
        return;
    const double z = gaussian(draw(s->settings.seed, STREAM_OVERNIGHT, (uint64_t)s->day, 0));
    move_spot(s, session_deviation(s) * OVERNIGHT_SHARE * z);
    begin_session(s, calendar_next_session(s->session.day));
}

bool synthetic_next(struct synthetic *s, struct synthetic_row *row)
{
    while (s->day < s->settings.days) {
        const int64_t chain = 2 * SYNTHETIC_EXPIRIES * (s->strike_last - s->strike_first + 1);
        const int64_t index = s->row++;
        const bool last_tick = s->tick_end_ns == s->session.close_ns;
        if (index == 0) {
            put_bar(&s->settings, &s->tick_bar, s->tick_end_ns,
                    (s->tick_end_ns - s->tick_begin_ns) / NS_PER_SECOND, row);
            return true;
        }
        if (index == 1) {
            quote_underlying(s, row);
            return true;
        }
        if (index < ROWS_BEFORE_CHAIN + chain) {
            const struct place p = place_of(s, index - ROWS_BEFORE_CHAIN);
            if (s->tick_end_ns > s->settles_ns[p.expiry] || is_silent(s, &p))
                continue;
            quote_option(s, &p, row);
            return true;
        }
        if (!last_tick) {
            begin_tick(s, s->tick + 1);
            continue;
        }
        put_bar(&s->settings, &s->day_bar, s->tick_end_ns, NS_PER_DAY / NS_PER_SECOND, row);
        end_session(s);
        return true;
    }
    return false;
}

/* --- history ---------------------------------------------------------------------------------------------
 */

/* The close `before` sessions ahead of the first day: on the trend's line, give or take. */
static int64_t history_close(const struct synthetic_settings *w, size_t before)
{
    double z = gaussian(draw(w->seed, STREAM_HISTORY_CLOSE, before, 0));

    if (z > 2.0)
        z = 2.0;
    if (z < -2.0)
        z = -2.0;
    const double from_trend = HISTORY_DEVIATION * z;
    return to_cents(to_nano(to_dollars(w->spot_nano) *
                            synthetic_math_exp(from_trend - drift(w->scenario) * (double)before)));
}

static void history_bar(const struct synthetic_settings *w, size_t before, struct synthetic_prices *bar)
{
    const uint64_t random = draw(w->seed, STREAM_HISTORY_SHAPE, before, 0);
    const int64_t close = history_close(w, before);

    bar_begin(bar, history_close(w, before + 1));
    bar_add(bar, to_cents(bar->high_nano + bar->high_nano / 100000 * below(random, 500)));
    bar_add(bar, to_cents(bar->low_nano - bar->low_nano / 100000 * below(mix(random), 500)));
    bar_add(bar, close);
    bar->volume = 1000000 + below(mix(random + 1), 2000000);
}

size_t synthetic_history(const struct synthetic_settings *settings, size_t count, struct synthetic_row *rows)
{
    civil_day days[SYNTHETIC_HISTORY_MAX];
    civil_day d = settings->first_day;
    size_t held = 0;

    REQUIRE(count <= SYNTHETIC_HISTORY_MAX);
    while (held < count && (d = calendar_previous_session(d)) != CIVIL_DAY_NONE)
        days[held++] = d; /* newest first */
    for (size_t i = 0; i < held; i++) {
        struct synthetic_prices bar;
        struct session session;
        REQUIRE(calendar_session(days[held - 1 - i], &session));
        history_bar(settings, held - i, &bar);
        put_bar(settings, &bar, session.close_ns, NS_PER_DAY / NS_PER_SECOND, &rows[i]);
    }
    return held;
}
