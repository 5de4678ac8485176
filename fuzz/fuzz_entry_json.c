/*
 * Any bytes as a line of JSON: refused with a column inside the line, or an entry whose JSON reads back as
 * the same bytes and the same JSON.
 */
#include "ledger/entry_json.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static uint8_t first_bytes[ENTRY_MAX_SIZE];
static uint8_t second_bytes[ENTRY_MAX_SIZE];

static void add_actor(struct actors *actors, const char *name)
{
    actors->rows[actors->count].name = id_from(name);
    actors->rows[actors->count++].role = ROLE_FEED;
}

/* Zero when the entry is larger than entries may be. */
static size_t encode(const struct entry *e, uint8_t *bytes)
{
    struct wire_out out;
    struct err err = {0};

    wire_out_init(&out, bytes, ENTRY_MAX_SIZE);
    const enum err_code rc = entry_encode(e, &out, &err);
    REQUIRE(!rc || rc == ERR_RANGE);
    return rc ? 0 : wire_out_size(&out);
}

static void check_refusal(const struct err *err, size_t size)
{
    REQUIRE(err->code == ERR_INPUT);
    REQUIRE(strncmp(err->text, "column ", 7) == 0);
    const unsigned long column = strtoul(err->text + 7, NULL, 10);
    REQUIRE(column >= 1 && column <= size + 1);
}

static void check_identity(const struct entry *e, const struct actors *actors)
{
    static struct entry back;
    struct json_out first;
    struct json_out second;
    struct err err = {0};

    json_out_init(&first);
    json_out_init(&second);
    entry_to_json(e, actors, ENTRY_JSON_DRAFT, &first);
    REQUIRE(json_out_done(&first, NULL) == ERR_OK);
    struct json_arena arena = {malloc(first.size), first.size, 0};
    REQUIRE(arena.bytes);
    REQUIRE(entry_from_json(first.bytes, first.size, actors, 0, &arena, &back, &err) == ERR_OK);
    entry_to_json(&back, actors, ENTRY_JSON_DRAFT, &second);
    REQUIRE(first.size == second.size && memcmp(first.bytes, second.bytes, first.size) == 0);
    const size_t size = encode(e, first_bytes);
    REQUIRE(size == encode(&back, second_bytes) && memcmp(first_bytes, second_bytes, size) == 0);
    free(arena.bytes);
    json_out_release(&first);
    json_out_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct actors actors;
    static struct entry e;
    struct err err = {0};

    if (actors.count == 0) {
        add_actor(&actors, "broker:paper");
        add_actor(&actors, "feed:lean");
        add_actor(&actors, "ada");
    }
    struct json_arena arena = {malloc(size + 1), size, 0};
    REQUIRE(arena.bytes);
    if (entry_from_json((const char *)data, size, &actors, 0, &arena, &e, &err))
        check_refusal(&err, size);
    else
        check_identity(&e, &actors);
    free(arena.bytes);
    return 0;
}
