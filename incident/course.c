#include "incident/course_impl.h"

#include "book/engine.h"
#include "risk/governor.h"
#include "risk/margin.h"

#include <stdlib.h>

enum { FIRST_CAPACITY = 64 };

/* -- growing -------------------------------------------------------------------------------------------- */

/* Room for `extra` more elements behind `count` of them. */
static enum err_code reserve(void **rows, size_t *capacity, size_t count, size_t extra, size_t size,
                             struct err *err)
{
    size_t wanted = *capacity ? *capacity : FIRST_CAPACITY;

    if (*capacity - count >= extra)
        return ERR_OK;
    while (wanted - count < extra) {
        if (wanted > SIZE_MAX / 2 / size)
            return err_set(err, ERR_MEMORY, "out of memory");
        wanted *= 2;
    }
    void *const grown = realloc(*rows, wanted * size);
    if (!grown)
        return err_set(err, ERR_MEMORY, "out of memory");
    *rows = grown;
    *capacity = wanted;
    return ERR_OK;
}

enum err_code course_new(struct course **course, struct err *err)
{
    struct course *const c = calloc(1, sizeof *c);

    if (!c)
        return err_set(err, ERR_MEMORY, "out of memory");
    enum err_code rc = course_twins_new(&c->twins, err);
    if (!rc)
        rc = book_init(&c->book, err);
    if (rc) {
        course_twins_free(c->twins);
        free(c);
        return rc;
    }
    *course = c;
    return ERR_OK;
}

void course_free(struct course *c)
{
    if (!c)
        return;
    book_release(&c->book);
    course_twins_free(c->twins);
    free(c->kept);
    free(c->moved);
    free(c->own);
    free(c->bytes);
    free(c->points);
    free(c);
}

enum err_code course_keep(struct course *c, uint64_t base, uint64_t seq, uint64_t count, struct err *err)
{
    struct course_kept *const last = c->kept_count ? &c->kept[c->kept_count - 1] : NULL;

    if (count == 0)
        return ERR_OK;
    if (last && last->base + last->count == base && last->seq + last->count == seq) {
        last->count += count;
        return ERR_OK;
    }
    void *rows = c->kept;
    const enum err_code rc = reserve(&rows, &c->kept_capacity, c->kept_count, 1, sizeof c->kept[0], err);
    if (rc)
        return rc;
    c->kept = rows;
    c->kept[c->kept_count++] = (struct course_kept){base, seq, count};
    return ERR_OK;
}

enum err_code course_move(struct course *c, uint64_t base, uint64_t seq, struct err *err)
{
    void *rows = c->moved;
    const enum err_code rc = reserve(&rows, &c->moved_capacity, c->moved_count, 1, sizeof c->moved[0], err);

    c->moved = rows;
    if (!rc)
        c->moved[c->moved_count++] = (struct course_moved){base, seq};
    return rc;
}

enum err_code course_add(struct course *c, const struct entry *e, struct err *err)
{
    struct wire_out out;
    void *rows = c->own;
    void *bytes = c->bytes;
    enum err_code rc = reserve(&rows, &c->own_capacity, c->own_count, 1, sizeof c->own[0], err);

    c->own = rows;
    if (!rc)
        rc = reserve(&bytes, &c->capacity, c->size, ENTRY_MAX_SIZE, 1, err);
    c->bytes = bytes;
    if (rc)
        return rc;
    wire_out_init(&out, c->bytes + c->size, ENTRY_MAX_SIZE);
    rc = entry_encode(e, &out, err);
    if (rc)
        return err_wrap(err, "entry %llu of the course", (unsigned long long)e->seq);
    c->own[c->own_count++] = (struct course_own){e->seq, c->size, wire_out_size(&out)};
    c->size += wire_out_size(&out);
    return ERR_OK;
}

/* -- how things stand ----------------------------------------------------------------------------------- */

static enum err_code exposure_of(const struct book *b, const struct position *p, int64_t *micro,
                                 struct err *err)
{
    const int64_t multiplier = symbol_multiplier(&p->symbol);
    const int64_t mark = view_mark(b->view, &p->symbol);
    int64_t price = mark != PRICE_NONE ? mark : position_average_price_nano(p);
    struct contract contract;
    struct view_price of_underlying;
    struct symbol underlying;

