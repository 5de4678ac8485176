/*
 * Any bytes as an LMDB file that is to be salvaged: each row that is handed out lies inside the file, and what is
 * counted adds up. Pages may have 512 bytes, so that a whole file is small.
 */
#include "audit/pages.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static void require_inside(const struct pages *p, const uint8_t *bytes, size_t size)
{
    REQUIRE(bytes >= p->bytes && size <= p->size && (size_t)(bytes - p->bytes) <= p->size - size);
}

static enum err_code take_row(void *arg, const struct pages_row *row, struct err *err)
{
    const struct pages *const p = arg;

    (void)err;
    REQUIRE(row->page < p->size / p->page_size);
    require_inside(p, row->key, row->key_size);
    require_inside(p, row->value, row->value_size);
    if (row->tree)
        REQUIRE(memchr(row->tree->name, '\0', sizeof row->tree->name));
    return ERR_OK;
}

static void walk(const struct pages *p, int meta)
{
    struct pages_walked w;
    struct err err = {0};

    const enum err_code rc = pages_walk(p, meta, &w, take_row, (void *)(uintptr_t)p, NULL, NULL, &err);
    REQUIRE(rc == ERR_OK);
    REQUIRE(w.tree_count >= 2 && w.tree_count <= PAGES_TREES && w.told_count <= PAGES_TOLD);
    REQUIRE(w.told_count <= w.damaged && (w.damaged == 0 || w.told_count > 0));
    REQUIRE(w.pages <= p->size / p->page_size);
    for (unsigned i = 0; i < w.told_count; i++)
        REQUIRE(w.told[i].what[0] != '\0' && memchr(w.told[i].what, '\0', sizeof w.told[i].what));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pages p = {.size = size};
    struct err err = {0};

    if (size == 0)
        return 0;
    uint8_t *const bytes = malloc(size); /* its own, so that a byte too far is seen */
    REQUIRE(bytes);
    memcpy(bytes, data, size);
    p.bytes = bytes;
    pages_look_again(&p);
    REQUIRE(p.newest < PAGES_METAS && (p.newest < 0 || p.metas[p.newest].is_good));
    for (int meta = 0; meta < PAGES_METAS; meta++) {
        if (p.metas[meta].is_good)
            walk(&p, meta);
        else
            REQUIRE(p.metas[meta].why[0] != '\0');
    }
    REQUIRE(pages_scan(&p, take_row, &p, NULL, NULL, &err) == ERR_OK);
    free(bytes);
    return 0;
}
