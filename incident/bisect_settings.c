#include "incident/bisect_settings.h"

#include "incident/course_settings.h"

#include <stdlib.h>
#include <string.h>

struct search {
    struct bisect_settings *result;
    const struct predicate *predicate;
    const struct configuration *good;
    struct journal_reader *reader;
    uint64_t from;
    uint32_t actor;
    uint64_t expected; /* courses, at most */
    book_progress *progress;
    void *context;
    struct course_settings settings;
};

/* -- one course ----------------------------------------------------------------------------------------- */

/* The first entry of the course after which it holds; 0: none. */
static enum err_code ask_entries(struct search *s, const struct course *c, struct book *b, uint64_t *seq,
                                 int64_t *at_ns, struct err *err)
{
    struct course_walk w;
    struct entry e;
    bool found = true;
    bool holds = false;
    enum err_code rc =
        course_from(c) > 1 ? book_load(b, s->reader, course_from(c) - 1, NULL, NULL, err) : ERR_OK;

    *seq = 0;
    course_walk_begin(&w, c, s->reader, course_from(c));
    while (!rc && !holds) {
        rc = course_next(&w, &e, NULL, &found, err);
        if (rc || !found)
            break;
        rc = book_apply(b, &e, err);
        if (!rc)
            rc = predicate_holds(s->predicate, b, &holds, err);
        if (!rc && holds) {
            *seq = e.seq;
            *at_ns = e.at_ns != INSTANT_NONE ? e.at_ns : e.recorded_at_ns;
        }
    }
    return rc;
}

static enum err_code ask_course(struct search *s, uint64_t *seq, int64_t *at_ns, struct err *err)
{
    const struct course_change change = {.from = s->from, .configuration = &s->settings.draft};
    struct course *c = NULL;
    struct book b = {.snapshots = {.begun_at = 0}};
    enum err_code rc = course_run(s->reader, &change, &c, NULL, NULL, err);

    if (!rc)
        rc = book_init(&b, err);
    if (!rc)
        rc = ask_entries(s, c, &b, seq, at_ns, err);
    if (!rc)
        s->result->from = course_from(c);
    book_release(&b);
    course_free(c);
    return rc;
}

/* With the settings of the bad configuration that `takes` says. */
static enum err_code ask(struct search *s, const bool *takes, uint64_t *seq, int64_t *at_ns, struct err *err)
{
    struct configuration c = *s->good;
    enum err_code rc = ERR_OK;

    for (size_t i = 0; !rc && i < s->result->count; i++) {
        const struct bisect_setting *const row = &s->result->rows[i];
        if (takes[i])
            rc = configuration_set(&c, row->path, row->bad, strlen(row->bad), err);
    }
    *seq = 0;
    if (s->progress)
        s->progress(s->context, s->result->runs, s->expected);
    if (rc || configuration_check(&c, NULL))
        return rc;
    s->result->runs++;
    rc = course_settings_draft(&s->settings, &c, s->actor, err);
    return rc ? rc : ask_course(s, seq, at_ns, err);
}

/* -- which of them -------------------------------------------------------------------------------------- */

/* The line at *at, cut into path and value, both terminated in place. */
static void cut_line(char **at, char **path, char **value)
{
    char *const line = *at;
    char *const end = strchr(line, '\n');
    char *const equals = strchr(line, '=');

    REQUIRE(end && equals && equals < end); /* our own canonical text */
    *end = '\0';
    *equals = '\0';
    *path = line;
    *value = equals + 1;
    *at = end + 1;
}

/* Both canonical texts have the same paths in the same order. */
static enum err_code find_differences(struct bisect_settings *result, const struct configuration *good,
                                      const struct configuration *bad, struct err *err)
{
    char *a = result->good_text;
    char *b = result->bad_text;
    char *path, *other, *ours, *theirs;
    size_t size = 0;

    enum err_code rc = configuration_text(good, a, sizeof result->good_text, &size, err);
    if (!rc)
        rc = configuration_text(bad, b, sizeof result->bad_text, &size, err);
    while (!rc && *a) {
        cut_line(&a, &path, &ours);
        cut_line(&b, &other, &theirs);
        if (strcmp(ours, theirs) == 0)
            continue;
        if (result->count == BISECT_SETTINGS_MAX)
            return err_set(err, ERR_INPUT, "more than %d settings differ", BISECT_SETTINGS_MAX);
        result->rows[result->count++] = (struct bisect_setting){.path = path, .good = ours, .bad = theirs};
    }
    if (!rc && result->count == 0)
        return err_set(err, ERR_INPUT, "the configurations do not differ in any setting");
    return rc;
}

static enum err_code ask_ends(struct search *s, struct err *err)
{
    bool takes[BISECT_SETTINGS_MAX] = {false};
    uint64_t seq = 0;
    int64_t at_ns;

    enum err_code rc = ask(s, takes, &seq, &at_ns, err);
    if (!rc && seq)
        return err_set(err, ERR_INPUT,
                       "it holds under the good configuration, too, after entry %llu of that course",
                       (unsigned long long)seq);
    for (size_t i = 0; i < s->result->count; i++)
        takes[i] = true;
    if (!rc)
        rc = ask(s, takes, &s->result->seq, &s->result->at_ns, err);
    if (!rc && !s->result->seq)
        rc = err_set(err, ERR_WRONG, "it does not hold under the bad configuration either");
    return rc;
}

static enum err_code ask_each_alone(struct search *s, struct err *err)
{
    enum err_code rc = ERR_OK;

    for (size_t i = 0; !rc && i < s->result->count; i++) {
        bool takes[BISECT_SETTINGS_MAX] = {false};
        uint64_t seq = 0;
        int64_t at_ns;
        takes[i] = true;
        rc = ask(s, takes, &seq, &at_ns, err);
        s->result->rows[i].alone = seq != 0;
    }
    return rc;
}

/* One that does it alone is a least set; else whatever can go goes. */
static enum err_code find_least(struct search *s, struct err *err)
{
    bool takes[BISECT_SETTINGS_MAX] = {false};
    enum err_code rc = ERR_OK;

    for (size_t i = 0; i < s->result->count; i++) {
        if (s->result->rows[i].alone) {
            s->result->rows[i].needed = true;
            return ERR_OK;
        }
        takes[i] = true;
    }
    for (size_t i = 0; !rc && i < s->result->count; i++) {
        uint64_t seq = 0;
        int64_t at_ns;
        takes[i] = false;
        rc = ask(s, takes, &seq, &at_ns, err);
        takes[i] = seq == 0;
    }
    for (size_t i = 0; i < s->result->count; i++)
        s->result->rows[i].needed = takes[i];
    return rc;
}

enum err_code bisect_settings_run(struct bisect_settings *result, const struct predicate *p,
                                  const struct configuration *good, const struct configuration *bad,
                                  uint64_t from, struct journal *j, struct journal_reader *r,
                                  book_progress *progress, void *context, struct err *err)
{
    struct search *const s = calloc(1, sizeof *s);

    if (!s)
        return err_set(err, ERR_MEMORY, "out of memory");
    memset(result, 0, sizeof *result);
    s->result = result;
    s->predicate = p;
    s->good = good;
    s->reader = r;
    s->from = from;
    s->actor = course_settings_actor(journal_actors(j));
    s->progress = progress;
    s->context = context;
    enum err_code rc = find_differences(result, good, bad, err);
    s->expected = 2 + 2 * (uint64_t)result->count;
    if (!rc)
        rc = ask_ends(s, err);
    if (!rc)
        rc = ask_each_alone(s, err);
    if (!rc)
        rc = find_least(s, err);
    free(s);
    return rc;
}