    if (p->qty < 0 && symbol_is_option(&p->symbol)) {
        symbol_contract(&p->symbol, &contract);
        price = contract.strike_nano;
        symbol_underlying(&p->symbol, &underlying);
        view_price(b->view, &underlying, &of_underlying);
        if (contract.right == RIGHT_CALL && of_underlying.price_nano > price)
            price = of_underlying.price_nano;
    }
    return decimal_notional(price, p->qty < 0 ? -p->qty : p->qty, multiplier, micro, err);
}

enum err_code course_exposure(const struct book *b, int64_t *micro, struct err *err)
{
    int64_t sum = 0;

    for (uint32_t i = 0; i < b->accounts->positions.count; i++) {
        const struct position *const p = table_at(&b->accounts->positions, i);
        int64_t value = 0;
        if (p->qty == 0)
            continue;
        enum err_code rc = exposure_of(b, p, &value, err);
        if (!rc)
            rc = decimal_add(sum, value, &sum, err);
        if (rc)
            return err_wrap(err, "exposure: %s", p->symbol.text);
    }
    *micro = sum;
    return ERR_OK;
}

/* What does not fit is not known, and ends no course: the loop does not ask at such a moment either. */
static enum err_code known(enum err_code rc, int64_t *micro)
{
    if (rc == ERR_RANGE)
        *micro = COURSE_UNKNOWN;
    return rc == ERR_RANGE ? ERR_OK : rc;
}

static enum err_code point_now(const struct course *c, struct course_point *p, struct err *err)
{
    const struct decide_context ctx = engine_context(&c->book);
    const struct accounts *const a = c->book.accounts;

    *p = (struct course_point){.at_ns = c->book.view->clock.now_ns,
                               .clock_seq = c->book.view->clock.seq,
                               .cash_micro = a->cash_micro,
                               .realized_micro = a->realized_micro,
                               .fees_micro = a->fees_micro,
                               .deposits_micro = a->deposits_micro,
                               .positions = risk_positions(&ctx.risk)};
    enum err_code rc = known(risk_equity_now(&ctx.risk, &p->equity_micro, err), &p->equity_micro);
    if (!rc)
        rc = known(margin_in_use(&ctx.risk, NULL, &p->margin_micro, err), &p->margin_micro);
    if (!rc)
        rc = known(course_exposure(&c->book, &p->exposure_micro, err), &p->exposure_micro);
    return rc;
}

enum err_code course_measure(struct course *c, const struct entry *clock, struct err *err)
{
    struct course_point p;
    void *rows = c->points;
    enum err_code rc = point_now(c, &p, err);

    if (!rc)
        rc = reserve(&rows, &c->point_capacity, c->point_count, 1, sizeof p, err);
    c->points = rows;
    if (rc)
        return rc;
    p.at_ns = clock->at_ns;
    p.clock_seq = clock->seq;
    c->points[c->point_count++] = p;
    return ERR_OK;
}

enum err_code course_measure_end(struct course *c, struct err *err)
{
    return point_now(c, &c->end, err);
}

/* -- reading -------------------------------------------------------------------------------------------- */

uint64_t course_from(const struct course *c)
{
    return c->from;
}

uint64_t course_size(const struct course *c)
{
    return book_seq(&c->book);
}

uint64_t course_base_size(const struct course *c)
{
    return c->base_size;
}

const struct course_counts *course_counts(const struct course *c)
{
    return &c->counts;
}

const struct book *course_book(const struct course *c)
{
    return &c->book;
}

const struct course_point *course_points(const struct course *c, size_t *count)
{
    *count = c->point_count;
    return c->points;
}

const struct course_point *course_end(const struct course *c)
{
    return &c->end;
}

/* The last row that begins at or before; rows[i].KEY is ascending. */
static size_t kept_before(const struct course *c, uint64_t number, bool by_seq)
{
    size_t low = 0;
    size_t high = c->kept_count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const uint64_t begins = by_seq ? c->kept[middle].seq : c->kept[middle].base;
        if (begins <= number)
            low = middle + 1;
        else
            high = middle;
    }
    return low; /* one past it */
}

/* Its number where it stands in other words; 0: it does not. */
static uint64_t moved_to(const struct course *c, uint64_t base)
{
    size_t low = 0;
    size_t high = c->moved_count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (c->moved[middle].base < base)
            low = middle + 1;
        else
            high = middle;
    }
    return low < c->moved_count && c->moved[low].base == base ? c->moved[low].seq : 0;
}

uint64_t course_seq_of(const struct course *c, uint64_t base)
{
    const size_t i = kept_before(c, base, false);
    const struct course_kept *const k = i ? &c->kept[i - 1] : NULL;

    if (k && base - k->base < k->count)
        return k->seq + (base - k->base);
    const uint64_t moved = moved_to(c, base);
    return moved ? moved : course_twins_seq(c->twins, base);
}

