#include "cli/cli.h"

#include "ledger/instant.h"

#include <string.h>

static const struct cli_option *find_option(const struct cli_option *options, size_t count, const char *name,
                                            size_t length)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(options[i].name) == length && memcmp(options[i].name, name, length) == 0)
            return &options[i];
    }
    return NULL;
}

static enum err_code misuse(const struct cli *cli, struct err *err, const char *what, const char *why)
{
    return err_set(err, ERR_USAGE, "%s: %s %s (see: ledger help %s)", cli->command->name, what, why,
                   cli->command->name);
}

static enum err_code take_option(struct cli *cli, const struct cli_option *o, const char *value,
                                 struct err *err)
{
    if (o->value) {
        if (*o->value)
            return misuse(cli, err, o->name, "is given twice");
        *o->value = value;
        return ERR_OK;
    }
    if (*o->values_count == o->values_max)
        return misuse(cli, err, o->name, "is given too often");
    o->values[(*o->values_count)++] = value;
    return ERR_OK;
}

enum err_code cli_options(struct cli *cli, const struct cli_option *options, size_t count,
                          const char **operands, size_t operand_max, size_t *operand_count, struct err *err)
{
    size_t found = 0;
    bool only_operands = false;

    for (int i = 1; i < cli->argc; i++) {
        const char *const arg = cli->argv[i];
        if (!only_operands && strcmp(arg, "--") == 0) {
            only_operands = true;
        } else if (only_operands || arg[0] != '-' || arg[1] == '\0') {
            if (found == operand_max)
                return misuse(cli, err, arg, "is one argument too many");
            operands[found++] = arg;
        } else {
            const char *const name = arg + (arg[1] == '-' ? 2 : 1);
            const char *const equals = strchr(name, '=');
            const size_t length = equals ? (size_t)(equals - name) : strlen(name);
            const struct cli_option *const o =
                arg[1] == '-' ? find_option(options, count, name, length) : NULL;
            if (!o)
                return misuse(cli, err, arg, "is no option of it");
            if (o->flag && equals)
                return misuse(cli, err, arg, "takes no value");
            if (o->flag) {
                *o->flag = true;
                continue;
            }
            if (!equals && i + 1 >= cli->argc)
                return misuse(cli, err, arg, "needs a value");
            const enum err_code rc = take_option(cli, o, equals ? equals + 1 : cli->argv[++i], err);
            if (rc)
                return rc;
        }
    }
    if (operand_count)
        *operand_count = found;
    return ERR_OK;
}

enum err_code cli_parse_u64(const char *option, const char *text, uint64_t *value, struct err *err)
{
    uint64_t v = 0;

    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9' || v > (UINT64_MAX / 2 - (uint64_t)(*p - '0')) / 10)
            return err_set(err, ERR_USAGE, "%s: \"%s\" is not a number", option, text);
        v = v * 10 + (uint64_t)(*p - '0');
    }
    if (!text[0])
        return err_set(err, ERR_USAGE, "%s: a number is missing", option);
    *value = v;
    return ERR_OK;
}

enum err_code cli_parse_instant(const char *option, const char *text, int64_t *at_ns, struct err *err)
{
    civil_day day;
    const size_t length = strlen(text);

    if (civil_parse(text, length, &day, NULL) == ERR_OK) {
        *at_ns = instant_from_new_york(day, 0);
        return ERR_OK;
    }
    if (instant_parse(text, length, at_ns, NULL) == ERR_OK)
        return ERR_OK;
    return err_set(
        err, ERR_USAGE,
        "%s: \"%s\" is no time; write 2015-12-24T14:31:00Z, or 2015-12-24 for midnight in New York", option,
        text);
}

enum err_code cli_parse_age(const char *option, const char *text, int64_t *seconds, struct err *err)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 7 * INT64_C(86400)}};
    const size_t length = strlen(text);
    int64_t count = 0;

    for (size_t i = 0; i + 1 < length && count >= 0; i++)
        count = text[i] < '0' || text[i] > '9' || count > 99999 ? -1 : 10 * count + (text[i] - '0');
    for (size_t i = 0; i < sizeof units / sizeof units[0] && length > 1 && count >= 0; i++) {
        if (text[length - 1] == units[i].unit) {
            *seconds = count * units[i].seconds;
            return ERR_OK;
        }
    }
    return err_set(err, ERR_USAGE, "--%s %.40s: write 90m, 12h, 1d or 2w", option, text);
}
