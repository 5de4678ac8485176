/* The configuration's door: what comes in, and what is refused where. */
#include "book/configuration.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static enum err_code read_yaml(const char *yaml, struct configuration *c, struct err *err)
{
    configuration_defaults(c);
    return configuration_read_yaml(c, "desk.yaml", yaml, strlen(yaml), err);
}

static void test_a_file_changes_what_it_names_and_nothing_else(void **state)
{
    struct configuration c;
    struct configuration defaults;
    struct err err;

    (void)state;
    configuration_defaults(&defaults);
    assert_int_equal(read_yaml("strategy:\n"
                               "  underlyings: [SPX, GOOG]\n"
                               "  otm_min: 0.125   # an eighth\n"
                               "  trend_required: false\n"
                               "risk:\n"
                               "  position_loss: '750.25'\n"
                               "  sectors:\n"
                               "    GOOG: Communication Services\n"
                               "    AAPL: Information Technology\n"
                               "broker: {commission: 1}\n",
                               &c, &err),
                     ERR_OK);
    assert_int_equal(c.strategy.underlyings.count, 2);
    assert_string_equal(c.strategy.underlyings.rows[0].text, "SPX");
    assert_int_equal(c.strategy.otm_min, 125000000);
    assert_false(c.strategy.trend_required);
    assert_int_equal(c.risk.position_loss, 750250000);
    assert_int_equal(c.costs.commission, 1000000);
    const struct symbol aapl = {4, "AAPL"};
    assert_string_equal(symbol_map_find(&c.risk.sectors, &aapl), "Information Technology");
    assert_int_equal(c.strategy.otm_max, defaults.strategy.otm_max);
    assert_int_equal(c.costs.fee_contract, defaults.costs.fee_contract);
}

