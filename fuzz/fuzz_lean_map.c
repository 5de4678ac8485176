/*
 * Any bytes as one of LEAN's map files (first byte even) or factor files (odd): dates rise, tickers are terminated,
 * factors are positive, and every day has one ticker or none.
 */
#include "gateway/lean_map.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static void check_map(const struct lean_map *map)
{
    REQUIRE(map->count <= LEAN_MAP_ROWS_MAX);
    for (size_t i = 0; i < map->count; i++) {
        const struct lean_map_row *const row = &map->rows[i];
        REQUIRE(row->ticker[0] != '\0' && memchr(row->ticker, '\0', sizeof row->ticker));
        REQUIRE(i == 0 || row->last > map->rows[i - 1].last);
        REQUIRE(lean_map_ticker(map, "goog", row->last) == row->ticker);
    }
    if (map->count == 0)
        return;
    REQUIRE(!lean_map_ticker(map, "goog", map->rows[0].last - 1));
    REQUIRE(!lean_map_ticker(map, "goog", map->rows[map->count - 1].last + 1));
}

static void check_factors(const struct lean_factors *factors)
{
    REQUIRE(factors->count <= LEAN_FACTOR_ROWS_MAX);
    for (size_t i = 0; i < factors->count; i++)
        REQUIRE(factors->rows[i].split > 0 && (i == 0 || factors->rows[i].last > factors->rows[i - 1].last));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct lean_map map;
    static struct lean_factors factors;
    struct err err = {0};

    if (size < 1)
        return 0;
    char *const text = malloc(size); /* its own, so that a byte too far is seen */
    REQUIRE(text);
    memcpy(text, data + 1, size - 1);
    const bool is_map = data[0] % 2 == 0;
    const enum err_code rc = is_map ? lean_map_parse(&map, text, size - 1, &err)
                                    : lean_factors_parse(&factors, text, size - 1, &err);
    if (rc)
        REQUIRE(rc == ERR_INPUT && err.code == rc && strstr(err.text, "line "));
    else if (is_map)
        check_map(&map);
    else
        check_factors(&factors);
    free(text);
    return 0;
}
