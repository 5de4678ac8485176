/*
 * Appending. Entries wait, checked and encoded, in the group's buffer; commit writes them, the tree, the
 * control index and the seal in one transaction, and so can do it again when LMDB's map was too small.
 */
#include "ledger/journal_state.h"

#include "ledger/checkpoint.h"

#include <inttypes.h>
#include <stdlib.h>

#define BYTES_FIRST ((size_t)1 << 20)
#define BYTES_MAX   (UINT32_C(1) << 31)
#define BYTES_KEPT  ((size_t)64 << 20) /* more is given back when the group is over */
#define COUNT_FIRST 1024u

_Static_assert(CHECKPOINT_NOTE_MAX < NOTE_MAX_SIZE, "a seal of ours fits into struct seal");

/* -- memory --------------------------------------------------------------------------------------------- */

void journal_group_release(struct journal_group *g)
{
    free(g->bytes);
    free(g->ends);
    free(g->controls);
    g->bytes = NULL;
    g->ends = NULL;
    g->controls = NULL;
    g->capacity = 0;
    g->ends_capacity = 0;
    g->control_capacity = 0;
}

static enum err_code full_memory(const struct journal_group *g, struct err *err)
{
    return err_set(err, ERR_MEMORY,
                   "%s: out of memory for a group of %" PRIu32 " entries: use smaller groups",
                   g->journal->dir, g->count);
}

/* The tiler reads what moves here, on another core. */
static enum err_code grow_entries(struct journal_group *g, struct err *err)
{
    const bool bytes_are_full = g->capacity - g->size < ENTRY_MAX_SIZE;
    const size_t capacity = g->capacity ? 2 * g->capacity : BYTES_FIRST;
    const uint32_t ends_capacity = g->ends_capacity ? 2 * g->ends_capacity : COUNT_FIRST;
    bool has_room = true;

    tiler_pause(g->journal->tiler);
    if (bytes_are_full) {
        uint8_t *const bytes = realloc(g->bytes, capacity);
        has_room = bytes != NULL;
        g->bytes = bytes ? bytes : g->bytes;
        g->capacity = bytes ? capacity : g->capacity;
    }
    if (has_room && g->count == g->ends_capacity) {
        uint32_t *const ends = realloc(g->ends, (size_t)ends_capacity * sizeof *ends);
        has_room = ends != NULL;
        g->ends = ends ? ends : g->ends;
        g->ends_capacity = ends ? ends_capacity : g->ends_capacity;
    }
    tiler_moved(g->journal->tiler, g->bytes, g->ends);
    return has_room ? ERR_OK : full_memory(g, err);
}

/* Room for one more entry of any size. */
static enum err_code make_room(struct journal_group *g, struct err *err)
{
    if (g->capacity - g->size < ENTRY_MAX_SIZE || g->count == g->ends_capacity) {
        const enum err_code rc = grow_entries(g, err);
        if (rc)
            return rc;
    }
    if (g->control_count == g->control_capacity) {
        const size_t wanted = g->control_capacity ? 2 * g->control_capacity : 64;
        uint64_t *const grown = realloc(g->controls, wanted * sizeof *grown);
        if (!grown)
            return full_memory(g, err);
        g->controls = grown;
        g->control_capacity = wanted;
    }
    return ERR_OK;
}

/* -- beginning ------------------------------------------------------------------------------------------ */

/* Leaf hashes are stored nowhere: the entries say them. No more of them than *count. */
static enum err_code hash_entries(struct store_txn *t, uint64_t index, uint8_t *hashes, unsigned *count,
                                  struct err *err)
{
    const uint64_t first = MERKLE_TILE_WIDTH * index;
    struct hash_span spans[MERKLE_TILE_WIDTH]; /* borrowed until the transaction ends */
    struct hash leaves[MERKLE_TILE_WIDTH];
    struct journal_record record;
    struct block b;
    uint64_t last;

