/* ledger-verify: the command line of the second verifier. */
#include "verifier/verifier.h"

#include "verifier/trust.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEAL_MAX 16384

static const char USAGE[] =
    "usage: ledger-verify [--key VKEY] [--against SEAL] [--tsa-ca FILE] [--json] PATH\n"
    "\n"
    "Is a journal what was sealed, and is all of it there? PATH is what `ledger export --raw` wrote, or a\n"
    "copy of a directory that `ledger publish` wrote; or a bundle of evidence that `ledger bundle` wrote: "
    "are\n"
    "these entries the journal's?\n"
    "\n"
    "  --key VKEY      the journal's verifier key, noted when it was made; without it the key is taken from "
    "the\n"
    "                  journal itself, and one that was made up altogether passes\n"
    "  --against SEAL  a file with a seal that was kept elsewhere: the journal must reach it, and have its "
    "root there\n"
    "  --tsa-ca FILE   certificates (PEM) that must prove every timestamp; without it, whose words they are "
    "is\n"
    "                  not asked\n"
    "  --json          the verdict as JSON\n"
    "\n"
    "Exit code 0: the verdicts are good. 1: checked and wrong; the first wrong place is named. 2: misused.\n"
    "3: it could not be checked.\n"
    "\n"
    "  ledger export --raw journal.raw\n"
    "  ledger-verify --key desk.example/options+1f2e3d4c+AbCd... --against seal.txt journal.raw\n";

struct arguments {
    const char *path;
    const char *vkey;
    const char *against;
    const char *tsa_ca;
    bool json;
    bool help;
};

/* False: misused, and said so. */
static bool parse(struct arguments *a, int argc, char **argv)
{
    const struct {
        const char *name;
        const char **value;
    } options[] = {{"--key", &a->vkey}, {"--against", &a->against}, {"--tsa-ca", &a->tsa_ca}};

    for (int i = 1; i < argc; i++) {
        const char **value = NULL;
        for (size_t o = 0; o < sizeof options / sizeof options[0]; o++) {
            if (strcmp(argv[i], options[o].name) == 0)
                value = options[o].value;
        }
        if (value && !*value && i + 1 < argc)
            *value = argv[++i];
        else if (strcmp(argv[i], "--json") == 0)
            a->json = true;
        else if (strcmp(argv[i], "--help") == 0)
            a->help = true;
        else if (argv[i][0] != '-' && !a->path)
            a->path = argv[i];
        else {
            fprintf(stderr, "ledger-verify: \"%s\" %s\n", argv[i],
                    value     ? "needs one value"
                    : a->path ? "is one argument too many"
                              : "is no option of this program");
            return false;
        }
    }
    if (!a->path && !a->help)
        fprintf(stderr, "ledger-verify: no path is given\n");
    return a->path || a->help;
}

/* -- the report --------------------------------------------------------------------------------------------- */

static void put_hex(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        printf("%02x", bytes[i]);
}

static void put_text(const char *name, const char *text)
{
    printf("\"%s\":\"", name);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p < 0x20)
            printf("\\u%04x", *p);
        else
            printf(*p == '"' || *p == '\\' ? "\\%c" : "%c", *p);
    }
    printf("\"");
}

/* Of a bundle: every entry that its newest seal covers is in it. */
static bool is_whole(const struct verifier_report *r)
{
    return r->entries == r->sealed;
}

/* FORMAT.md, section 1: what was computed by a what-if says so in its origin. */
static bool is_hypothetical(const struct verifier_report *r)
{
    return strncmp(r->origin, "hypothetical/", 13) == 0;
}

/* As `ledger verify --json` has it. */
static void put_json(const struct verifier_report *r)
{
    printf("{\"integrity\":%s,", r->integrity_ok ? "true" : "false");
    if (r->is_bundle)
        printf("\"bundle\":true,\"whole\":%s,\"gaps\":%" PRIu64 ",\"by_two\":%" PRIu64 ",",
               is_whole(r) ? "true" : "false", r->gaps, r->pairs);
    else
        printf("\"complete\":%s,", r->complete_ok ? "true" : "false");
    printf("\"key_given\":%s,", r->key_given ? "true" : "false");
    put_text("origin", r->origin);
    printf(",\"hypothetical\":%s,", is_hypothetical(r) ? "true" : "false");
    put_text("vkey", r->vkey);
    printf(",\"epochs\":%" PRIu64 ",", r->epochs);
    put_text("newest_vkey", r->newest_vkey);
    printf(",\"entries\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"seals\":%" PRIu64 ",\"tiles\":%" PRIu64
           ",\"sealed\":%" PRIu64 ",\"signatures\":%" PRIu64 ",\"timestamps\":%" PRIu64
           ",\"stamped\":%" PRIu64 ",\"cosignatures\":%" PRIu64 ",\"owned_since\":%" PRIu64 ",\"root\":\"",
           r->entries, r->bytes, r->seals, r->tiles, r->sealed, r->signatures, r->timestamps, r->stamped,
           r->cosignatures, r->owned_since);
    put_hex(r->root, sizeof r->root);
    printf("\"");
    if (r->where[0]) {
        printf(",\"wrong\":{");
        put_text("where", r->where);
        printf(",");
        put_text("what", r->what);
        printf(",\"first\":%" PRIu64 ",\"last\":%" PRIu64 "}", r->first, r->last);
    }
    printf("}\n");
}

static void put_journal_verdicts(const struct verifier_report *r)
{
    printf("integrity     %s\n", r->integrity_ok ? "good   nothing that is there was changed" : "WRONG");
    printf("completeness  %s\n", r->complete_ok ? "good   every entry is sealed, none is missing" : "WRONG");
}

