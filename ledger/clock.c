#include "ledger/clock.h"

#include "ledger/err.h"
#include "ledger/instant.h"

#include <sys/timex.h>
#include <time.h>

static int64_t read_clock(clockid_t clock)
{
    struct timespec t;

    REQUIRE(clock_gettime(clock, &t) == 0);
    return (int64_t)t.tv_sec * NS_PER_SECOND + t.tv_nsec;
}

int64_t clock_now_ns(void *arg)
{
    (void)arg;
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_monotonic_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

void clock_quality(void *arg, struct clock_quality *q)
{
    struct timex t = {.modes = 0};
    const int state = adjtimex(&t);

    (void)arg;
    if (state < 0) {
        *q = (struct clock_quality){0, CLOCK_ERROR_UNKNOWN, false, "adjtimex refused"};
        return;
    }
    q->offset_ns = t.status & STA_NANO ? t.offset : (int64_t)t.offset * 1000;
    q->error_ns = (int64_t)t.maxerror * 1000;
    q->synchronised = state != TIME_ERROR && !(t.status & STA_UNSYNC);
    q->source = "adjtimex";
}
