#include "incident/sweep.h"

#include "incident/course_impl.h"
#include "incident/course_settings.h"
#include "ledger/threads.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS_MAX = 64 };

/* -- axes ----------------------------------------------------------------------------------------------- */

static const struct setting *find_setting(const char *path, size_t length)
{
    const struct setting *s = NULL;

    for (size_t i = 0; (s = configuration_setting(i)); i++) {
        if (strlen(s->path) == length && memcmp(s->path, path, length) == 0)
            return s;
    }
    return NULL;
}

/* Decimals of a number's type; -1: it is none. */
static int decimals_of(const struct setting *s)
{
    switch (s->type) {
    case SETTING_PRICE: return PRICE_DECIMALS;
    case SETTING_RATE: return RATE_DECIMALS;
    case SETTING_MONEY: return MONEY_DECIMALS;
    case SETTING_COUNT: return 0;
    case SETTING_FLAG:
    case SETTING_NAME:
    case SETTING_SYMBOLS:
    case SETTING_MAP: break;
    }
    return -1;
}

static enum err_code parse_setting(struct sweep_axis *axis, const char *text, size_t length, struct err *err)
{
    const struct setting *const s = find_setting(text, length);

    if (!s || length >= sizeof axis->path)
        return err_set(err, ERR_INPUT, "there is no setting \"%.*s\" (all: ledger config --help)",
                       (int)(length < 100 ? length : 100), text);
    axis->decimals = decimals_of(s);
    if (axis->decimals < 0)
        return err_set(err, ERR_INPUT, "%s is no number: only numbers can be swept", s->path);
    memcpy(axis->path, text, length);
    axis->path[length] = '\0';
    return ERR_OK;
}

static enum err_code parse_numbers(struct sweep_axis *axis, const char *text, struct err *err)
{
    const char *const dots = strstr(text, "..");
    const char *const slash = dots ? strchr(dots, '/') : NULL;
    int64_t last = 0;
    int64_t span = 0;

    if (!slash)
        return err_set(err, ERR_INPUT, "\"%.60s\": write FIRST..LAST/STEP, as 0.02..0.08/0.01", text);
    enum err_code rc = decimal_parse(text, (size_t)(dots - text), axis->decimals, &axis->first, err);
    if (!rc)
        rc = decimal_parse(dots + 2, (size_t)(slash - dots - 2), axis->decimals, &last, err);
    if (!rc)
        rc = decimal_parse(slash + 1, strlen(slash + 1), axis->decimals, &axis->step, err);
    if (!rc && axis->step <= 0)
        rc = err_set(err, ERR_INPUT, "the step %s is not above 0", slash + 1);
    if (!rc && last < axis->first)
        rc = err_set(err, ERR_INPUT, "it ends before it begins");
    if (!rc)
        rc = decimal_sub(last, axis->first, &span, err);
    if (!rc && span / axis->step >= SWEEP_COURSES_MAX)
        rc = err_set(err, ERR_INPUT, "it has %lld values; at most %d courses are run",
                     (long long)(span / axis->step + 1), SWEEP_COURSES_MAX);
    axis->last = last;
    axis->count = rc ? 0 : (uint64_t)(span / axis->step) + 1;
    return rc;
}

enum err_code sweep_axis_parse(struct sweep_axis *axis, const char *text, struct err *err)
{
    const char *const equals = strchr(text, '=');

    memset(axis, 0, sizeof *axis);
    if (!equals)
        return err_set(err, ERR_INPUT,
                       "\"%.100s\": write KEY=FIRST..LAST/STEP, as strategy.otm_min=0.02..0.08/0.01", text);
    enum err_code rc = parse_setting(axis, text, (size_t)(equals - text), err);
    if (!rc) {
        rc = parse_numbers(axis, equals + 1, err);
        if (rc)
            err_wrap(err, "%s", axis->path);
    }
    return rc;
}

/* -- one course ----------------------------------------------------------------------------------------- */

/* One that a course will have in force, but for the settings swept. */
struct in_force {
    uint64_t seq; /* of the record; 0: what is in force at the departure */
    struct configuration configuration;
};

struct job {
    struct sweep *sweep;
    struct in_force *configurations;
    size_t count;
    uint32_t actor; /* whose word the configurations are */
    atomic_size_t next;
    atomic_size_t done;
    atomic_bool is_over;
};

struct worker {
    struct job *job;
    struct journal_reader *reader;
    struct course_settings settings;
    char values[SWEEP_AXES_MAX][DECIMAL_TEXT_SIZE];
    struct course_setting set[SWEEP_AXES_MAX];
    enum err_code rc;
    struct err err;
};

static void say_values(struct worker *w, const struct sweep_row *row)
{
    const struct sweep *const s = w->job->sweep;

    for (size_t a = 0; a < s->axis_count; a++) {
        decimal_format(w->values[a], row->values[a], s->axes[a].decimals);
        w->set[a] = (struct course_setting){s->axes[a].path, w->values[a]};
    }
}