uint64_t course_cause_of(const struct course *c, uint64_t base, uint64_t seq)
{
    const uint64_t cause = course_seq_of(c, base);

    return cause < seq ? cause : 0;
}

/* The first own entry at or behind `seq`. */
static size_t own_from(const struct course *c, uint64_t seq)
{
    size_t low = 0;
    size_t high = c->own_count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (c->own[middle].seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void course_walk_begin(struct course_walk *w, const struct course *c, struct journal_reader *r, uint64_t seq)
{
    const size_t kept = kept_before(c, seq, true);

    REQUIRE(seq > 0);
    *w = (struct course_walk){
        .course = c, .reader = r, .next = seq, .kept = kept ? kept - 1 : 0, .own = own_from(c, seq)};
}

static enum err_code next_kept(struct course_walk *w, struct entry *e, uint64_t *base_seq, struct err *err)
{
    const struct course *const c = w->course;
    struct journal_record record;
    bool found = false;
    enum err_code rc = ERR_OK;

    while (w->next - c->kept[w->kept].seq >= c->kept[w->kept].count) {
        w->kept++;
        w->is_placed = false;
    }
    const uint64_t base = c->kept[w->kept].base + (w->next - c->kept[w->kept].seq);
    if (!w->is_placed)
        rc = journal_reader_seek(w->reader, base, err);
    w->is_placed = rc == ERR_OK;
    if (!rc)
        rc = journal_reader_next(w->reader, &record, &found, err);
    if (!rc && !found)
        rc = err_set(err, ERR_CHAIN, "the journal has lost entry %llu", (unsigned long long)base);
    if (!rc)
        rc = entry_decode(record.bytes, record.size, e, err);
    if (rc)
        return err_wrap(err, "entry %llu", (unsigned long long)base);
    e->seq = w->next;
    e->cause = course_cause_of(c, e->cause, e->seq);
    *base_seq = base;
    return ERR_OK;
}

static enum err_code next_own(struct course_walk *w, struct entry *e, uint64_t *base_seq, struct err *err)
{
    const struct course_own *const own = &w->course->own[w->own++];

    *base_seq = 0;
    return entry_decode(w->course->bytes + own->offset, own->size, e, err);
}

enum err_code course_next(struct course_walk *w, struct entry *e, uint64_t *base_seq, bool *found,
                          struct err *err)
{
    const struct course *const c = w->course;
    uint64_t base = 0;

    *found = w->next <= course_size(c);
    if (!*found)
        return ERR_OK;
    const bool is_own = w->own < c->own_count && c->own[w->own].seq == w->next;
    const enum err_code rc = is_own ? next_own(w, e, &base, err) : next_kept(w, e, &base, err);
    if (rc)
        return rc;
    w->next++;
    if (base_seq)
        *base_seq = base;
    return ERR_OK;
}

/* -- its digest ----------------------------------------------------------------------------------------- */

static enum err_code hash_entries(const struct course *c, struct journal_reader *r,
                                  struct hash_stream *stream, uint8_t *bytes, struct err *err)
{
    struct course_walk w;
    struct wire_out out;
    struct entry e;
    bool found = true;
    enum err_code rc = ERR_OK;

    course_walk_begin(&w, c, r, c->from);
    while (!rc) {
        rc = course_next(&w, &e, NULL, &found, err);
        if (rc || !found)
            break;
        wire_out_init(&out, bytes, ENTRY_MAX_SIZE);
        rc = entry_encode(&e, &out, err);
        hash_stream_add_u64(stream, wire_out_size(&out));
        hash_stream_add(stream, bytes, wire_out_size(&out));
    }
    return rc;
}

enum err_code course_digest(const struct course *c, struct journal_reader *r, struct hash *digest,
                            struct err *err)
{
    uint8_t *const bytes = malloc(ENTRY_MAX_SIZE);
    const struct hash state = book_digest(&c->book);
    struct hash_stream stream;

    if (!bytes)
        return err_set(err, ERR_MEMORY, "out of memory");
    hash_stream_init(&stream);
    hash_stream_add_u64(&stream, c->from);
    const enum err_code rc = hash_entries(c, r, &stream, bytes, err);
    free(bytes);
    hash_stream_add(&stream, state.bytes, HASH_SIZE);
    const struct hash all = hash_stream_finish(&stream);
    if (!rc)
        *digest = all;
    return rc;
}