    REQUIRE(*count <= MERKLE_TILE_WIDTH);
    enum err_code rc = store_last_seq(t, &last, err);
    if (!rc && last <= first)
        rc =
            err_set(err, ERR_NOT_FOUND, "tile 0/%" PRIu64 " has no entries: there are %" PRIu64, index, last);
    if (rc)
        return rc;
    const unsigned width = last - first < *count ? (unsigned)(last - first) : *count;
    block_init(&b);
    for (unsigned i = 0; i < width; i++) {
        rc = journal_stored(t, &b, first + i + 1, &record, err);
        if (rc)
            return rc;
        spans[i] = (struct hash_span){record.bytes, record.size};
    }
    hash_leaves(spans, width, leaves);
    memcpy(hashes, leaves, width * sizeof leaves[0]);
    *count = width;
    return ERR_OK;
}

enum err_code journal_read_tile(void *ctx, unsigned level, uint64_t index, uint8_t *hashes, unsigned *count,
                                struct err *err)
{
    return level == 0 ? hash_entries(ctx, index, hashes, count, err)
                      : store_get_tile(ctx, level, index, hashes, count, err);
}

/* A tail that is cut or left over would be sealed over otherwise. */
static enum err_code newest_seal(struct journal *j, struct store_txn *t, struct seal *seal, struct err *err)
{
    const char *note = NULL;
    size_t note_size = 0;
    uint64_t sealed = 0;
    bool found = false;

    enum err_code rc = store_last_seal(t, &sealed, err);
    if (!rc && sealed == j->size)
        rc = store_get_seal(t, sealed, &note, &note_size, &found, err);
    if (rc)
        return rc;
    if (!found)
        return err_set(err, ERR_FORMAT,
                       "%s: its newest seal covers %" PRIu64 " entries, and it has %" PRIu64
                       ": it is damaged. Find the place with: ledger -C %s verify",
                       j->dir, sealed, j->size, j->dir);
    return journal_seal_of(j, sealed, note, note_size, seal, err);
}

/* The right edge of the stored tree, read in two ways; what is not as it was sealed is not built upon. */
static enum err_code load_edge(struct journal *j, struct store_txn *t, struct err *err)
{
    const struct merkle_tiles tiles = {journal_read_tile, t};
    struct seal newest;

    if (j->edge_is_good)
        return ERR_OK;
    enum err_code rc = j->size == 0 ? ERR_OK : newest_seal(j, t, &newest, err);
    if (!rc)
        rc = merkle_writer_load(&j->edge, &tiles, j->size, err);
    if (!rc)
        rc = merkle_edge_load(&j->read_edge, &tiles, j->size, err);
    if (rc)
        return rc;
    const struct hash mine = merkle_writer_root(&j->edge);
    const struct hash again = merkle_frontier_root(&j->read_edge);
    if (j->size > 0 && (!hash_equal(&mine, &newest.root) || !hash_equal(&again, &newest.root)))
        return err_set(err, ERR_FORMAT,
                       "%s: its newest entries or tiles are not what the seal of size %" PRIu64
                       " signs: it is damaged. Find the place with: ledger -C %s verify",
                       j->dir, j->size, j->dir);
    j->root = mine;
    j->edge_is_good = true;
    return ERR_OK;
}

/* One reading of the clock for the whole group, never before the newest entry. */
static enum err_code read_clock(const struct journal *j, int64_t *at_ns, struct err *err)
{
    const int64_t now_ns = j->now_ns(j->now_arg);
    char now[INSTANT_TEXT_SIZE];
    char parent[INSTANT_TEXT_SIZE];

    if (j->size == 0 || now_ns >= j->newest_at_ns) {
        *at_ns = now_ns;
        return ERR_OK;
    }
    /* Unsigned, because the two may lie further apart than int64 reaches. */
    if ((uint64_t)j->newest_at_ns - (uint64_t)now_ns <= (uint64_t)JOURNAL_CLOCK_SLACK_NS) {
        *at_ns = j->newest_at_ns;
        return ERR_OK;
    }
    instant_format(now, now_ns);
    instant_format(parent, j->newest_at_ns);
    return err_set(err, ERR_CHAIN,
                   "%s: the clock has stepped back: it says %s, but entry %" PRIu64 " was recorded at %s. "
                   "Set the clock right (timedatectl set-ntp true) or wait, and try again",
                   j->dir, now, j->size, parent);
}

