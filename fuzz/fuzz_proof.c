/*
 * Any bytes as a proof, in either form: what is read is, written again and read again, the same proof; as a tlog-proof,
 * the same bytes. Checking it ends in one of three answers. The corpus is signed by this key.
 */
#include "audit/proof.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static const char vkey[] = "desk.example/proofs+829d7b43+ARCQ+HWC4DG3p24nR35d7iq7NApgoWSm+05RSWQfSsZN";

static void write_form(const struct proof *p, enum proof_form form, struct proof_bytes *text)
{
    struct json_out out;

    if (form == PROOF_TLOG) {
        REQUIRE(proof_to_tlog(p, text, NULL) == ERR_OK);
        return;
    }
    json_out_init(&out);
    proof_to_json(p, &out);
    REQUIRE(json_out_done(&out, NULL) == ERR_OK);
    REQUIRE(proof_bytes_set(text, out.bytes, out.size, NULL) == ERR_OK);
    json_out_release(&out);
}

static void check_again(const struct proof *p, enum proof_form form, const char *bytes, size_t size)
{
    struct proof_bytes first = {NULL, 0};
    struct proof_bytes second = {NULL, 0};
    enum proof_form said = 0;
    struct proof again;

    write_form(p, form, &first);
    REQUIRE(form == PROOF_JSON || (first.size == size && memcmp(first.at, bytes, size) == 0));
    proof_init(&again);
    REQUIRE(proof_parse((const char *)first.at, first.size, &again, &said, NULL) == ERR_OK && said == form);
    write_form(&again, form, &second);
    REQUIRE(first.size == second.size && memcmp(first.at, second.at, first.size) == 0);
    proof_release(&again);
    free(first.at);
    free(second.at);
}

static void check_verdict(const struct proof *p)
{
    static struct proof_finding found;
    struct err err = {.code = ERR_OK};
    struct note_key key;

    REQUIRE(note_key_parse(&key, vkey, strlen(vkey), NULL) == ERR_OK);
    const enum err_code rc = proof_check(p, &key, &found, &err);
    REQUIRE(rc == ERR_OK ||
            ((rc == ERR_WRONG || rc == ERR_FORMAT || rc == ERR_INPUT) && err.code == rc && err.text[0]));
    REQUIRE(rc || found.size > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {.code = ERR_OK};
    enum proof_form form = 0;
    struct proof p;

    char *const bytes = malloc(size + 1); /* its own, so that a byte too far is seen */
    REQUIRE(bytes);
    if (size > 0)
        memcpy(bytes, data, size);
    proof_init(&p);
    const enum err_code rc = proof_parse(bytes, size, &p, &form, &err);
    if (rc) {
        REQUIRE(rc == ERR_FORMAT && err.code == rc && err.text[0] != '\0');
    } else {
        check_again(&p, form, bytes, size);
        check_verdict(&p);
    }
    proof_release(&p);
    free(bytes);
    return 0;
}
