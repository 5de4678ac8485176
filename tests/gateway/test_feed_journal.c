/* The perceptions of another journal as a feed, and the files a journal has imported. */
#include "support/feeds.h"
#include "support/journals.h"

static struct entry quote(const char *symbol, const char *bid, const char *ask, const char *at)
{
    struct entry e = entries_draft(ENTRY_PERCEPTION_QUOTE);

    e.as.perception_quote = (struct entry_perception_quote){entries_symbol(symbol), entries_price(bid),
                                                            entries_price(ask), bid ? 1 : 0, ask ? 2 : 0};
    e.at_ns = at ? entries_instant(at) : INSTANT_NONE;
    return e;
}

static struct entry source(const char *path, uint8_t fill)
{
    struct entry e = entries_draft(ENTRY_CONTROL_SOURCE);

    e.at_ns = INSTANT_NONE;
    e.as.control_source.source = id_from("lean");
    e.as.control_source.path = text_from(path);
    memset(e.as.control_source.sha256.bytes, fill, sizeof e.as.control_source.sha256.bytes);
    return e;
}

static void append(struct journal *j, struct entry *entries, size_t count)
{
    struct journal_group *g = NULL;

    SCRATCH_OK(journal_group_begin(j, &g, err));
    for (size_t i = 0; i < count; i++) {
        entries[i].actor = SCRATCH_OPERATOR;
        SCRATCH_OK(journal_group_add(g, &entries[i], err));
    }
    SCRATCH_OK(journal_group_commit(g, NULL, err));
}

static void test_perceptions_alone_in_their_order(void **state)
{
    static const char *const lines[] = {
        "quote GOOG 1x1/2x2 at 2015-12-24 09:31:00",
        "quote GOOG -x0/2x2 at 2015-12-24 09:32:00",
        "quote GOOG 1x1/-x0 at 2015-12-24 09:30:00", /* a step back in the journal stays one */
        "quote GOOG 3x1/4x2 at -",
        "clock tick of 2015-12-24 at 2015-12-24 09:33:00",
        NULL,
    };
    static struct entry first[6];
    struct scratch s;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    first[0] = quote("GOOG", "1", "2", "2015-12-24T14:31:00Z");
    first[1] = scratch_note('x', 10);
    first[2] = quote("GOOG", NULL, "2", "2015-12-24T14:32:00Z");
    first[3] = quote("GOOG", "1", NULL, "2015-12-24T14:30:00Z");
    first[4] = quote("GOOG", "3", "4", NULL);
    first[5] = entries_draft(ENTRY_PERCEPTION_CLOCK);
    first[5].at_ns = entries_instant("2015-12-24T14:33:00Z");
    first[5].as.perception_clock = (struct entry_perception_clock){PHASE_TICK, entries_day("2015-12-24")};
    append(j, first, 6);
    journal_close(j);
    struct feed *const f = feeds_open(s.dir, "journal:%s", NULL);
    assert_string_equal(feed_name(f), "journal " SCRATCH_ORIGIN);
    assert_string_equal(feed_actor(f), "feed:journal");
    feeds_told(f, lines);
    scratch_release(&s);
}

static void test_drafts_are_free_of_their_old_place(void **state)
{
    static struct entry one[1];
    static struct entry draft;
    struct scratch s;
    struct err err;
    bool found = false;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    one[0] = quote("GOOG", "1", "2", "2015-12-24T14:31:00Z");
    append(j, one, 1);
    journal_close(j);
    struct feed *const f = feeds_open(s.dir, "journal:%s", NULL);
    assert_int_equal(feed_next(f, &draft, &found, &err), ERR_OK);
    assert_true(found);
    assert_int_equal(draft.seq, 0);
    assert_int_equal(draft.recorded_at_ns, 0);
    assert_int_equal(draft.actor, 0);
    assert_int_equal(draft.cause, 0);
    assert_false(draft.is_signed);
    assert_int_equal(feed_next(f, &draft, &found, &err), ERR_OK);
    assert_false(found);
    assert_int_equal(feed_next(f, &draft, &found, &err), ERR_OK); /* the end stays the end */
    assert_false(found);
    feed_close(f);
    scratch_release(&s);
}

