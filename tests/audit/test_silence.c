/* Silence as a table of stories: what the loop said, up to when it is asked, and what is missing. */
#include "audit/forge.h"
#include "audit/silence.h"
#include "audit/verify.h"
#include "support/entries.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Sessions are held on Monday the 5th, Tuesday, Thursday, each from 14:30 to 15:00; nothing is known from Friday on. */
static const char *const DAYS[] = {"2026-01-05", "2026-01-06", "2026-01-08"};
#define DAYS_COUNT (sizeof DAYS / sizeof DAYS[0])

static bool hours(void *arg, civil_day day, int64_t *open_ns, int64_t *close_ns)
{
    (void)arg;
    for (size_t i = 0; i < DAYS_COUNT; i++) {
        if (entries_day(DAYS[i]) != day)
            continue;
        *open_ns = (int64_t)day * NS_PER_DAY + 14 * NS_PER_HOUR + 30 * NS_PER_MINUTE;
        *close_ns = *open_ns + 30 * NS_PER_MINUTE;
        return true;
    }
    return false;
}

static civil_day next_day(void *arg, civil_day day)
{
    (void)arg;
    for (size_t i = 0; i < DAYS_COUNT; i++) {
        if (entries_day(DAYS[i]) > day)
            return entries_day(DAYS[i]);
    }
    return CIVIL_DAY_NONE;
}

static const struct silence_calendar CALENDAR = {hours, next_day, NULL};

/* -- words: O, H and C with day and time; x a note, which says nothing ------------------------------------- */

static void say(struct forge *f, char what, const char *day, const char *time, int64_t every_s,
                uint32_t actor)
{
    struct entry e = entries_draft(what == 'H' ? ENTRY_CONTROL_HEARTBEAT : ENTRY_CONTROL_SESSION);
    char at[40];

    if (what == 'x') {
        forge_note(f, "hello");
        return;
    }
    snprintf(at, sizeof at, "%sT%sZ", day, time);
    e.at_ns = entries_instant(at);
    e.actor = actor;
    if (what == 'H') {
        e.as.control_heartbeat.session = entries_day(day);
        e.as.control_heartbeat.heartbeat_s = every_s;
    } else {
        e.as.control_session.phase = what == 'O' ? PHASE_OPEN : PHASE_CLOSE;
        e.as.control_session.session = entries_day(day);
        e.as.control_session.heartbeat_s = every_s;
    }
    forge_add(f, &e);
}

/* "O5 14:30:00, H5 14:40:00 ...": day 5 is 2026-01-05. Entry 1 is genesis, the first word is entry 2. */
static void tell(struct forge *f, const char *words, int64_t every_s)
{
    forge_init(f, 1);
    forge_genesis(f);
    for (const char *p = words; *p;) {
        char day[20];
        char time[20];
        snprintf(day, sizeof day, "2026-01-0%c", p[1]);
        snprintf(time, sizeof time, "%.8s", p + 3);
        say(f, p[0], day, time, every_s, 0);
        p = strchr(p, ',') ? strchr(p, ',') + 2 : p + strlen(p);
    }
    forge_group(f);
}

static bool is_verified_first = true;

static enum err_code ask(struct forge *f, const char *until, struct silence_report *report, struct err *err)
{
    static struct verify_report verified;
    static const struct verify_options options = {.vkey = NULL};
    struct evidence *evidence = NULL;
    size_t size = 0;
    uint8_t *const image = forge_image(f, &size);

    assert_int_equal(evidence_open_memory(image, size, &evidence, err), ERR_OK);
    if (is_verified_first && verify_evidence(evidence, &options, &verified, err))
        fail_msg("%s", err->text);
    const enum err_code rc = silence_check(evidence, &CALENDAR, entries_instant(until), report, err);
    evidence_close(evidence);
    free(image);
    return rc;
}

#define MONDAY  "O5 14:30:00, H5 14:40:00, H5 14:50:00, C5 15:00:00"
#define TUESDAY "O6 14:30:00, H6 14:40:00, x, H6 14:50:00, x, C6 15:00:00"