/* In each configuration that will be in force; *last is the last of them. */
static enum err_code try_values(const struct worker *w, struct configuration *last, struct err *err)
{
    const struct job *const job = w->job;
    enum err_code rc = ERR_OK;

    for (size_t i = 0; !rc && i < job->count; i++) {
        *last = job->configurations[i].configuration;
        rc = course_settings_set(last, w->set, job->sweep->axis_count, err);
        if (rc && job->configurations[i].seq && job->count > 1)
            err_wrap(err, "configuration of entry %llu", (unsigned long long)job->configurations[i].seq);
    }
    return rc;
}

static enum err_code measure(const struct course *c, struct sweep_row *row, struct err *err)
{
    row->stopped = risk_state_tripped(course_book(c)->risk) + (course_book(c)->risk->stopped ? 1 : 0);
    return difference_side(c, &row->side, err);
}

static enum err_code do_row(struct worker *w, struct sweep_row *row, struct err *err)
{
    const struct sweep *const s = w->job->sweep;
    struct course_change change = s->change;
    struct configuration c;
    struct course *course = NULL;
    struct err why = {.code = ERR_OK};
    enum err_code rc = ERR_OK;

    say_values(w, row);
    if (try_values(w, &c, &why)) {
        row->is_refused = true;
        snprintf(row->reason, sizeof row->reason, "%.*s", (int)sizeof row->reason - 1, why.text);
        return ERR_OK;
    }
    change.from = s->from;
    if (s->change.configuration) {
        rc = course_settings_draft(&w->settings, &c, w->job->actor, err);
        change.configuration = &w->settings.draft;
    } else {
        change.set = w->set;
        change.set_count = s->axis_count;
    }
    if (!rc)
        rc = course_run(w->reader, &change, &course, NULL, NULL, err);
    if (!rc)
        rc = measure(course, row, err);
    course_free(course);
    return rc;
}

/* Until no row is left; `progress` of one of them tells how far all are. */
static void work_on(struct worker *w, book_progress *progress, void *context)
{
    struct job *const job = w->job;

    while (!atomic_load(&job->is_over)) {
        const size_t i = atomic_fetch_add(&job->next, 1);
        if (i >= job->sweep->row_count)
            break;
        w->rc = do_row(w, &job->sweep->rows[i], &w->err);
        if (w->rc)
            atomic_store(&job->is_over, true);
        const size_t done = atomic_fetch_add(&job->done, 1) + 1;
        if (progress)
            progress(context, done, job->sweep->row_count);
    }
}

static void *work(void *context)
{
    work_on(context, NULL, NULL);
    return NULL;
}

/* -- all of them ---------------------------------------------------------------------------------------- */

static enum err_code make_rows(struct sweep *s, struct err *err)
{
    uint64_t total = 1;

    for (size_t a = 0; a < s->axis_count; a++) {
        total *= s->axes[a].count;
        if (total > SWEEP_COURSES_MAX)
            return err_set(err, ERR_INPUT, "the combinations are more than %d courses", SWEEP_COURSES_MAX);
    }
    s->rows = calloc(total, sizeof *s->rows);
    if (!s->rows)
        return err_set(err, ERR_MEMORY, "out of memory");
    s->row_count = total;
    for (uint64_t i = 0; i < total; i++) {
        uint64_t rest = i;
        for (size_t a = s->axis_count; a-- > 0;) {
            s->rows[i].values[a] = s->axes[a].first + (int64_t)(rest % s->axes[a].count) * s->axes[a].step;
            rest /= s->axes[a].count;
        }
    }
    return ERR_OK;
}

static enum err_code add_in_force(struct job *job, uint64_t seq, const struct configuration *c,
                                  struct err *err)
{
    void *const grown = realloc(job->configurations, (job->count + 1) * sizeof *job->configurations);

    if (!grown)
        return err_set(err, ERR_MEMORY, "out of memory");
    job->configurations = grown;
    job->configurations[job->count++] = (struct in_force){seq, *c};
    return ERR_OK;
}

/* What is in force at the departure: before the first configuration, none is. */
static enum err_code find_base(struct sweep *s, struct journal_reader *r, struct job *job, struct err *err)
{
    struct book b;
    enum err_code rc = book_init(&b, err);

    if (rc)
        return rc;
    rc = book_load(&b, r, s->from - 1, NULL, NULL, err);
    if (!rc && (b.configuration->seq || s->configurations == 0))
        rc = add_in_force(job, 0, &b.configuration->configuration, err);
    book_release(&b);
    return rc;
}

static enum err_code find_recorded(struct sweep *s, struct journal_reader *r, struct job *job,
                                   struct err *err)
{
    struct journal_record record = {.seq = s->from - 1};
    struct configuration c;
    struct entry e;
    bool found = true;
    enum err_code rc = ERR_OK;