/* What stands in the way of every group, or in a recovery: what does. `must_hold`: the vault holds the journal's key. */
static enum err_code look_around(struct journal *j, struct store_txn *t, bool must_hold,
                                 struct journal_guards *found, struct err *err)
{
    enum err_code rc = found ? ERR_OK : journal_check_halted(j, t, err); /* first: it may not even decode */
    if (!rc)
        rc = journal_refresh(j, t, err);
    if (!rc && must_hold && j->size > 0) /* genesis is about to name the first key */
        rc = journal_hold_key(j, err);
    if (!rc)
        rc = load_edge(j, t, err);
    if (rc)
        return rc;
    return found ? journal_guards_fill(j, t, found, err) : journal_guard_check(j, t, err);
}

static enum err_code begin(struct journal *j, bool must_hold, struct journal_guards *found,
                           struct journal_group **g, struct err *err)
{
    struct store_txn *t = NULL;
    int64_t recorded_at_ns = 0;

    if (j->read_only)
        return err_set(err, ERR_IO, "%s was opened for reading only", j->dir);
    if (!j->vault)
        return err_set(err, ERR_KEY, "%s is locked: its passphrase is needed to append", j->dir);
    enum err_code rc = store_write_begin(j->store, &t, err);
    if (!rc)
        rc = look_around(j, t, must_hold, found, err);
    if (!rc)
        rc = read_clock(j, &recorded_at_ns, err);
    if (rc) {
        store_txn_end(t);
        return rc;
    }
    struct journal_group *const begun = &j->group;
    begun->txn = t;
    begun->readers = NULL;
    begun->before = j->size;
    begun->epochs_before = j->epochs.count;
    begun->may_change_key = false;
    begun->recorded_at_ns = recorded_at_ns;
    begun->size = 0;
    begun->count = 0;
    begun->control_count = 0;
    begun->snapshot = NULL;
    begun->recovery = found;
    memset(&begun->guards, 0, sizeof begun->guards);
    table_init(&begun->signatures, sizeof(struct signature_row), ENTRY_SIGNATURE_SIZE);
    tiler_begin(j->tiler, j->size, begun->bytes, begun->ends);
    j->group_is_open = true;
    *g = begun;
    return ERR_OK;
}

enum err_code journal_begin(struct journal *j, struct journal_guards *found, struct journal_group **g,
                            struct err *err)
{
    return begin(j, true, found, g, err);
}

enum err_code journal_group_begin(struct journal *j, struct journal_group **g, struct err *err)
{
    return begin(j, true, NULL, g, err);
}

enum err_code journal_group_begin_rekey(struct journal *j, struct journal_group **g, struct err *err)
{
    return begin(j, false, NULL, g, err);
}

uint64_t journal_group_next_seq(const struct journal_group *g)
{
    return g->before + g->count + 1;
}

int64_t journal_group_recorded_at_ns(const struct journal_group *g)
{
    return g->recorded_at_ns;
}

/* -- adding --------------------------------------------------------------------------------------------- */

/* Computed by the program: a person or an outside agent may write the same kinds without a cause. */
static bool is_derived(const struct actors *actors, const struct entry *e)
{
    const struct actor_row *const actor = actors_find(actors, e->actor);

    return entry_kind_is_derived(e->kind) &&
           (!actor || actor->role == ROLE_STRATEGY || actor->role == ROLE_RISK);
}

/* What the journal's order demands of an entry, whatever it says. */
static enum err_code check_place(const struct journal_group *g, const struct entry *e, struct err *err)
{
    const struct actors *const actors = &g->journal->actors;
    const uint64_t seq = journal_group_next_seq(g);

