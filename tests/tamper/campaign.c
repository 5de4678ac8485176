/*
 * The tamper campaign: journals are changed in every way that classes of tampering know, by a seed, and three verifiers
 * must find each change, name the right place, and agree. See docs/TAMPER.md.
 *
 *   campaign [--count N] [--seed N] [--class WORDS] [--only INDEX] [--bits STEP] [--page FILE]
 *   campaign --known FILE    says whether the page in FILE has a row for each class, and does nothing else
 */
#include "tamper/files.h"
#include "tamper/mutation.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#define CLASSES_MAX  100
#define FAILURES_MAX 20 /* told one by one */

struct tally {
    uint64_t made;
    uint64_t found[JUDGES];
    uint64_t agreed;
};

struct campaign {
    uint64_t count;
    uint64_t seed;
    const char *only_class;
    uint64_t only_index; /* UINT64_MAX: all */
    uint64_t bits_step;  /* every n-th bit of the small journal; 0: none */
    const char *page;
    const char *known;
    struct judges judges;
    struct world worlds[WORLDS];
    const struct tampering *classes;
    size_t class_count;
    struct tally tallies[CLASSES_MAX];
    struct tally bits;
    uint64_t failures;
    double seconds;
};

/* -- classes ---------------------------------------------------------------------------------------------- */

const struct tampering *tamperings(size_t *count)
{
    static struct tampering all[CLASSES_MAX];
    static size_t total;
    const struct tampering *const tables[] = {
        TAMPERINGS_BITS, TAMPERINGS_ENTRIES, TAMPERINGS_EDITS,    TAMPERINGS_THIEF, TAMPERINGS_EPOCHS,
        TAMPERINGS_ROWS, TAMPERINGS_STAMPS,  TAMPERINGS_COSIGNED, TAMPERINGS_FILES, TAMPERINGS_HARMLESS};

    for (size_t t = 0, known = total; known == 0 && t < sizeof tables / sizeof tables[0]; t++) {
        for (const struct tampering *row = tables[t]; row->name; row++) {
            REQUIRE(total < CLASSES_MAX);
            all[total++] = *row;
        }
    }
    *count = total;
    return all;
}

/* -- judging ---------------------------------------------------------------------------------------------- */

static void tell_failure(struct campaign *c, const struct mutation *m, const char *what,
                         const struct verdict *v)
{
    if (c->failures++ >= FAILURES_MAX)
        return;
    if (m->exit == 1)
        fprintf(stderr, "%s: in the journal %s, %s; expected %s %" PRIu64 "..%" PRIu64 "\n", what,
                m->world->name, m->story, m->place, m->least, m->most);
    else
        fprintf(stderr, "%s: in the journal %s, %s; expected exit code %d\n", what, m->world->name, m->story,
                m->exit);
    for (int j = 0; j < JUDGES; j++)
        fprintf(stderr, "  %-14s %d, %s, integrity %d, completeness %d: %s\n", judge_name((enum judge)j),
                v[j].exit, v[j].where, v[j].integrity_ok, v[j].complete_ok, v[j].what);
}

static void judge(struct campaign *c, struct mutation *m, struct tally *t, const char *what)
{
    struct verdict v[JUDGES];

    if (!m->image)
        m->image = forge_image(&m->f, &m->size);
    const struct question q = {
        .image = m->image, .size = m->size, .dir = m->dir, .vkey = m->world->vkey, .against = m->against};
    judges_ask(&c->judges, &q, v);
    bool good = mutation_is_agreed(m, v);
    t->made++;
    t->agreed += good;
    for (int j = 0; j < JUDGES; j++) {
        const bool found = mutation_is_found(m, &v[j]);
        t->found[j] += found;
        good = good && found;
    }
    if (!good)
        tell_failure(c, m, what, v);
}

static void mutation_end(struct mutation *m)
{
    forge_release(&m->f);
    free(m->image);
    m->image = NULL;
}

/* The class of mutation `index`: the first ones are one of each class, the others are drawn by weights. */
static size_t class_of(const struct campaign *c, uint64_t index, struct random *r)
{
    uint64_t total = 0;

    if (index < c->class_count)
        return (size_t)index;
    for (size_t i = 0; i < c->class_count; i++)
        total += c->classes[i].weight;
    uint64_t pick = random_below(r, total);
    size_t i = 0;
    while (pick >= c->classes[i].weight)
        pick -= c->classes[i++].weight;
    return i;
}

