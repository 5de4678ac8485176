/*
 * Deciding again over an answer that somebody with the keys wrote in another way: each is named at its entry and by its
 * field. What is tried stands in a group that is given up, so that one journal serves all.
 */
#include "reports/redecision.h"
#include "support/session.h"

#define ANSWER_MAX 8

/* A journal whose newest moment awaits its answer, and the answer that the deciders give. */
struct moment {
    struct session session;
    uint64_t first; /* seq of the answer's first entry */
    unsigned count;
    uint8_t bytes[ANSWER_MAX][ENTRY_MAX_SIZE];
    size_t sizes[ANSWER_MAX];
};

static void perceive_the_next_moment(struct session *s)
{
    const struct feed_context context = feed_context_of(s->journal, loop_continues(s->desk, SESSION_FEED));
    const uint64_t recorded = s->desk->book.run->perceived;
    struct feed *feed = NULL;
    struct entry e;
    bool found = true;

    SCRATCH_OK(feed_open(SESSION_FEED, &context, &feed, err));
    for (uint64_t i = 0; i < recorded; i++)
        SCRATCH_OK(feed_next(feed, &e, &found, err));
    SCRATCH_OK(desk_begin(s->desk, err));
    do {
        SCRATCH_OK(feed_next(feed, &e, &found, err));
        assert_true(found);
        e.cause = s->desk->book.run->run_seq;
        SCRATCH_OK(desk_add(s->desk, feed_actor(feed), &e, err));
    } while (e.kind != ENTRY_PERCEPTION_CLOCK);
    SCRATCH_OK(desk_commit(s->desk, err));
    feed_close(feed);
}

static void keep_answer(struct moment *s, struct journal_reader *r)
{
    struct journal_record record;

    for (uint64_t seq = s->first; seq <= journal_reader_size(r); seq++) {
        REQUIRE(s->count < ANSWER_MAX);
        SCRATCH_OK(journal_reader_get(r, seq, &record, err));
        memcpy(s->bytes[s->count], record.bytes, record.size);
        s->sizes[s->count++] = record.size;
    }
}

/* The honest answer is asked for in a group that is given up again. */
static struct moment *moment_start(void)
{
    struct moment *const s = calloc(1, sizeof *s);
    struct desk *desk = NULL;
    struct journal_reader *r = NULL;

    REQUIRE(s);
    session_start(&s->session);
    session_run(&s->session, "2026-01-05T14:30:30Z");
    perceive_the_next_moment(&s->session); /* in which the first order is sent */
    desk = s->session.desk;
    s->first = book_seq(&desk->book) + 1;
    struct entry tick = entries_clock(PHASE_TICK, "2026-01-05");
    tick.at_ns = desk->book.view->clock.now_ns;
    tick.seq = desk->book.run->pending_seq;
    assert_true(tick.seq > 0);
    SCRATCH_OK(desk_begin(desk, err));
    SCRATCH_OK(desk_answer(desk, &tick, err));
    SCRATCH_OK(journal_group_reader(desk->group, &r, err));
    keep_answer(s, r);
    journal_reader_end(r);
    desk_abort(desk);
    session_close(&s->session);
    session_open(&s->session);
    return s;
}

static void moment_end(struct moment *s)
{
    session_end(&s->session);
    free(s);
}

static struct entry moment_entry(const struct moment *s, unsigned i)
{
    struct entry e;

    SCRATCH_OK(entry_decode(s->bytes[i], s->sizes[i], &e, err));
    return e;
}

static unsigned moment_find(const struct moment *s, enum entry_kind kind)
{
    unsigned i = 0;

    while (i < s->count && moment_entry(s, i).kind != kind)
        i++;
    REQUIRE(i < s->count);
    return i;
}

/* What would be found if these were the journal's next entries; NULL: the journal does not take them. */
static struct redecide_report *moment_judge(struct moment *s, struct entry *entries, unsigned count)
{
    struct redecide_report *const report = calloc(1, sizeof *report);
    struct journal_group *g = NULL;
    struct journal_reader *r = NULL;
    enum err_code rc = ERR_OK;