    const enum err_code rc = actors_check(actors, e, err);
    if (rc)
        return rc;
    if (e->cause >= seq)
        return err_set(err, ERR_CHAIN,
                       "the cause %" PRIu64 " is no earlier entry: this one would be entry %" PRIu64,
                       e->cause, seq);
    if (e->cause == 0 && is_derived(actors, e))
        return err_set(err, ERR_CHAIN, "%s by %s is derived from an earlier entry: name it as the cause",
                       entry_kind_find((unsigned)e->kind)->text, actors_name(actors, e->actor));
    if ((e->kind == ENTRY_CONTROL_GENESIS) != (seq == 1))
        return err_set(err, ERR_CHAIN, "genesis is the first entry of a journal, and no other is");
    if (e->kind == ENTRY_CONTROL_KEY && !g->may_change_key)
        return err_set(err, ERR_INPUT, "%s is the journal's own word, together with its seal: see ledger key",
                       entry_kind_find((unsigned)e->kind)->text);
    if (e->kind == ENTRY_CONTROL_RECOVERY && !g->recovery)
        return err_set(err, ERR_INPUT,
                       "there is nothing to recover from; if there were: ledger help recover");
    return ERR_OK;
}

/* Takes the entry whose bytes lie behind those of the group, or leaves no trace of it. */
static enum err_code take(struct journal_group *g, const struct entry *e, size_t size, struct err *err)
{
    uint8_t *const bytes = g->bytes + g->size;
    const uint64_t seq = journal_group_next_seq(g);

    if (g->size + size > BYTES_MAX)
        return err_set(err, ERR_INPUT,
                       "a group holds at most %u MiB, and this one is full after %" PRIu32
                       " entries: use smaller groups",
                       (unsigned)(BYTES_MAX >> 20), g->count);
    enum err_code rc = check_place(g, e, err);
    if (!rc)
        rc = journal_check_actor_key(g->journal, e, err);
    if (!rc)
        rc = journal_check_signature(g, e, bytes, size, err);
    if (!rc)
        rc = journal_persons_take(g, e, bytes, size, err);
    if (!rc)
        rc = epochs_apply(&g->journal->epochs, e, seq, g->recorded_at_ns, err);
    if (rc)
        return rc;
    if (e->is_signed)
        journal_remember_signature(g, e->signature, seq);
    entry_place(bytes, seq, g->recorded_at_ns);
    if (entry_family(e->kind) == FAMILY_CONTROL)
        g->controls[g->control_count++] = seq;
    g->size += size;
    g->ends[g->count++] = (uint32_t)g->size;
    tiler_feed(g->journal->tiler, g->count);
    return ERR_OK;
}

enum err_code journal_group_add(struct journal_group *g, struct entry *draft, struct err *err)
{
    struct wire_out out;
    const uint64_t seq = journal_group_next_seq(g);

    enum err_code rc = entry_check(draft, err);
    if (!rc)
        rc = make_room(g, err);
    if (rc)
        return rc;
    wire_out_init(&out, g->bytes + g->size, ENTRY_MAX_SIZE);
    rc = entry_encode(draft, &out, err);
    if (!rc)
        rc = take(g, draft, wire_out_size(&out), err);
    if (rc)
        return rc;
    draft->seq = seq;
    draft->recorded_at_ns = g->recorded_at_ns;
    return ERR_OK;
}

enum err_code journal_group_add_encoded(struct journal_group *g, uint8_t *bytes, size_t size,
                                        const struct entry *e, struct err *err)
{
    const uint64_t seq = journal_group_next_seq(g);

    REQUIRE(size >= ENTRY_HEADER_SIZE && size <= ENTRY_MAX_SIZE);
    enum err_code rc = entry_check(e, err);
    if (!rc)
        rc = make_room(g, err);
    if (rc)
        return rc;
    memcpy(g->bytes + g->size, bytes, size);
    rc = take(g, e, size, err);
    if (!rc)
        entry_place(bytes, seq, g->recorded_at_ns);
    return rc;
}

