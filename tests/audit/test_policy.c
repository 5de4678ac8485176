/* Trust policies: what is refused and where, and when a quorum is reached. */
#include "audit/policy.h"

#include "support/shared.h"

#define W1 "sigsum.org+e4ade967+AZuUY6B08pW3QVHu8uvsrxWPcAv9nykap2Nb4oxCee+r"
#define W2 "example.com+3753d3de+AebBhMcghIUoavZpjuDofa4sW6fYHyVn7gvwDBfvkvuM"
#define W3 "witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN"
#define W4 "mirror.example.org+3fb148ef+BAAjjch9GyYz0sJsJx7ALhbdAtz2ov0unbzSl1vMp94O"
#define W5 "witness2.example.org+2e55b896+BIZ7fpceQWd60IfqQeS9IAnmNOCZjMDne8lZuguz/bi9"
#define L1 "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"

static struct policy policy;

static void parse(const char *text)
{
    struct err err = {.code = ERR_OK};

    if (policy_parse(&policy, text, strlen(text), &err))
        fail_msg("%s: %s", text, err.text);
}

static uint32_t bits(uint32_t set)
{
    uint32_t count = 0;

    for (; set; set &= set - 1)
        count++;
    return count;
}

static bool is_met_by(uint32_t set)
{
    bool cosigned[POLICY_WITNESSES_MAX] = {false};

    for (uint32_t i = 0; i < policy.witness_count; i++)
        cosigned[i] = set >> i & 1;
    return policy_is_met(&policy, cosigned);
}

/* C2SP/C2SP, transparency-dev/formats, sigsum/sigsum-go: the file names them. */
static void test_published_good_policies(void **state)
{
    cJSON *const vectors = shared_vectors("c2sp_text_formats.json");
    const cJSON *row;
    int count = 0;

    (void)state;
    cJSON_ArrayForEach(row, shared_member(vectors, "policy_valid"))
    {
        const uint64_t threshold = shared_number(row, "threshold");
        parse(shared_text(row, "text"));
        for (uint32_t set = 0; set < 1u << policy.witness_count; set++)
            assert_int_equal(is_met_by(set), bits(set) >= threshold);
        count++;
    }
    assert_int_equal(count, 3);
    cJSON_Delete(vectors);
}

/*
 * The published texts do not all end with a line end, which alone is a reason to refuse them: so each is tried with one
 * as well, and must be refused for its own reason.
 */
static void test_published_bad_policies(void **state)
{
    static const struct {
        const char *why;
        const char *says;
    } reasons[] = {
        {"no quorum", "line 2: the file ends without a quorum"},
        {"quorum not defined", "line 1: \"unknown\" is not defined"},
        {"name twice", "line 2: the name \"w1\" is defined"},
        {"threshold negative", "line 2: \"-1\" is not all, any or a number"},
        {"empty file", "line 1: the file ends without a quorum"},
        {"form feed", "line 1: column 3: the control character 0c"},
        {"DEL", "line 1: column 3: the control character 7f"},
        {"reserved name none", "line 1: the name \"none\" is taken"},
        {"member not defined", "line 2: the member \"W3\" is not defined"},
        {"member twice", "line 3: \"W1\" is a member already"},
        {"member of two groups", "line 4: \"W1\" is a member already"},
        {"none as a member", "line 2: \"none\" cannot be a member"},
        {"same key twice", "line 2: the key of sigsum.org stands in an earlier line"},
    };
    cJSON *const vectors = shared_vectors("c2sp_text_formats.json");
    const cJSON *row;
    size_t count = 0;

    (void)state;
    cJSON_ArrayForEach(row, shared_member(vectors, "policy_invalid"))
    {
        const char *const text = shared_text(row, "text");
        const size_t size = strlen(text);
        char ended[2000];
        struct err err;
        assert_true(count < sizeof reasons / sizeof reasons[0]);
        assert_string_equal(shared_text(row, "why"), reasons[count].why);
        assert_int_equal(policy_parse(&policy, text, size, &err), ERR_INPUT);
        snprintf(ended, sizeof ended, "%s%s", text, size && text[size - 1] != '\n' ? "\n" : "");
        assert_int_equal(policy_parse(&policy, ended, strlen(ended), &err), ERR_INPUT);
        if (!strstr(err.text, reasons[count].says))
            fail_msg("%s: %s", reasons[count].why, err.text);
        count++;
    }
    assert_int_equal(count, sizeof reasons / sizeof reasons[0]);
    cJSON_Delete(vectors);
}

/* Two of the X, and any of the Y: as in the specification. */
static void test_groups_of_groups(void **state)
{
    (void)state;
    parse("log " L1 " https://log.example\n"
          "witness X1 " W1 "\nwitness X2 " W2 "\nwitness X3 " W3 "\ngroup X 2 X1 X2 X3\n"
          "witness Y1 " W4 "\nwitness Y2 " W5 " https://y2.example/w\ngroup Y any Y1 Y2\n"
          "group X-and-Y all X Y\nquorum X-and-Y\n");
    assert_int_equal(policy.log_count, 1);
    assert_int_equal(policy.logs[0].url.size, strlen("https://log.example"));
    assert_int_equal(policy.witness_count, 5);
    assert_int_equal(policy.witnesses[3].url.size, 0);
    assert_memory_equal(policy.witnesses[4].url.bytes, "https://y2.example/w", 20);
    for (uint32_t set = 0; set < 32; set++)
        assert_int_equal(is_met_by(set), bits(set & 7) >= 2 && (set & 24));
}