    REQUIRE(report);
    SCRATCH_OK(journal_group_begin(s->session.journal, &g, err));
    for (unsigned i = 0; !rc && i < count; i++) {
        entries[i].seq = 0;
        entries[i].recorded_at_ns = 0;
        rc = journal_group_add(g, &entries[i], NULL);
    }
    if (!rc) {
        SCRATCH_OK(journal_group_reader(g, &r, err));
        SCRATCH_OK(redecide(r, 0, 0, report, NULL, NULL, err));
        journal_reader_end(r);
    }
    journal_group_abort(g);
    if (!rc)
        return report;
    free(report);
    return NULL;
}

/* Every field that differs, a space between. */
static void gather(void *context, const struct redecision_field *f)
{
    char *const names = context;
    const size_t size = strlen(names);

    if (f->differs)
        snprintf(names + size, 512 - size, "%s%s", size ? " " : "", f->name);
}

static void assert_named(struct moment *s, struct redecide_report *report, uint64_t seq,
                         enum redecide_difference difference, const char *fields)
{
    char names[512] = "";

    assert_non_null(report);
    if (report->differs_seq != seq || report->difference != difference)
        fail_msg("%s: entry %llu: %s", fields, (unsigned long long)report->differs_seq, report->reason);
    assert_int_equal(report->has_recorded, difference != REDECIDE_MISSING);
    assert_int_equal(report->has_proposed, difference != REDECIDE_UNCALLED);
    if (report->has_recorded && report->has_proposed) {
        redecision_compare(&report->recorded, &report->proposed, journal_actors(s->session.journal), gather,
                           names);
        assert_string_equal(names, fields);
    }
    free(report);
}

/* Makes *value another of its type; false: one that is another cannot be made so. */
static bool change(enum field_type type, void *value)
{
    switch (type) {
    case FIELD_SYMBOL: *(struct symbol *)value = entries_symbol("OTHER"); return true;
    case FIELD_ID: *(struct id *)value = id_from("another"); return true;
    case FIELD_TEXT: *(struct text *)value = text_from("in other words"); return true;
    case FIELD_PRICE:
    case FIELD_PRICE_OPT:
    case FIELD_MONEY:
    case FIELD_RATE:
    case FIELD_QTY:
    case FIELD_COUNT: *(int64_t *)value += 1; return true;
    case FIELD_DAY: *(civil_day *)value += 1; return true;
    case FIELD_BOOL: *(bool *)value = !*(bool *)value; return true;
    case FIELD_SIDE:
        *(enum side *)value = *(enum side *)value == SIDE_BUY ? SIDE_SELL : SIDE_BUY;
        return true;
    case FIELD_PHASE: *(enum phase *)value = PHASE_OPEN; return true;
    case FIELD_DIGEST:
    case FIELD_KEY:
    case FIELD_ORDER_TYPE: /* a market order has no limit: two fields */
    case FIELD_MARK:
    case FIELD_FINDING:
    case FIELD_EXIT_RULE:
    case FIELD_ROLE:
    case FIELD_CHECKS: /* row by row, below */
    case FIELD_COUNTS:
    case FIELD_CANDIDATES:
    case FIELD_ACTORS:
    case FIELD_BLOB: break;
    }
    return false;
}

static void test_every_changed_field_is_named(void **state)
{
    struct moment *const s = moment_start();
    unsigned named = 0;

    (void)state;
    for (unsigned i = 0; i < s->count; i++) {
        const struct entry_kind_info *const info = entry_kind_find((unsigned)moment_entry(s, i).kind);
        for (size_t k = 0; k < info->field_count; k++) {
            struct entry entries[ANSWER_MAX];
            for (unsigned n = 0; n < s->count; n++)
                entries[n] = moment_entry(s, n);
            if (!change(info->fields[k].type, (uint8_t *)&entries[i].as + info->fields[k].offset))
                continue;
            struct redecide_report *const report = moment_judge(s, entries, s->count);
            if (!report)
                continue; /* what no rule of the journal's takes is no danger */
            assert_named(s, report, s->first + i, REDECIDE_CHANGED, info->fields[k].name);
            named++;
        }
    }
    assert_true(named >= 15);
    moment_end(s);
}

static struct checks *checks_of(struct entry *e)
{
    return e->kind == ENTRY_DECISION_ENTER ? &e->as.decision_enter.checks
           : e->kind == ENTRY_RISK_VERDICT ? &e->as.risk_verdict.checks
                                           : NULL;
}