static const struct story {
    const char *words; /* every ten minutes */
    const char *until;
    enum err_code rc;
    uint64_t before; /* entry before the silence, and after it; 0: none */
    uint64_t after;
    const char *what;
} STORIES[] = {
    {MONDAY, "2026-01-05T15:00:00Z", ERR_OK, 0, 0, ""},
    {MONDAY, "2026-01-05T14:55:00Z", ERR_OK, 0, 0, ""},
    {MONDAY, "2026-01-06T14:30:05Z", ERR_OK, 0, 0, ""},
    {MONDAY, "2026-01-06T14:30:06Z", ERR_WRONG, 5, 0,
     "the session of 2026-01-06 is missing: entry 5 closed that of 2026-01-05"},
    {MONDAY ", " TUESDAY, "2026-01-08T14:00:00Z", ERR_OK, 0, 0, ""},
    {MONDAY ", " TUESDAY, "2026-01-06T14:33:00Z", ERR_OK, 0, 0, ""},
    /* killed in the session, or its tail cut at an older seal */
    {"O5 14:30:00, H5 14:40:00", "2026-01-05T14:50:05Z", ERR_OK, 0, 0, ""},
    {"O5 14:30:00, H5 14:40:00", "2026-01-05T14:50:06Z", ERR_WRONG, 3, 0,
     "the session of 2026-01-05 was not closed, and entry 3 is its last word"},
    {"O5 14:30:00", "2026-01-08T14:00:00Z", ERR_WRONG, 2, 0, "entry 2 is its last word, 600 s were promised"},
    {"O5 14:30:00, H5 14:40:00, " TUESDAY, "2026-01-06T15:00:00Z", ERR_WRONG, 3, 4,
     "the session of 2026-01-05 was not closed: entry 3 is its last word, and entry 4 opens that of "
     "2026-01-06"},
    /* a gap in the middle, at its exact bound */
    {"O5 14:30:00, H5 14:40:05, H5 14:50:00, C5 15:00:00", "2026-01-05T15:00:00Z", ERR_OK, 0, 0, ""},
    {"O5 14:30:00, H5 14:40:06, H5 14:50:00, C5 15:00:00", "2026-01-05T15:00:00Z", ERR_WRONG, 2, 3,
     "entries 2 and 3 are too far apart, 600 s were promised: nothing is there from 2026-01-05T14:30:00Z to "
     "2026-01-05T14:40:06Z (606 s)"},
    {"O5 14:30:00, H5 14:40:00, C5 15:00:00, " TUESDAY, "2026-01-06T15:00:00Z", ERR_WRONG, 3, 4,
     "entries 3 and 4 are too far apart"},
    {"O5 14:30:00, H5 14:40:00, C5 15:00:00, " TUESDAY, "2026-01-05T14:45:00Z", ERR_OK, 0, 0, ""},
    /* a whole session is missing */
    {MONDAY ", O8 14:30:00, H8 14:40:00", "2026-01-08T14:40:00Z", ERR_WRONG, 5, 6,
     "the session of 2026-01-06 is missing: entry 5 closed that of 2026-01-05: nothing is there from "
     "2026-01-06T14:30:00Z to 2026-01-06T15:00:00Z (1800 s)"},
    {MONDAY, "2026-01-06T14:45:00Z", ERR_WRONG, 5, 0,
     "from 2026-01-06T14:30:00Z to 2026-01-06T14:45:00Z (900 s)"},
    /* late to come, early to go */
    {"O5 14:30:05, H5 14:40:00", "2026-01-05T14:40:00Z", ERR_OK, 0, 0, ""},
    {"O5 14:30:06, H5 14:40:00", "2026-01-05T14:40:00Z", ERR_WRONG, 0, 2,
     "the session of 2026-01-05 was opened late, by entry 2"},
    {"O5 14:30:00, H5 14:40:00, H5 14:50:00, C5 14:59:54", "2026-01-05T16:00:00Z", ERR_WRONG, 5, 0,
     "was closed early, by entry 5"},
    {"O5 14:30:00, H5 14:40:00, H5 14:50:00, C5 14:59:55", "2026-01-05T16:00:00Z", ERR_OK, 0, 0, ""},
    /* attended again after it was closed */
    {"O5 14:30:00, H5 14:40:00, H5 14:50:00, C5 15:00:00, O5 15:00:00, C5 15:00:00", "2026-01-05T16:00:00Z",
     ERR_OK, 0, 0, ""},
    /* nothing was promised */
    {"", "2026-01-05T16:00:00Z", ERR_NOT_FOUND, 0, 0, "no session was opened by then"},
    {MONDAY, "2026-01-05T14:29:59Z", ERR_NOT_FOUND, 0, 0, "no session was opened by then"},
    {"H5 14:30:00", "2026-01-05T14:40:00Z", ERR_NOT_FOUND, 0, 0, "a session that was not opened"},
    {"O8 14:30:00, H8 14:40:00, H8 14:50:00, C8 15:00:00", "2026-01-09T16:00:00Z", ERR_NOT_FOUND, 0, 0,
     "the calendar knows no session after that of 2026-01-08"},
};