/* Half of all happen to the journal of 600 entries, three in eight to the small one. */
static const struct world *world_of(const struct campaign *c, struct random *r)
{
    const uint64_t pick = random_below(r, 16);

    return &c->worlds[pick < 6 ? 0 : pick < 14 ? 1 : 2];
}

/* Draws until something comes of it. The same seed and index give the same, on every machine. */
static void mutate(struct campaign *c, uint64_t index)
{
    struct random r = {c->seed ^ index * UINT64_C(0xd1342543de82ef95)};
    const size_t class = class_of(c, index, &r);
    const struct tampering *const t = &c->classes[class];
    char what[200];

    if ((c->only_class && !strstr(t->name, c->only_class)) ||
        (c->only_index != UINT64_MAX && c->only_index != index))
        return;
    for (;;) {
        struct mutation m = {.world = world_of(c, &r), .random = &r};
        forge_copy(&m.f, &m.world->f);
        const bool made = t->make(&m);
        snprintf(what, sizeof what, "%s (mutation %" PRIu64 ")", t->name, index);
        if (made)
            judge(c, &m, &c->tallies[class], what);
        mutation_end(&m);
        if (made)
            return;
    }
}

/* Every bit of the small journal's export, or every n-th. */
static void flip_bits(struct campaign *c)
{
    const struct world *const w = &c->worlds[0];
    struct random r = {c->seed};

    for (size_t bit = 0; bit < 8 * w->image_size; bit += c->bits_step) {
        struct mutation m = {.world = w, .random = &r};
        forge_copy(&m.f, &w->f);
        m.size = w->image_size;
        m.image = malloc(m.size);
        REQUIRE(m.image);
        memcpy(m.image, w->image, m.size);
        m.image[bit / 8] ^= (uint8_t)(1u << bit % 8);
        mutation_tell(&m, "bit %zu of byte %zu of the export", bit % 8, bit / 8);
        expect_bit(&m, bit / 8);
        judge(c, &m, &c->bits, "a bit");
        mutation_end(&m);
    }
}

/* The honest journals themselves are good; and where nothing was changed, nothing would be counted as found. */
static void judge_honest(struct campaign *c)
{
    for (int i = 0; i < WORLDS; i++) {
        struct mutation m = {.world = &c->worlds[i], .against = c->worlds[i].newest};
        struct tally tally = {0};
        forge_copy(&m.f, &m.world->f);
        mutation_tell(&m, "nothing was changed");
        expect_good(&m);
        judge(c, &m, &tally, "an honest journal");
        const uint64_t failures = c->failures;
        c->failures = FAILURES_MAX; /* expected ones are not told */
        expect_at(&m, "entry", 2);
        judge(c, &m, &tally, "");
        expect_not_checked(&m);
        judge(c, &m, &tally, "");
        REQUIRE(tally.made == 3 && tally.found[0] <= 1 && tally.found[1] <= 1 && tally.found[2] <= 1);
        c->failures = failures;
        mutation_end(&m);
    }
}

/* A class of which nothing came would be a row that proves nothing. */
static void check_each_class_made(struct campaign *c)
{
    if (c->only_class || c->only_index != UINT64_MAX || c->count == 0)
        return;
    for (size_t i = 0; i < c->class_count; i++) {
        if (c->tallies[i].made > 0)
            continue;
        fprintf(stderr, "campaign: none was made of \"%s\": --count must be %zu or more\n",
                c->classes[i].name, c->class_count);
        c->failures++;
    }
}

/* -- the table -------------------------------------------------------------------------------------------- */

static void put_row(FILE *out, const char *name, const struct tally *t)
{
    fprintf(out, "| %s | %" PRIu64 " |", name, t->made);
    for (int j = 0; j < JUDGES; j++)
        fprintf(out, " %" PRIu64 " |", t->found[j]);
    fprintf(out, " %" PRIu64 " |\n", t->agreed);
}

static void put_table(const struct campaign *c, FILE *out)
{
    struct tally sum = {0};

    fprintf(out,
            "| class of tampering | made | `ledger verify` | `ledger-verify` | `verify.mjs` | all agree |\n"
            "| --- | --: | --: | --: | --: | --: |\n");
    for (size_t i = 0; i < c->class_count; i++) {
        const struct tally *const t = &c->tallies[i];
        if (t->made == 0 && (c->only_class || c->only_index != UINT64_MAX))
            continue;
        put_row(out, c->classes[i].name, t);
        sum.made += t->made;
        sum.agreed += t->agreed;
        for (int j = 0; j < JUDGES; j++)
            sum.found[j] += t->found[j];
    }
    put_row(out, "**all of these**", &sum);
    if (c->bits.made)
        put_row(out,
                c->bits_step == 1 ? "every bit of the small journal's export"
                                  : "bits of the small journal's export",
                &c->bits);
}