/* -- ending --------------------------------------------------------------------------------------------- */

static enum err_code write_tile(void *ctx, unsigned level, uint64_t index, const uint8_t *hashes,
                                unsigned count, struct err *err)
{
    return level == 0 ? ERR_OK : store_put_tile(ctx, level, index, hashes, count, err);
}

static enum err_code write_tree(struct journal_group *g, const struct journal_hashes *h, struct err *err)
{
    const struct merkle_sink sink = {write_tile, g->txn};
    struct merkle_writer *const edge = &g->journal->edge;
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; i < h->head && !rc; i++)
        rc = merkle_writer_append(edge, &h->leaves[i], &sink, err);
    for (uint32_t i = 0; i < h->root_count && !rc; i++)
        rc = merkle_writer_append_tile(edge, &h->roots[i], &sink, err);
    for (uint32_t i = h->head + TILER_WIDTH * h->root_count; i < g->count && !rc; i++)
        rc = merkle_writer_append(edge, &h->leaves[i], &sink, err);
    return rc ? rc : merkle_writer_flush(edge, &sink, err);
}

static enum err_code write_blocks(struct journal_group *g, const struct hash *leaves, struct err *err)
{
    uint32_t start = 0;

    for (uint32_t done = 0; done < g->count;) {
        const uint32_t *const ends = g->ends + done;
        const uint32_t n = block_fit(ends, g->count - done, start);
        uint8_t *room;
        const enum err_code rc =
            store_put_block(g->txn, g->before + done + n, block_size(ends, n, start), &room, err);
        if (rc)
            return rc;
        block_write(room, ends, n, start, g->bytes + start, leaves + done);
        start = ends[n - 1];
        done += n;
    }
    return ERR_OK;
}

static enum err_code write_controls(struct journal_group *g, struct err *err)
{
    enum err_code rc = ERR_OK;

    for (size_t i = 0; i < g->control_count && !rc; i++)
        rc = store_put_control(g->txn, g->controls[i], err);
    return rc;
}

static enum err_code write_seal(struct journal_group *g, struct seal *seal, struct err *err)
{
    const struct journal *const j = g->journal;
    uint8_t signature[VAULT_SIGNATURE_SIZE];
    char text[CHECKPOINT_TEXT_MAX];
    struct note_key key;
    struct checkpoint c;
    size_t text_size;

    seal->size = merkle_writer_size(&j->edge);
    seal->root = merkle_writer_root(&j->edge);
    enum err_code rc = checkpoint_init(&c, j->origin, strlen(j->origin), seal->size, &seal->root, err);
    if (!rc)
        rc = checkpoint_format(&c, text, sizeof text, &text_size, err);
    if (!rc)
        rc = journal_seal_sign(j, seal->size, text, text_size, &key, signature, err);
    if (!rc)
        rc = note_build(seal->note, sizeof seal->note - 1, &seal->note_size, text, text_size, &key, signature,
                        err);
    if (rc)
        return rc;
    seal->note[seal->note_size] = '\0';
    return store_put_seal(g->txn, seal->size, seal->note, seal->note_size, err);
}

/* The guards know of it before it is signed. */
static enum err_code sign_and_commit(struct journal_group *g, struct seal *seal, struct err *err)
{
    struct journal *const j = g->journal;
    const struct guard_tree next = {merkle_writer_size(&j->edge), merkle_writer_root(&j->edge)};

    enum err_code rc = journal_guard_intend(g, &next, err);
    if (!rc)
        rc = write_seal(g, seal, err);
    if (!rc)
        rc = journal_read_back_prepare(j, err);
    if (rc)
        return rc;
    journal_guard_keep(g);
    return store_txn_commit(g->txn, err);
}

static enum err_code write_group(struct journal_group *g, const struct journal_hashes *h, struct seal *seal,
                                 struct err *err)
{
    struct journal *const j = g->journal;