static void test_every_changed_row_of_checks_is_named(void **state)
{
    struct moment *const s = moment_start();
    char name[REDECISION_NAME_MAX];
    unsigned named = 0;

    (void)state;
    for (unsigned i = 0; i < s->count; i++) {
        struct entry entries[ANSWER_MAX];
        entries[i] = moment_entry(s, i);
        const unsigned rows = checks_of(&entries[i]) ? checks_of(&entries[i])->count : 0;
        for (unsigned k = 0; k < 2 * rows; k++) {
            for (unsigned n = 0; n < s->count; n++)
                entries[n] = moment_entry(s, n);
            struct check *const c = &checks_of(&entries[i])->rows[k / 2];
            if (c->unit == UNIT_FLAG || c->value == CHECK_VALUE_NONE)
                continue;
            *(k % 2 ? &c->bound : &c->value) += c->rule == RULE_AT_MOST || c->rule == RULE_BELOW ? -1 : 1;
            c->ok = check_holds(c->value, c->rule, c->bound);
            struct redecide_report *const report = moment_judge(s, entries, s->count);
            if (!report)
                continue;
            snprintf(name, sizeof name, "checks.%s", c->name.text);
            assert_named(s, report, s->first + i, REDECIDE_CHANGED, name);
            named++;
        }
    }
    assert_true(named >= 20);
    moment_end(s);
}

static void drop_the_last_check(struct entry *e)
{
    checks_of(e)->count--;
    memset(&checks_of(e)->rows[checks_of(e)->count], 0, sizeof(struct check));
}

static void swap_two_checks(struct entry *e)
{
    struct checks *const c = checks_of(e);
    const struct check first = c->rows[0];

    c->rows[0] = c->rows[1];
    c->rows[1] = first;
}

static void wrong_cause(struct entry *e)
{
    e->cause = 1;
}

static void wrong_time(struct entry *e)
{
    e->at_ns += 1;
}

static void no_time(struct entry *e)
{
    e->at_ns = INSTANT_NONE;
}

static void test_whatever_else_is_changed_is_named(void **state)
{
    static const struct {
        enum entry_kind kind;
        void (*change)(struct entry *e);
        const char *fields;
    } rows[] = {
        {ENTRY_DECISION_ENTER, drop_the_last_check, "checks.premium_most"},
        {ENTRY_RISK_VERDICT, drop_the_last_check, "checks.underlying_age"},
        {ENTRY_DECISION_ENTER, swap_two_checks, "checks: order"},
        {ENTRY_RISK_VERDICT, wrong_cause, "cause"},
        {ENTRY_ORDER_NEW, wrong_cause, "cause"},
        {ENTRY_DECISION_ENTER, wrong_time, "at"},
        {ENTRY_RISK_VERDICT, no_time, "at"},
    };
    struct moment *const s = moment_start();

    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct entry entries[ANSWER_MAX];
        const unsigned at = moment_find(s, rows[i].kind);
        for (unsigned n = 0; n < s->count; n++)
            entries[n] = moment_entry(s, n);
        rows[i].change(&entries[at]);
        struct redecide_report *const report = moment_judge(s, entries, s->count);
        if (!report)
            fail_msg("row %u is not taken", i);
        assert_named(s, report, s->first + at, REDECIDE_CHANGED, rows[i].fields);
    }
    moment_end(s);
}

/* The honest answer, with `note` a word of somebody's behind it. */
static unsigned fill(const struct moment *s, struct entry *entries, const char *note)
{
    for (unsigned n = 0; n < s->count; n++)
        entries[n] = moment_entry(s, n);
    if (!note)
        return s->count;
    entries[s->count] = entries_note(note);
    entries[s->count].actor = 1;
    return s->count + 1;
}

/* What followed moves up by one, and so do the causes it names. */
static void drop(const struct moment *s, struct entry *entries, unsigned count, unsigned at)
{
    const uint64_t cause = entries[at].cause;

    memmove(&entries[at], &entries[at + 1], (count - at - 1) * sizeof *entries);
    for (unsigned i = at; i < count - 1; i++) {
        if (entries[i].cause == s->first + at)
            entries[i].cause = cause;
        else if (entries[i].cause > s->first + at)
            entries[i].cause--;
    }
}

static void test_the_honest_answer_is_the_same(void **state)
{
    struct moment *const s = moment_start();
    struct entry entries[ANSWER_MAX + 1];

    (void)state;
    const unsigned count = fill(s, entries, "well done");
    struct redecide_report *const report = moment_judge(s, entries, count);
    assert_int_equal(report->differs_seq, 0);
    assert_int_equal(report->entries, s->first + count - 1);
    free(report);
    moment_end(s);
}

