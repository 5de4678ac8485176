/* ledger config: shows, checks and enters the configuration. */
#include "cli/cli.h"
#include "cli/person.h"

#include "agent/control.h"
#include "book/settings_yaml.h"
#include "ledger/hex.h"

#include <stdlib.h>
#include <string.h>

static void put_reference(void)
{
    for (size_t i = 0;; i++) {
        const struct setting *const s = configuration_setting(i);
        if (!s)
            return;
        printf("%-34s %-14s %s\n", s->path, s->initial, s->meaning);
    }
}

/* docs/CONFIGURATION.md is this, and a test compares them. */
static void put_markdown(void)
{
    static const char *const types[] = {NULL,    "dollars",       "dollars",         "rate",
                                        "count", "true or false", "list of symbols", "symbol: text",
                                        "name"};

    printf("# Configuration\n\n"
           "One YAML file, checked against this table (unknown keys, a key twice, wrong types and values out "
           "of bounds are\n"
           "refused with line and column), entered into the journal, signed, before it takes effect. Keys "
           "nest at the dots:\n"
           "`strategy.otm_min` is `otm_min` under `strategy`. What a file leaves out has its default. Rates "
           "are fractions:\n"
           "0.15 is 15 %%. Printed by `ledger config list --markdown`.\n\n"
           "| setting | type | default | least | most | meaning |\n| --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0;; i++) {
        const struct setting *const s = configuration_setting(i);
        if (!s)
            return;
        printf("| `%s` | %s | %s | %s | %s | %s |\n", s->path, types[s->type], s->initial,
               s->least ? s->least : "", s->most ? s->most : "", s->meaning);
    }
}

/*
 * People approve the source, and the settings have the effect: so what is shown is held against both. In force may be what a
 * snapshot says; the entry has the last word.
 */
static enum err_code check_in_force(struct journal *j, const struct configuration_state *now,
                                    const char *text, size_t size, struct err *err)
{
    char of_entry[CONFIGURATION_TEXT_MAX];
    struct journal_reader *r = NULL;
    struct journal_record record;
    struct configuration c;
    struct entry e;
    size_t entry_size = 0;

    if (!now->seq)
        return ERR_OK;
    enum err_code rc = journal_reader_begin(j, &r, err);
    if (!rc)
        rc = journal_reader_get(r, now->seq, &record, err);
    if (!rc)
        rc = entry_decode(record.bytes, record.size, &e, err);
    if (!rc && e.kind != ENTRY_CONTROL_CONFIGURATION)
        rc = err_set(err, ERR_WRONG,
                     "it is no configuration: a snapshot is wrong (ledger replay --check-snapshots)");
    if (!rc)
        rc = configuration_check_entry(&e.as.control_configuration, err);
    if (!rc)
        rc = configuration_parse(&c, e.as.control_configuration.settings.bytes,
                                 e.as.control_configuration.settings.length, err);
    if (!rc)
        rc = configuration_text(&c, of_entry, sizeof of_entry, &entry_size, err);
    if (!rc && (entry_size != size || memcmp(of_entry, text, size) != 0 ||
                memcmp(e.as.control_configuration.sha256.bytes, now->sha256.bytes, HASH_SIZE) != 0))
        rc = err_set(err, ERR_WRONG,
                     "these are not its settings: a snapshot is wrong (ledger replay --check-snapshots)");
    journal_reader_end(r);
    return rc ? err_wrap(err, "entry %llu", (unsigned long long)now->seq) : ERR_OK;
}

static enum err_code put_in_force(struct cli *cli, struct err *err)
{
    struct journal *j = NULL;
    struct desk d = {0};
    char text[CONFIGURATION_TEXT_MAX];
    char digest[HEX_LENGTH(HASH_SIZE) + 1];
    size_t size = 0;
    enum err_code rc = cli_open(cli, true, &j, err);

    if (!rc)
        rc = desk_init(&d, j, NULL, NULL, err);
    cli_put_remark(d.book.snapshots.remark);
    if (!rc)
        rc = configuration_text(&d.book.configuration->configuration, text, sizeof text, &size, err);
    if (!rc) {
        hex_encode(digest, d.book.configuration->sha256.bytes, HASH_SIZE);
        if (d.book.configuration->seq)
            printf("# in force since entry %llu, SHA-256 of its source %s\n",
                   (unsigned long long)d.book.configuration->seq, digest);
        else
            printf("# no configuration was entered yet: these are the defaults\n");
        fwrite(text, 1, size, stdout);
        rc = check_in_force(j, d.book.configuration, text, size, err);
    }
    desk_release(&d);
    journal_close(j);
    return rc;
}

static enum err_code check_file(const char *path, struct err *err)
{
    struct configuration c;
    char text[CONFIGURATION_TEXT_MAX];
    char *yaml = NULL;
    size_t size = 0;
    size_t text_size = 0;
    enum err_code rc = cli_read_file(path, SETTINGS_YAML_MAX, &yaml, &size, err);

    if (!rc)
        rc = configuration_read_yaml(&c, path, yaml, size, err);
    if (!rc)
        rc = configuration_text(&c, text, sizeof text, &text_size, err);
    if (!rc)
        fwrite(text, 1, text_size, stdout);
    free(yaml);
    return rc;
}

static enum err_code enter_file(struct cli *cli, const char *path, const char *actor,
                                const struct person_options *o, struct err *err)
{
    struct person_desk s = {.person = NULL};
    char *yaml = NULL;
    size_t size = 0;
    bool changed = false;
    enum err_code rc = cli_read_file(path, SETTINGS_YAML_MAX, &yaml, &size, err);

    if (!rc)
        rc = person_desk_open(&s, cli, o, actor, err);
    if (!rc)
        rc = control_configure(&s.desk, actor, path, yaml, size, cli_now_ns(), &changed, err);
    if (!rc)
        printf("%s: entry %llu\n", changed ? "in force" : "this very configuration is in force already",
               (unsigned long long)s.desk.book.configuration->seq);
    person_desk_close(&s);
    free(yaml);
    return rc;
}

enum err_code cmd_config(struct cli *cli, struct err *err)
{
    const char *operands[2] = {NULL, NULL};
    const char *actor = NULL;
    size_t count = 0;
    bool markdown = false;
    struct person_options person = {.keys = NULL};
    const struct cli_option options[] = {
        {.name = "actor", .value = &actor}, {.name = "markdown", .flag = &markdown}, PERSON_OPTIONS(person)};
    const enum err_code rc = cli_options(cli, options, 2 + PERSON_OPTION_COUNT, operands, 2, &count, err);

    if (rc)
        return rc;
    if (count == 0 || (count == 1 && strcmp(operands[0], "show") == 0))
        return put_in_force(cli, err);
    if (count == 1 && strcmp(operands[0], "list") == 0) {
        if (markdown)
            put_markdown();
        else
            put_reference();
        return ERR_OK;
    }
    if (count == 2 && strcmp(operands[0], "check") == 0)
        return check_file(operands[1], err);
    if (count == 2 && strcmp(operands[0], "set") == 0)
        return enter_file(cli, operands[1], actor ? actor : "operator", &person, err);
    return err_set(err, ERR_USAGE, "config: show, list, check FILE or set FILE (see: ledger help config)");
}