/* Whether more entries belong to a matter, no bundle can say: only whether something between these was left out. */
static void put_bundle_verdict(const struct verifier_report *r)
{
    if (!r->integrity_ok)
        printf("evidence      WRONG\n");
    else
        printf("evidence      good   these entries are among the %" PRIu64 " that the journal sealed\n",
               r->sealed);
    if (r->integrity_ok && r->gaps)
        printf("gaps          %" PRIu64 "      others stand between them that are not in the bundle\n",
               r->gaps);
    else if (r->integrity_ok)
        printf("gaps          none   nothing between them was left out\n");
}

/* That there is no owner is said of a whole journal only: where it is wrong, one may come behind. */
static void put_persons(const struct verifier_report *r)
{
    if (r->owned_since)
        printf("persons       owned since entry %" PRIu64 ": what matters most needed two persons\n",
               r->owned_since);
    else if (r->integrity_ok && (!r->is_bundle || is_whole(r)))
        printf("persons       no owner: each person acted alone\n");
}

/* Of a bundle: what its entries show of persons, and what they cannot. */
static void put_shown(const struct verifier_report *r)
{
    if (r->owned_since)
        printf("two persons   wanted %" PRIu64 " of these entries\n", r->pairs);
    else if (!is_whole(r))
        printf("two persons   never asked: no entry here names an owner\n");
    if (!is_whole(r))
        printf(
            "persons       as far as the entries here tell: whether a key was revoked, or the journal has an "
            "owner, needs the whole journal\n");
    if (r->gaps && r->signatures)
        printf("not shown     whether a signature stands in an entry that is not here, too\n");
}

static void put_verdicts(const struct verifier_report *r, bool is_proven)
{
    if (r->is_bundle)
        put_bundle_verdict(r);
    else
        put_journal_verdicts(r);
    if (r->where[0])
        printf("first wrong   %s: %s\n", r->where, r->what);
    if (r->first)
        printf("in doubt      entries %" PRIu64 " to %" PRIu64 "\n", r->first, r->last);
    printf("origin        %s\n", r->origin);
    if (is_hypothetical(r))
        printf("HYPOTHETICAL  computed by a what-if, not lived: its control.hypothesis says what it departs "
               "from\n");
    printf("key           %s%s\n", r->vkey, r->key_given ? "" : "  (taken from the journal itself)");
    if (r->epochs > 1)
        printf("newest key    %s  (of epoch %" PRIu64 ")\n", r->newest_vkey, r->epochs - 1);
    printf("entries       %" PRIu64 " in %" PRIu64 " bytes, %" PRIu64 " seals, %" PRIu64 " tiles, %" PRIu64
           " actors' signatures\n",
           r->entries, r->bytes, r->seals, r->tiles, r->signatures);
    put_persons(r);
    if (r->is_bundle && r->integrity_ok)
        put_shown(r);
    if (r->cosignatures)
        printf("cosignatures  %" PRIu64 ", by witnesses that entries name\n", r->cosignatures);
    if (r->timestamps)
        printf("timestamps    %" PRIu64 ", over entries 1..%" PRIu64 "; whose words they are %s\n",
               r->timestamps, r->stamped, is_proven ? "the certificates prove" : "was not asked (--tsa-ca)");
    printf("root          ");
    put_hex(r->root, sizeof r->root);
    printf("\n");
}

/* -- the program -------------------------------------------------------------------------------------------- */

static bool read_seal(const char *path, char *bytes, size_t *size)
{
    FILE *const file = fopen(path, "rb");

    *size = file ? fread(bytes, 1, SEAL_MAX, file) : 0;
    const bool good = file && !ferror(file);
    if (!good)
        fprintf(stderr, "ledger-verify: could not be checked: %s: %s\n", path, strerror(errno));
    if (file)
        fclose(file);
    return good;
}

int main(int argc, char **argv)
{
    static char seal[SEAL_MAX];
    static struct verifier_report report;
    struct arguments a = {0};
    struct verifier_options options = {0};
    struct words why;

    if (!parse(&a, argc, argv))
        return VERIFIER_MISUSED;
    if (a.help) {
        printf("%s", USAGE);
        return fflush(stdout) ? VERIFIER_NOT_CHECKED : VERIFIER_GOOD;
    }
    struct trust *const trust = a.tsa_ca ? trust_open(a.tsa_ca, &why) : NULL;
    if (a.tsa_ca && !trust) {
        fprintf(stderr, "ledger-verify: could not be checked: %s\n", why.text);
        return VERIFIER_NOT_CHECKED;
    }
    options.trust = trust;
    if (a.against && !read_seal(a.against, seal, &options.against_size))
        return VERIFIER_NOT_CHECKED;
    options.vkey = a.vkey;
    options.against = a.against ? seal : NULL;
    verifier_check_file(a.path, &options, &report);
    trust_close(trust);
    if (report.exit == VERIFIER_NOT_CHECKED) {
        fprintf(stderr, "ledger-verify: could not be checked: %s\n", report.what);
        return VERIFIER_NOT_CHECKED;
    }
    if (a.json)
        put_json(&report);
    else
        put_verdicts(&report, a.tsa_ca != NULL);
    if (!report.key_given)
        fprintf(stderr, "The key came from the journal itself: pass the one that init printed with --key.\n");
    if (ferror(stdout) || fflush(stdout)) {
        fprintf(stderr, "ledger-verify: the verdict could not be written: %s\n", strerror(errno));
        return VERIFIER_NOT_CHECKED;
    }
    return (int)report.exit;
}