static void test_a_silence_is_named_with_the_entries_around_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof STORIES / sizeof STORIES[0]; i++) {
        const struct story *const s = &STORIES[i];
        struct silence_report report;
        struct err err = {.code = ERR_OK};
        struct forge f;
        tell(&f, s->words, 600);
        const enum err_code rc = ask(&f, s->until, &report, &err);
        if (rc != s->rc || (rc && !strstr(err.text, s->what)))
            fail_msg("story %zu: %s", i, rc ? err.text : "nothing is missing");
        if (rc == ERR_WRONG &&
            (report.before_seq != s->before || report.after_seq != s->after || !report.what[0]))
            fail_msg("story %zu: between %d and %d", i, (int)report.before_seq, (int)report.after_seq);
        if (rc == ERR_OK)
            assert_true(report.sessions > 0 && report.what[0] == '\0');
        forge_release(&f);
    }
}

static void test_without_heartbeats_it_cannot_be_told(void **state)
{
    struct silence_report report;
    struct err err;
    struct forge f;

    (void)state;
    tell(&f, "O5 14:30:00, C5 15:00:00", 0);
    assert_int_equal(ask(&f, "2026-01-05T16:00:00Z", &report, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "entry 2 promises no heartbeats"));
    forge_release(&f);
}

/* Heartbeats in an actor's name are nobody's promise. */
static void test_only_the_journals_own_words_count(void **state)
{
    struct silence_report report;
    struct err err;
    struct forge f;

    (void)state;
    forge_init(&f, 1);
    forge_genesis(&f);
    say(&f, 'O', "2026-01-05", "14:30:00", 600, 0);
    say(&f, 'H', "2026-01-05", "14:40:00", 600, 0);
    say(&f, 'H', "2026-01-05", "14:50:00", 600, FORGE_OPERATOR);
    say(&f, 'C', "2026-01-05", "15:00:00", 600, FORGE_OPERATOR);
    forge_group(&f);
    is_verified_first = false; /* who may say such a thing is another rule */
    assert_int_equal(ask(&f, "2026-01-05T15:00:00Z", &report, &err), ERR_WRONG);
    is_verified_first = true;
    assert_int_equal(report.before_seq, 3);
    assert_int_equal(report.heartbeats, 1);
    forge_release(&f);
}

/* Many blocks of entries between two words. */
static void test_words_are_found_across_blocks(void **state)
{
    struct silence_report report;
    struct err err;
    struct forge f;

    (void)state;
    forge_init(&f, 1);
    f.per_block = 3;
    forge_genesis(&f);
    for (int minute = 30; minute < 60; minute++) {
        char time[20];
        snprintf(time, sizeof time, "14:%d:00", minute);
        say(&f, minute == 30 ? 'O' : 'H', "2026-01-05", time, 60, 0);
        for (int i = 0; i < minute % 7; i++)
            forge_note(&f, "between");
        if (minute % 5 == 0)
            forge_group(&f);
    }
    say(&f, 'C', "2026-01-05", "15:00:00", 60, 0);
    forge_group(&f);
    assert_int_equal(ask(&f, "2026-01-05T15:00:00Z", &report, &err), ERR_OK);
    assert_int_equal(report.sessions, 1);
    assert_int_equal(report.heartbeats, 29);
    assert_int_equal(report.from_ns, entries_instant("2026-01-05T14:30:00Z"));
    forge_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_silence_is_named_with_the_entries_around_it),
        cmocka_unit_test(test_without_heartbeats_it_cannot_be_told),
        cmocka_unit_test(test_only_the_journals_own_words_count),
        cmocka_unit_test(test_words_are_found_across_blocks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