static int check_known(const struct campaign *c)
{
    static char text[1 << 16];
    char row[200];
    int missing = 0;

    FILE *const file = fopen(c->known, "rb");
    text[file ? fread(text, 1, sizeof text - 1, file) : 0] = '\0';
    if (file)
        fclose(file);
    for (size_t i = 0; i < c->class_count; i++) {
        snprintf(row, sizeof row, "\n| %s | ", c->classes[i].name);
        if (!strstr(text, row)) {
            fprintf(stderr, "campaign: %s has no row \"%s\": run scripts/tamper\n", c->known,
                    c->classes[i].name);
            missing = 1;
        }
    }
    return missing;
}

/* Puts the table between the page's two marks. */
static int put_page(const struct campaign *c)
{
    static const char BEGIN[] = "<!-- campaign: begin -->\n";
    static const char END[] = "<!-- campaign: end -->\n";
    static char text[1 << 16];
    char day[20];
    const time_t now = time(NULL);

    FILE *file = fopen(c->page, "rb");
    const size_t size = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file)
        fclose(file);
    text[size] = '\0';
    char *const begin = strstr(text, BEGIN);
    char *const end = begin ? strstr(begin, END) : NULL;
    file = end ? fopen(c->page, "wb") : NULL;
    if (!file) {
        fprintf(stderr, "campaign: %s: %s\n", c->page,
                end ? strerror(errno) : "it lacks the marks of the table");
        return 3;
    }
    fwrite(text, 1, (size_t)(begin - text) + strlen(BEGIN), file);
    strftime(day, sizeof day, "%Y-%m-%d", gmtime(&now));
    fprintf(file, "\nRun on %s: seed %" PRIu64 ", %" PRIu64 " mutations%s, %.0f seconds.\n\n", day, c->seed,
            c->count, c->bits_step == 1 ? " and every bit" : "", c->seconds);
    put_table(c, file);
    fprintf(file, "\n%s", end);
    return fclose(file) == 0 ? 0 : 3;
}

/* -- the program ------------------------------------------------------------------------------------------ */

static bool parse(struct campaign *c, int argc, char **argv)
{
    static const struct option OPTIONS[] = {
        {"count", required_argument, NULL, 'n'}, {"seed", required_argument, NULL, 's'},
        {"class", required_argument, NULL, 'c'}, {"only", required_argument, NULL, 'o'},
        {"bits", required_argument, NULL, 'b'},  {"page", required_argument, NULL, 'p'},
        {"known", required_argument, NULL, 'k'}, {NULL, 0, NULL, 0}};
    int option = 0;

    while ((option = getopt_long(argc, argv, "", OPTIONS, NULL)) >= 0) {
        switch (option) {
        case 'n': c->count = strtoull(optarg, NULL, 10); break;
        case 's': c->seed = strtoull(optarg, NULL, 10); break;
        case 'c': c->only_class = optarg; break;
        case 'o': c->only_index = strtoull(optarg, NULL, 10); break;
        case 'b': c->bits_step = strtoull(optarg, NULL, 10); break;
        case 'p': c->page = optarg; break;
        case 'k': c->known = optarg; break;
        default: return false;
        }
    }
    return optind == argc;
}

static double clock_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    static struct campaign c = {.count = 1000, .seed = 20261121, .only_index = UINT64_MAX};

    if (!parse(&c, argc, argv))
        return 2;
    c.classes = tamperings(&c.class_count);
    if (c.known)
        return check_known(&c);
    const double start = clock_s();
    judges_open(&c.judges);
    if (!c.judges.node)
        printf("node is not installed: the JavaScript verifier was NOT asked, its column repeats "
               "ledger-verify's\n");
    worlds_open(c.worlds);
    judge_honest(&c);
    for (uint64_t i = 0; i < c.count; i++)
        mutate(&c, i);
    check_each_class_made(&c);
    if (c.bits_step)
        flip_bits(&c);
    tamper_files_close();
    worlds_close(c.worlds);
    judges_close(&c.judges);
    c.seconds = clock_s() - start;
    put_table(&c, stdout);
    printf("\nseed %" PRIu64 ", %.1f seconds, %" PRIu64 " failures\n", c.seed, c.seconds, c.failures);
    if (c.failures)
        return 1;
    return c.page ? put_page(&c) : 0;
}
