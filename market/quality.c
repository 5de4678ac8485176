#include "market/quality.h"

struct quality_limits quality_defaults(void)
{
    return (struct quality_limits){
        .jump_rate_nano = QUALITY_JUMP_RATE_NANO,
        .jump_floor_nano = QUALITY_JUMP_FLOOR_NANO,
        .stale_ns = QUALITY_STALE_NS,
    };
}

static void begin_session(struct quality *q, civil_day session)
{
    *q = (struct quality){.session = session, .middle_nano = PRICE_NONE};
}

void quality_init(struct quality *q)
{
    begin_session(q, CIVIL_DAY_NONE);
}

enum finding quality_refuse(int64_t bid, int64_t ask)
{
    if (bid == PRICE_NONE && ask == PRICE_NONE)
        return FINDING_EMPTY;
    if (bid != PRICE_NONE && ask != PRICE_NONE && bid > ask)
        return FINDING_CROSSED;
    return (enum finding)0;
}

bool quality_once(struct quality *q, civil_day session, enum finding finding)
{
    const uint32_t bit = UINT32_C(1) << finding;

    if (q->session != session)
        begin_session(q, session);
    if (q->told & bit)
        return false;
    q->told |= bit;
    return true;
}

/* Halves first: the sum of two prices may not fit. A bid and an ask are not negative. */
static int64_t middle(int64_t bid, int64_t ask)
{
    return bid + (ask - bid) / 2;
}

static bool jumps(const struct quality_limits *limits, int64_t before, int64_t now)
{
    const int64_t distance = now > before ? now - before : before - now;
    int64_t bound = 0;

    if (distance <= limits->jump_floor_nano)
        return false;
    if (decimal_mul_div(before, limits->jump_rate_nano, NANO, &bound, NULL))
        return false; /* a bound no price can pass */
    return distance > bound;
}

size_t quality_look(struct quality *q, const struct quality_limits *limits, civil_day session, int64_t at_ns,
                    int64_t bid, int64_t ask, struct quality_found found[QUALITY_FOUND_MAX])
{
    size_t count = 0;

    REQUIRE(quality_refuse(bid, ask) == 0);
    REQUIRE(bid == PRICE_NONE || bid >= 0);
    REQUIRE(ask == PRICE_NONE || ask >= 0);
    if (q->session != session)
        begin_session(q, session);
    const int64_t now = bid != PRICE_NONE && ask != PRICE_NONE ? middle(bid, ask) : PRICE_NONE;
    const int64_t age_ns = q->seen && at_ns > q->at_ns ? at_ns - q->at_ns : 0;

    if (bid == PRICE_NONE && quality_once(q, session, FINDING_ZERO_BID))
        found[count++] = (struct quality_found){FINDING_ZERO_BID, 0};
    if (now != PRICE_NONE && q->middle_nano != PRICE_NONE && jumps(limits, q->middle_nano, now) &&
        quality_once(q, session, FINDING_JUMP))
        found[count++] = (struct quality_found){FINDING_JUMP, q->middle_nano};
    if (age_ns > limits->stale_ns && quality_once(q, session, FINDING_STALE))
        found[count++] = (struct quality_found){FINDING_STALE, age_ns};
    q->seen = true;
    q->at_ns = at_ns;
    if (now != PRICE_NONE)
        q->middle_nano = now;
    return count;
}