static void test_a_journal_that_is_not_there(void **state)
{
    struct scratch s;

    (void)state;
    scratch_init(&s);
    feeds_refused(s.dir, "journal:%s", NULL, ERR_NOT_FOUND, "feed journal: no journal in");
    feeds_refused(s.dir, "journal:%s,from=2015-12-24", NULL, ERR_INPUT, "unknown key \"from\"");
    scratch_release(&s);
}

static void test_the_files_a_journal_has(void **state)
{
    static struct entry entries[3];
    struct feed_seen seen;
    struct scratch s;
    struct err err;
    bool found = false;

    (void)state;
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    entries[0] = source("a.zip", 1);
    entries[1] = source("b.zip#2015-12-21..2015-12-23", 2);
    entries[2] = source("b.zip#2015-12-24..2015-12-24", 2);
    append(j, entries, 3);
    const uint64_t last = entries[2].seq;
    const struct feed_context context = feed_context_of(j, 0);
    const struct digest32 *const sha = &entries[1].as.control_source.sha256;
    struct digest32 other;
    memset(other.bytes, 3, sizeof other.bytes);
    assert_int_equal(context.seen(context.arg, sha, 0, &seen, &found, &err), ERR_OK);
    assert_true(found);
    assert_int_equal(seen.seq, last - 1);
    assert_string_equal(seen.path, "b.zip#2015-12-21..2015-12-23");
    assert_int_equal(context.seen(context.arg, sha, seen.seq, &seen, &found, &err), ERR_OK);
    assert_true(found);
    assert_int_equal(seen.seq, last);
    assert_int_equal(context.seen(context.arg, sha, seen.seq, &seen, &found, &err), ERR_OK);
    assert_false(found);
    assert_int_equal(context.seen(context.arg, &other, 0, &seen, &found, &err), ERR_OK);
    assert_false(found);
    journal_close(j);
    scratch_release(&s);
}

/* A whole round: import, refuse, and read the journal back as a feed. */
static void test_what_was_imported_is_refused_and_read_back(void **state)
{
    static struct entry e;
    struct files files;
    struct scratch s;
    struct feed *f = NULL;

    (void)state;
    files_init(&files);
    files_zip(&files, "equity/usa/minute/goog/20151224_trade.zip", "20151224_goog_minute_trade.csv",
              "34200000,10000,10000,10000,10000,1\n34260000,10000,10000,10000,10000,2\n", NULL);
    scratch_init(&s);
    struct journal *const j = scratch_create(&s);
    const char *const spec = "lean:%s,underlying=GOOG,date=2015-12-24,options=no,history=0";
    struct feed_context context = feed_context_of(j, 0);
    f = feeds_open(files.dir, spec, &context);
    uint64_t source_seq = 0;
    for (bool found = true; found;) {
        SCRATCH_OK(feed_next(f, &e, &found, err));
        if (!found)
            break;
        append(j, &e, 1);
        if (e.kind == ENTRY_CONTROL_SOURCE)
            source_seq = e.seq;
    }
    feed_close(f);
    char words[80];
    snprintf(words, sizeof words, "20151224_trade.zip was imported already (entry %llu)",
             (unsigned long long)source_seq);
    feeds_refused(files.dir, spec, &context, ERR_EXISTS, words);
    context = feed_context_of(j, source_seq);
    feed_close(feeds_open(files.dir, spec, &context));
    journal_close(j);
    f = feeds_open(s.dir, "journal:%s", NULL);
    const struct feeds_sum sum = feeds_play(f);
    assert_int_equal(sum.bars, 2);
    assert_int_equal(sum.clocks, 211);
    assert_int_equal(sum.sources, 0);
    feed_close(f);
    scratch_release(&s);
    files_release(&files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_perceptions_alone_in_their_order),
        cmocka_unit_test(test_drafts_are_free_of_their_old_place),
        cmocka_unit_test(test_a_journal_that_is_not_there),
        cmocka_unit_test(test_the_files_a_journal_has),
        cmocka_unit_test(test_what_was_imported_is_refused_and_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
