/*
 * Any bytes as a trust policy: what is refused is refused with its line; of what is taken, all witnesses together
 * reach the quorum, none of them only where nobody is asked, and one more never undoes it.
 */
#include "audit/policy.h"

#include "fuzz.h"

#include <string.h>

static void check_quorum(const struct policy *p, const uint8_t *data, size_t size)
{
    bool cosigned[POLICY_WITNESSES_MAX] = {false};
    bool before = policy_is_met(p, cosigned);

    REQUIRE(before == (p->quorum == POLICY_NONE));
    for (uint32_t i = 0; i < p->witness_count; i++) {
        cosigned[(i + (size ? data[0] : 0u)) % p->witness_count] = true;
        const bool now = policy_is_met(p, cosigned);
        REQUIRE(now || !before);
        before = now;
    }
    REQUIRE(before);
}

static void check_nodes(const struct policy *p)
{
    for (uint32_t i = 0; i < p->node_count; i++) {
        const struct policy_node *const node = &p->nodes[i];
        REQUIRE(node->name.size > 0);
        REQUIRE(node->group == POLICY_NONE || (node->group > i && node->group < p->node_count));
        REQUIRE(node->witness == POLICY_NONE ? node->threshold > 0 : node->witness < p->witness_count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct policy policy;
    struct err err = {0};

    if (policy_parse(&policy, (const char *)data, size, &err)) {
        REQUIRE(err.code == ERR_INPUT && (strstr(err.text, "line ") || size > POLICY_FILE_MAX));
        return 0;
    }
    check_nodes(&policy);
    check_quorum(&policy, data, size);
    return 0;
}
