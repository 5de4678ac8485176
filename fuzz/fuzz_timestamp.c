/*
 * Any bytes as a timestamp's token, and as an authority's answer: what is read lies inside the bytes, and within what its
 * fields may hold. Nothing may depend on what follows.
 */
#include "audit/timestamp.h"

#include "fuzz.h"

#include <string.h>

static bool is_inside(const uint8_t *part, size_t part_size, const uint8_t *data, size_t size)
{
    return part >= data && part_size <= size && part <= data + (size - part_size);
}

static void check_token(const uint8_t *data, size_t size)
{
    struct timestamp t;
    struct timestamp again;
    struct err err = {0};

    const enum err_code rc = timestamp_parse(&t, data, size, &err);
    if (rc) {
        REQUIRE(rc == ERR_FORMAT && err.code == rc && err.text[0] != '\0');
        return;
    }
    REQUIRE(t.imprint_size == 32 || t.imprint_size == 48 || t.imprint_size == 64);
    REQUIRE(t.at_ns != INSTANT_NONE && t.accuracy_ns >= 0);
    REQUIRE(t.policy[0] && memchr(t.policy, '\0', sizeof t.policy));
    REQUIRE(t.serial_size > 0 && is_inside(t.serial, t.serial_size, data, size));
    REQUIRE(t.nonce ? t.nonce_size > 0 && is_inside(t.nonce, t.nonce_size, data, size) : t.nonce_size == 0);
    REQUIRE(timestamp_parse(&again, data, size - 1, NULL) == ERR_FORMAT);
    err.text[0] = '\0';
    if (timestamp_check(&t, data, size, t.at_ns, &err))
        REQUIRE(err.code == ERR_WRONG && err.text[0] != '\0');
}

static void check_answer(const uint8_t *data, size_t size)
{
    struct timestamp_answer a;
    struct err err = {0};

    if (timestamp_answer_parse(&a, data, size, &err)) {
        REQUIRE(err.code == ERR_FORMAT && err.text[0] != '\0');
        return;
    }
    REQUIRE(memchr(a.why, '\0', sizeof a.why));
    for (const char *p = a.why; *p; p++)
        REQUIRE(*p >= 0x20 && *p < 0x7f);
    REQUIRE(a.token ? is_inside(a.token, a.token_size, data, size) : a.token_size == 0);
    if (a.token)
        check_token(a.token, a.token_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_token(data, size);
    check_answer(data, size);
    REQUIRE(timestamp_bare_size(data, size) <= size);
    return 0;
}