    enum err_code rc = load_edge(j, g->txn, err);
    j->edge_is_good = false; /* it moves on now; true again when the store has followed */
    if (!rc)
        rc = write_tree(g, h, err);
    if (!rc)
        rc = write_blocks(g, h->leaves, err);
    if (!rc)
        rc = write_controls(g, err);
    if (!rc)
        rc = journal_write_signatures(g, err);
    if (!rc)
        rc = journal_write_snapshot(g, err);
    if (!rc)
        rc = journal_guard_write_row(g, err);
    if (!rc && g->recovery)
        rc = journal_unhalt(g, err);
    if (!rc)
        rc = journal_read_back(g, h, err);
    return rc ? rc : sign_and_commit(g, seal, err);
}

/* Bytes that the group may take in the store: the entries, their lengths and checks, pages that are not full. */
static uint64_t group_need(const struct journal_group *g)
{
    const uint64_t snapshot = g->snapshot ? g->snapshot->size + g->snapshot->size / 8 : 0;

    return 2 * (uint64_t)g->size + 8 * (uint64_t)g->count + snapshot + ((uint64_t)1 << 20);
}

static void end_group(struct journal_group *g)
{
    while (g->readers)
        journal_reader_end(g->readers);
    tiler_end(g->journal->tiler);
    journal_guard_end(g);
    store_txn_end(g->txn);
    table_release(&g->signatures);
    g->txn = NULL;
    g->journal->group_is_open = false;
    if (g->capacity > BYTES_KEPT)
        journal_group_release(g);
}

/* A group without entries writes nothing; its seal is the newest one there is. */
static enum err_code commit_nothing(struct journal_group *g, struct seal *seal, struct err *err)
{
    const char *note;
    uint64_t size;
    size_t note_size;
    bool found;

    if (!seal)
        return ERR_OK;
    const enum err_code rc = store_find_seal(g->txn, g->before, &size, &note, &note_size, &found, err);
    if (rc)
        return rc;
    REQUIRE(found); /* load_edge() has seen it */
    return journal_seal_of(g->journal, size, note, note_size, seal, err);
}

enum err_code journal_group_commit(struct journal_group *g, struct seal *seal, struct err *err)
{
    struct journal *const j = g->journal;
    struct journal_hashes hashes = {.leaves = NULL};
    struct seal made;
    enum err_code rc;

    while (g->readers) /* they stand on the transaction that is about to be written */
        journal_reader_end(g->readers);
    if (g->count == 0 && !g->recovery && !g->guards.is_set) {
        rc = commit_nothing(g, seal, err);
        end_group(g);
        return rc;
    }
    rc = journal_persons_end(g, err);
    if (!rc && g->recovery)
        rc = journal_recovery_check(g, err);
    if (!rc)
        rc = tiler_finish(j->tiler, g->count, &hashes.leaves, &hashes.roots, &hashes.head, &hashes.root_count,
                          err);
    if (!rc)
        rc = write_group(g, &hashes, &made, err);
    while (rc && rc != ERR_HALTED && store_txn_is_full(g->txn)) {
        rc = store_txn_regrow(g->txn, group_need(g), err);
        if (!rc)
            rc = write_group(g, &hashes, &made, err);
    }
    if (!rc)
        rc = journal_read_back_file(g, &hashes, &made, err);
    if (rc) {
        journal_group_abort(g);
        return rc;
    }
    journal_guard_confirm(g, &(struct guard_tree){made.size, made.root});
    j->edge_is_good = true;
    j->root = made.root;
    j->size = g->before + g->count;
    j->newest_at_ns = g->recorded_at_ns;
    j->kept.is_kept = false;
    end_group(g);
    if (seal)
        *seal = made;
    return ERR_OK;
}

void journal_group_abort(struct journal_group *g)
{
    if (!g)
        return;
    journal_persons_return(g->journal);
    epochs_cut(&g->journal->epochs, g->epochs_before);
    end_group(g);
}
