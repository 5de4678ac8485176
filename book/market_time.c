#include "book/market_time.h"

#define DAY_NS (INT64_C(86400) * 1000000000)

void market_time_init(struct market_time *m, struct journal_reader *r)
{
    *m = (struct market_time){.reader = r, .clock_ns = INSTANT_NONE};
}

static enum err_code read_header(const struct market_time *m, uint64_t seq, struct entry *e, struct err *err)
{
    struct journal_record record;
    enum err_code rc = journal_reader_get(m->reader, seq, &record, err);

    if (!rc)
        rc = entry_decode_header(record.bytes, record.size, e, err);
    return rc ? err_wrap(err, "entry %llu", (unsigned long long)seq) : ERR_OK;
}

static bool is_clock(const struct entry *e)
{
    return e->kind == ENTRY_PERCEPTION_CLOCK && e->at_ns != INSTANT_NONE;
}

/* The first clock entry from `seq` on; *seq is behind the last entry when there is none. */
static enum err_code next_clock(const struct market_time *m, uint64_t *seq, struct entry *e, struct err *err)
{
    const uint64_t size = journal_reader_size(m->reader);
    enum err_code rc = ERR_OK;

    for (; *seq <= size; ++*seq) {
        rc = read_header(m, *seq, e, err);
        if (rc || is_clock(e))
            break;
    }
    return rc;
}

/* There is none from `seq` on: the newest before it. */
static enum err_code last_clock(struct market_time *m, uint64_t seq, struct err *err)
{
    struct entry e = {.at_ns = INSTANT_NONE};

    m->clock_ns = INSTANT_NONE;
    while (--seq > 0) {
        const enum err_code rc = read_header(m, seq, &e, err);
        if (rc)
            return rc;
        if (is_clock(&e)) {
            m->clock_ns = e.at_ns;
            break;
        }
    }
    return ERR_OK;
}

static enum err_code look(struct market_time *m, uint64_t from, struct err *err)
{
    const uint64_t size = journal_reader_size(m->reader);
    uint64_t seq = from;
    struct entry e = {.at_ns = INSTANT_NONE};
    enum err_code rc = next_clock(m, &seq, &e, err);

    if (rc)
        return rc;
    m->from_seq = from;
    m->to_seq = seq <= size ? seq : UINT64_MAX;
    if (seq > size)
        return last_clock(m, from, err);
    do {
        m->clock_ns = e.at_ns;
        seq++;
        rc = next_clock(m, &seq, &e, err);
    } while (!rc && seq <= size && e.at_ns < m->clock_ns);
    return rc;
}

/* Whether an `at` that no clock has come to yet can be believed. */
static bool is_believed(const struct market_time *m, const struct entry *e)
{
    const int64_t latest_ns = m->clock_ns > e->recorded_at_ns ? m->clock_ns : e->recorded_at_ns;

    return e->at_ns <= latest_ns || e->at_ns < INT64_MIN + DAY_NS || e->at_ns - DAY_NS <= latest_ns;
}

enum err_code market_time_is_past(struct market_time *m, const struct entry *e, int64_t at_ns, bool *is_past,
                                  struct err *err)
{
    *is_past = false;
    if (entry_family(e->kind) == FAMILY_CONTROL || e->at_ns == INSTANT_NONE || e->at_ns <= at_ns)
        return ERR_OK;
    if (m->to_seq == 0 || e->seq < m->from_seq || e->seq > m->to_seq) {
        const enum err_code rc = look(m, e->seq, err);
        if (rc)
            return rc;
    }
    *is_past = m->to_seq == UINT64_MAX ? is_believed(m, e) : m->clock_ns > at_ns;
    return ERR_OK;
}