static void test_every_fault_is_named_with_its_place(void **state)
{
    static const struct {
        const char *yaml;
        const char *pieces[3];
    } rows[] = {
        {"strategy:\n  otm_mim: 0.1\n", {"desk.yaml:2:3: strategy.otm_mim", "strategy.otm_min"}},
        {"strategie:\n  otm_min: 0.1\n", {"desk.yaml:1:1: strategie", "no such setting"}},
        {"strategy:\n  otm_min: 0.1\n  otm_min: 0.2\n", {"desk.yaml:3:12: strategy.otm_min", "twice"}},
        {"strategy:\n  otm_min: far\n", {"desk.yaml:2:12", "strategy.otm_min"}},
        {"strategy:\n  otm_min: -0.1\n", {"desk.yaml:2:12", "strategy.otm_min"}},
        {"strategy:\n  otm_min: 1.1\n", {"desk.yaml:2:12", "strategy.otm_min"}},
        {"strategy:\n  otm_min: 0.1234567891\n", {"desk.yaml:2:12", "strategy.otm_min"}},
        {"strategy:\n  contracts: 2.5\n", {"desk.yaml:2:14", "strategy.contracts"}},
        {"strategy:\n  trend_required: yes please\n", {"desk.yaml:2:19", "strategy.trend_required"}},
        {"strategy:\n  underlyings: [GOOG, goog]\n", {"desk.yaml:2:16", "strategy.underlyings"}},
        {"strategy:\n  otm_min: [0.1]\n", {"desk.yaml:2:12", "a single value"}},
        {"strategy:\n  otm_min: {a: 1}\n", {"desk.yaml:2:12", "a single value"}},
        {"strategy: 5\n", {"desk.yaml:1:11: strategy", "a group of settings"}},
        {"strategy:\n  otm_min: &x 0.1\n  otm_max: *x\n", {"desk.yaml:2:12", "anchors"}},
        {"strategy:\n  otm_min: !!str 0.1\n", {"desk.yaml:2:12", "tags"}},
        {"strategy: &x\n  otm_min: 0.1\n", {"desk.yaml:1:11: strategy", "anchors"}},
        {"strategy: !!map\n  otm_min: 0.1\n", {"desk.yaml:1:11: strategy", "tags"}},
        {"strategy:\n  underlyings: !!seq [GOOG]\n", {"desk.yaml:2:16", "tags"}},
        {"strategy:\n  &x otm_min: 0.1\n", {"desk.yaml:2:3", "anchors"}},
        {"strategy:\n  <<: *x\n", {"desk.yaml:2:"}},
        {"- a\n- b\n", {"desk.yaml:1:1", "a mapping of settings"}},
        {"", {"desk.yaml:1:1", "empty"}},
        {"strategy: {}\n---\nrisk: {}\n", {"desk.yaml:2:1", "one document"}},
        {"strategy:\n\totm_min: 1\n", {"desk.yaml:2:1"}},
        {"strategy:\n  otm_min: \"0.1\n", {"desk.yaml:"}},
        {"? [a]\n: b\n", {"desk.yaml:1:3", "a plain word"}},
        {"strategy:\n  otm_min: 0.3\n  otm_max: 0.2\n",
         {"desk.yaml", "strategy.otm_min", "strategy.otm_max"}},
        {"strategy:\n  sma_fast: 50\n  sma_slow: 20\n",
         {"desk.yaml", "strategy.sma_fast", "strategy.sma_slow"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct configuration c;
        struct configuration before;
        struct err err;
        configuration_defaults(&before);
        if (read_yaml(rows[i].yaml, &c, &err) != ERR_INPUT)
            fail_msg("accepted: %s", rows[i].yaml);
        for (size_t k = 0; k < 3 && rows[i].pieces[k]; k++) {
            if (!strstr(err.text, rows[i].pieces[k]))
                fail_msg("\"%s\" is not in \"%s\"", rows[i].pieces[k], err.text);
        }
        assert_memory_equal(&c, &before, sizeof c); /* nothing has moved */
    }
}

static void test_too_large_too_deep_and_too_long_are_refused(void **state)
{
    static char large[60000];
    struct configuration c;
    struct err err;

    (void)state;
    memset(large, ' ', sizeof large - 1);
    assert_int_equal(read_yaml(large, &c, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "at most"));
    char key[400] = "strategy:\n  ";
    memset(key + strlen(key), 'x', 300);
    memcpy(key + 312, ": 1\n", 5);
    assert_int_equal(read_yaml(key, &c, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "too long"));
}

static void test_the_canonical_text_comes_back_as_it_was(void **state)
{
    struct configuration c;
    struct configuration back;
    struct err err;
    char text[CONFIGURATION_TEXT_MAX];
    char again[CONFIGURATION_TEXT_MAX];
    size_t size = 0;
    size_t again_size = 0;

    (void)state;
    assert_int_equal(
        read_yaml("strategy: {underlyings: [TWX], stop_loss: 3.25}\nrisk: {sectors: {TWX: Media}}\n", &c,
                  &err),
        ERR_OK);
    assert_int_equal(configuration_text(&c, text, sizeof text, &size, &err), ERR_OK);
    assert_non_null(strstr(text, "strategy.stop_loss=3.25\n"));
    assert_non_null(strstr(text, "risk.sectors=TWX:Media\n"));
    assert_int_equal(configuration_parse(&back, text, size, &err), ERR_OK);
    assert_int_equal(configuration_text(&back, again, sizeof again, &again_size, &err), ERR_OK);
    assert_string_equal(text, again);
    assert_int_equal(configuration_text(&c, text, 100, &size, &err), ERR_RANGE);
    assert_int_equal(configuration_parse(&back, "strategy.nonsense=1\n", 20, &err), ERR_FORMAT);
    assert_int_equal(configuration_parse(&back, "strategy.stop_loss=1", 20, &err), ERR_FORMAT);
    assert_int_equal(configuration_parse(&back, "=1\n", 3, &err), ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_file_changes_what_it_names_and_nothing_else),
        cmocka_unit_test(test_every_fault_is_named_with_its_place),
        cmocka_unit_test(test_too_large_too_deep_and_too_long_are_refused),
        cmocka_unit_test(test_the_canonical_text_comes_back_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