static void test_whatever_is_missing_is_named(void **state)
{
    struct moment *const s = moment_start();
    struct entry entries[ANSWER_MAX + 1];
    const unsigned last = s->count - 1;

    (void)state;
    assert_int_equal(moment_entry(s, last).kind, ENTRY_ORDER_NEW);
    for (unsigned i = 0; i < last; i++) { /* the next one stands in its place */
        unsigned count = fill(s, entries, NULL);
        drop(s, entries, count, i);
        struct redecide_report *const report = moment_judge(s, entries, count - 1);
        assert_non_null(report);
        assert_int_equal(report->differs_seq, s->first + i);
        assert_int_equal(report->difference, REDECIDE_CHANGED);
        assert_int_equal(report->proposed.kind, moment_entry(s, i).kind);
        assert_int_equal(report->recorded.kind, moment_entry(s, i + 1).kind);
        free(report);
    }
    fill(s, entries, NULL); /* the journal ends without it */
    assert_named(s, moment_judge(s, entries, last), s->first + last, REDECIDE_MISSING, "");
    const unsigned count = fill(s, entries, "nothing to see here");
    drop(s, entries, count, last); /* somebody's word stands in its place */
    struct redecide_report *const report = moment_judge(s, entries, count - 1);
    assert_non_null(report);
    assert_int_equal(report->differs_seq, s->first + last);
    assert_int_equal(report->difference, REDECIDE_ELSE);
    assert_int_equal(report->recorded.kind, ENTRY_CONTROL_NOTE);
    free(report);
    moment_end(s);
}

static void test_one_too_many_is_named(void **state)
{
    struct moment *const s = moment_start();
    struct entry entries[ANSWER_MAX + 1];

    (void)state;
    fill(s, entries, NULL);
    entries[s->count] = entries_caused(entries_order("forged", "ACME", SIDE_BUY, 1, "1"), 1);
    entries[s->count].actor = 2;
    entries[s->count].at_ns = entries[0].at_ns;
    assert_named(s, moment_judge(s, entries, s->count + 1), s->first + s->count, REDECIDE_UNCALLED, "");
    const unsigned last = s->count - 1; /* in front of the last one */
    fill(s, entries, NULL);
    entries[s->count] = entries[last];
    entries[last].as.order_new.order_id = id_from("forged");
    assert_named(s, moment_judge(s, entries, s->count + 1), s->first + last, REDECIDE_CHANGED, "order_id");
    moment_end(s);
}

static void test_what_was_swapped_is_named(void **state)
{
    struct moment *const s = moment_start();
    struct entry entries[ANSWER_MAX + 1];

    (void)state;
    for (unsigned i = 0; i + 1 < s->count; i++) {
        fill(s, entries, NULL);
        const struct entry first = entries[i];
        entries[i] = entries[i + 1];
        entries[i].cause = first.cause;
        entries[i + 1] = first;
        struct redecide_report *const report = moment_judge(s, entries, s->count);
        assert_non_null(report);
        assert_int_equal(report->differs_seq, s->first + i);
        assert_int_equal(report->difference, REDECIDE_CHANGED);
        assert_int_equal(report->recorded.kind, moment_entry(s, i + 1).kind);
        assert_int_equal(report->proposed.kind, moment_entry(s, i).kind);
        free(report);
    }
    moment_end(s);
}

/* An order in a person's name is none of the strategy's: the one that was due is missing. */
static void test_what_another_says_in_the_deciders_place_is_named(void **state)
{
    struct moment *const s = moment_start();
    struct entry entries[ANSWER_MAX + 1];

    (void)state;
    fill(s, entries, NULL);
    entries[s->count - 1].actor = 1;
    assert_named(s, moment_judge(s, entries, s->count), s->first + s->count - 1, REDECIDE_ELSE, "actor");
    moment_end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_honest_answer_is_the_same),
        cmocka_unit_test(test_every_changed_field_is_named),
        cmocka_unit_test(test_every_changed_row_of_checks_is_named),
        cmocka_unit_test(test_whatever_else_is_changed_is_named),
        cmocka_unit_test(test_whatever_is_missing_is_named),
        cmocka_unit_test(test_one_too_many_is_named),
        cmocka_unit_test(test_what_was_swapped_is_named),
        cmocka_unit_test(test_what_another_says_in_the_deciders_place_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