    while (!rc) {
        rc = journal_reader_control(r, record.seq + 1, &record, &found, err);
        if (rc || !found)
            break;
        rc = entry_decode(record.bytes, record.size, &e, err);
        if (rc || e.kind != ENTRY_CONTROL_CONFIGURATION)
            continue;
        const struct text *const settings = &e.as.control_configuration.settings;
        s->configurations++;
        if (s->change.configuration) /* it is left out */
            continue;
        rc = configuration_parse(&c, settings->bytes, settings->length, err);
        if (!rc)
            rc = add_in_force(job, record.seq, &c, err);
        if (rc)
            err_wrap(err, "entry %llu", (unsigned long long)record.seq);
    }
    return rc;
}

static enum err_code find_configurations(struct sweep *s, struct journal_reader *r, struct job *job,
                                         struct err *err)
{
    const struct entry *const given = s->change.configuration;
    struct configuration c;
    enum err_code rc = find_recorded(s, r, job, err);

    if (rc || !given)
        return rc ? rc : find_base(s, r, job, err);
    const struct text *const settings = &given->as.control_configuration.settings;
    rc = configuration_parse(&c, settings->bytes, settings->length, err);
    return rc ? rc : add_in_force(job, 0, &c, err);
}

static enum err_code prepare(struct sweep *s, struct job *job, struct journal_reader *r, struct err *err)
{
    struct course_change change = s->change;
    struct course *recorded = NULL;
    enum err_code rc = make_rows(s, err);

    change.configuration =
        &(const struct entry){.kind = ENTRY_CONTROL_CONFIGURATION}; /* so it departs before one */
    if (!rc)
        rc = course_departure(r, &change, false, &s->from, err);
    if (!rc)
        rc = find_configurations(s, r, job, err);
    if (!rc)
        rc = course_recorded(r, s->from, &recorded, NULL, NULL, err);
    if (!rc)
        rc = measure(recorded, &s->recorded, err);
    course_free(recorded);
    return rc;
}

/* The caller's thread works as well. */
static enum err_code run_all(struct worker *workers, unsigned count, book_progress *progress, void *context,
                             struct err *err)
{
    pthread_t threads[THREADS_MAX];
    bool is_running[THREADS_MAX] = {false};

    for (unsigned i = 1; i < count; i++)
        is_running[i] = threads_begin(&threads[i], work, &workers[i]);
    work_on(&workers[0], progress, context);
    for (unsigned i = 1; i < count; i++) {
        if (is_running[i])
            (void)pthread_join(threads[i], NULL);
    }
    for (unsigned i = 0; i < count; i++) {
        if (!workers[i].rc)
            continue;
        if (err)
            *err = workers[i].err;
        return workers[i].rc;
    }
    return ERR_OK;
}

enum err_code sweep_run(struct sweep *s, struct journal *j, struct journal_reader *r, unsigned threads,
                        book_progress *progress, void *context, struct err *err)
{
    const unsigned count = threads < 1 ? 1 : threads > THREADS_MAX ? THREADS_MAX : threads;
    struct worker *const workers = calloc(count, sizeof *workers);
    struct job *const job = calloc(1, sizeof *job);
    enum err_code rc = workers && job ? ERR_OK : err_set(err, ERR_MEMORY, "out of memory");

    REQUIRE(s->axis_count >= 1 && s->axis_count <= SWEEP_AXES_MAX);
    if (!rc) {
        job->sweep = s;
        job->actor = course_settings_actor(journal_actors(j));
        rc = prepare(s, job, r, err);
    }
    for (unsigned i = 0; !rc && i < count; i++) {
        workers[i].job = job;
        rc = journal_reader_begin(j, &workers[i].reader, err);
    }
    if (!rc)
        rc = run_all(workers, count, progress, context, err);
    for (unsigned i = 0; workers && i < count; i++)
        journal_reader_end(workers[i].reader);
    free(workers);
    if (job)
        free(job->configurations);
    free(job);
    return rc;
}

void sweep_release(struct sweep *s)
{
    free(s->rows);
    s->rows = NULL;
    s->row_count = 0;
}

static bool is_same_row(const struct sweep_row *a, const struct sweep_row *b)
{
    return a->is_refused == b->is_refused && a->stopped == b->stopped &&
           memcmp(&a->side, &b->side, offsetof(struct difference_side, positions)) == 0 &&
           a->side.positions == b->side.positions;
}

bool sweep_has_no_effect(const struct sweep *s, size_t axis)
{
    uint64_t stride = 1;
    bool is_known = false; /* of rows that were refused, nothing is */

    for (size_t a = axis + 1; a < s->axis_count; a++)
        stride *= s->axes[a].count;
    for (uint64_t i = 0; i < s->row_count; i++) {
        if (i / stride % s->axes[axis].count == 0)
            continue;
        if (!is_same_row(&s->rows[i], &s->rows[i - stride]))
            return false;
        is_known = is_known || !s->rows[i].is_refused;
    }
    return is_known;
}
