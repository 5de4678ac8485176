/*
 * Any bytes as an entry: what decodes encodes to the same bytes; and when a person may write it
 * (entry_check), its JSON reads back as the same bytes too.
 */
#include "ledger/entry_json.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#define ACTOR_AT 43 /* last byte of the actor id in an entry */

static uint8_t again[ENTRY_MAX_SIZE];

static size_t encode(const struct entry *e)
{
    struct wire_out out;
    struct err err = {0};

    wire_out_init(&out, again, sizeof again);
    REQUIRE(entry_encode(e, &out, &err) == ERR_OK);
    return wire_out_size(&out);
}

/* JSON's calendar has the years that every instant of fits in 64 bits; the wire has a few months more. */
static bool has_json(const struct entry *e)
{
    char text[INSTANT_TEXT_SIZE];
    int64_t at_ns = 0;

    if (entry_check(e, NULL))
        return false;
    return e->at_ns == INSTANT_NONE ||
           instant_parse(text, instant_format(text, e->at_ns), &at_ns, NULL) == ERR_OK;
}

static void check_json(const struct entry *e, const struct actors *actors, const uint8_t *bytes, size_t size)
{
    static struct entry back;
    struct json_out out;
    struct err err = {0};

    json_out_init(&out);
    entry_to_json(e, actors, ENTRY_JSON_DRAFT, &out);
    REQUIRE(json_out_done(&out, NULL) == ERR_OK);
    struct json_arena arena = {malloc(out.size), out.size, 0};
    REQUIRE(arena.bytes);
    REQUIRE(entry_from_json(out.bytes, out.size, actors, 0, &arena, &back, &err) == ERR_OK);
    REQUIRE(encode(&back) == size);
    entry_place(again, e->seq, e->recorded_at_ns);
    REQUIRE(memcmp(again, bytes, size) == 0);
    free(arena.bytes);
    json_out_release(&out);
}

static void check_texts(const struct entry *e)
{
    const struct entry_kind_info *const info = entry_kind_find((unsigned)e->kind);
    char text[64];

    for (size_t i = 0; i < info->field_count; i++)
        REQUIRE(entry_field_text(e, &info->fields[i], text, sizeof text) < sizeof text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct actors actors;
    static struct entry e;
    struct err err = {0};

    if (actors.count == 0) {
        actors.rows[actors.count].name = id_from("broker:paper");
        actors.rows[actors.count++].role = ROLE_BROKER;
    }
    uint8_t *const bytes = malloc(size + 1);
    REQUIRE(bytes);
    memcpy(bytes, data, size);
    if (size >= ENTRY_HEADER_SIZE) { /* an actor that has a name */
        memset(bytes + ACTOR_AT - 3, 0, 3);
        bytes[ACTOR_AT] &= 1;
    }
    if (entry_decode(bytes, size, &e, &err) == ERR_OK) {
        REQUIRE(encode(&e) == size && memcmp(again, bytes, size) == 0);
        check_texts(&e);
        if (has_json(&e))
            check_json(&e, &actors, bytes, size);
    }
    free(bytes);
    return 0;
}