/* A witness that no group names, or that the quorum does not reach, counts for nothing. */
static void test_only_what_the_quorum_reaches_counts(void **state)
{
    (void)state;
    parse("witness a " W1 "\nwitness b " W2 "\nwitness c " W3
          "\ngroup both all a b\ngroup all any both c\nquorum both\n");
    for (uint32_t set = 0; set < 8; set++)
        assert_int_equal(is_met_by(set), (set & 3) == 3);
    parse("witness a " W1 "\nwitness b " W2 "\nquorum b\n");
    for (uint32_t set = 0; set < 4; set++)
        assert_int_equal(is_met_by(set), (set & 2) != 0);
}

static void test_each_wrong_line_is_named_with_its_reason(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"quorum none", "line 1 has no end"},
        {"quorum none\nquorum none\n", "line 2: a second quorum"},
        {"quorum\n", "line 1: the quorum's line is"},
        {"quorum a b\n", "line 1: the quorum's line is"},
        {"Quorum none\n", "line 1: \"Quorum\" is not log"},
        {"quorum none # for now\n", "line 1: the quorum's line is"}, /* comments stand alone */
        {"\n# x\nlog\n", "line 3: a log's line is"},
        {"log " L1 " u v\n", "line 1: a log's line is"},
        {"log " W3 "\n", "line 1: the key of witness.example.org is a witness's"},
        {"log " L1 "\nlog " L1 "\n", "line 2: the key of example.com/log/testdata"},
        {"log " L1 "\nwitness w " L1 "\n", "line 2: the key of example.com/log/testdata"},
        {"log x\n", "line 1: a verifier key has the form"},
        {"log example.com/log/testdata+33d7b497+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx\n",
         "line 1: verifier key: the id"},
        {"witness w\n", "line 1: a witness's line is"},
        {"witness w " W1 " u v\n", "line 1: a witness's line is"},
        {"witness w " W1 "\ngroup g all\n", "line 2: a group's line is"},
        {"witness w " W1 "\ngroup g 0 w\n", "line 2: \"0\" of 1 members"},
        {"witness w " W1 "\ngroup g 01 w\n", "line 2: \"01\" of 1 members"},
        {"witness w " W1 "\ngroup g 2 w\n", "line 2: \"2\" of 1 members"},
        {"witness w " W1 "\ngroup g 4294967297 w\n", "line 2: \"4294967297\" of 1 members"},
        {"witness w " W1 "\ngroup g +1 w\n", "line 2: \"+1\" is not all"},
        {"witness w " W1 "\ngroup w all w\n", "line 2: the name \"w\" is defined"},
        {"witness w " W1 "\ngroup g all g\n", "line 2: the member \"g\" is not defined"},
        {"witness w " W1 "\ngroup none all w\n", "line 2: the name \"none\" is taken"},
        {"quorum none\r\n", "line 1: column 12: the control character 0d"},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(policy_parse(&policy, cases[i].text, strlen(cases[i].text), &err), ERR_INPUT);
        if (!strstr(err.text, cases[i].says))
            fail_msg("%s: %s", cases[i].text, err.text);
    }
}

/* Names are bytes: the letter K is not the Kelvin sign, and what is no UTF-8 is a name as well. */
static void test_names_are_bytes(void **state)
{
    struct err err;
    static const char kelvin[] = "witness K " W1 "\nquorum \xe2\x84\xaa\n";

    (void)state;
    assert_int_equal(policy_parse(&policy, kelvin, strlen(kelvin), &err), ERR_INPUT);
    parse("# caf\xe9 \xff\nwitness \xff " W1 " http://\xe4\nquorum \xff\n");
    assert_true(is_met_by(1));
}

static void test_the_limits(void **state)
{
    static char text[POLICY_FILE_MAX + 2];
    struct err err;
    size_t at = 0;

    (void)state;
    memset(text, '\n', sizeof text);
    memcpy(text, "quorum none", 11);
    assert_int_equal(policy_parse(&policy, text, POLICY_FILE_MAX, &err), ERR_OK);
    assert_int_equal(policy_parse(&policy, text, POLICY_FILE_MAX + 1, &err), ERR_INPUT);
    /* One chain of groups, as long as may be: each names the one before. */
    at = (size_t)snprintf(text, sizeof text, "witness g0 " W1 "\n");
    for (int i = 1; i < POLICY_NODES_MAX; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "group g%d all g%d\n", i, i - 1);
    const size_t chain = at;
    at += (size_t)snprintf(text + at, sizeof text - at, "quorum g%d\n", POLICY_NODES_MAX - 1);
    assert_int_equal(policy_parse(&policy, text, at, &err), ERR_OK);
    assert_true(is_met_by(1));
    assert_false(is_met_by(0));
    at = chain +
         (size_t)snprintf(text + chain, sizeof text - chain, "group last all g%d\n", POLICY_NODES_MAX - 1);
    assert_int_equal(policy_parse(&policy, text, at, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "line 129: more than 128"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_good_policies),
        cmocka_unit_test(test_published_bad_policies),
        cmocka_unit_test(test_groups_of_groups),
        cmocka_unit_test(test_only_what_the_quorum_reaches_counts),
        cmocka_unit_test(test_each_wrong_line_is_named_with_its_reason),
        cmocka_unit_test(test_names_are_bytes),
        cmocka_unit_test(test_the_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
