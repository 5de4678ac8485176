#include "agent/reconciliation.h"

#include "agent/control.h"
#include "ledger/hex.h"
#include "ledger/roles.h"

#include <stdio.h>

static enum err_code finish(struct desk *d, enum err_code rc, struct err *err)
{
    if (!rc)
        return desk_commit(d, err);
    desk_abort(d);
    return rc;
}

/* -- taking one in ---------------------------------------------------------------------------------------- */

struct taker {
    struct desk *desk;
    const char *actor;
    const struct statement *statement;
    struct id statement_id;
    int64_t at_ns;
    bool is_person;
};

/* What the file calls it; else what makes the same file the same statement. */
static struct id id_of(const struct statement *s)
{
    char text[ID_MAX + 1];
    char day[INSTANT_TEXT_SIZE];
    char digest[HEX_LENGTH(8) + 1];

    if (s->statement_id.length)
        return s->statement_id;
    civil_format(day, s->session);
    hex_encode(digest, s->sha256.bytes, 8);
    snprintf(text, sizeof text, "%.32s-%.10s-%.16s", s->broker.text, day, digest);
    return id_from(text);
}

static enum err_code check_actor(struct taker *t, struct err *err)
{
    const struct actors *const actors = t->desk->book.actors;
    uint32_t id = 0;
    const enum err_code rc = actors_id(actors, t->actor, strlen(t->actor), &id, err);

    if (rc)
        return rc;
    const struct actor_row *const row = actors_find(actors, id);
    t->is_person = row && role_is_person(row->role);
    if (!t->is_person && (!row || row->role != ROLE_BROKER))
        return err_set(err, ERR_INPUT,
                       "%s: a statement is a broker's, or brought in by a person (owner, operator)",
                       t->actor);
    return ERR_OK;
}

/* Positions and cash are compared as they are now: so nothing may have been filled since. */
static enum err_code check_session(const struct taker *t, struct err *err)
{
    const struct reconcile *const r = t->desk->book.reconcile;
    const civil_day session = t->statement->session;
    char of[INSTANT_TEXT_SIZE];
    char newest[INSTANT_TEXT_SIZE];

    civil_format(of, session);
    if (r->newest_session != CIVIL_DAY_NONE && r->newest_session > session) {
        civil_format(newest, r->newest_session);
        return err_set(err, ERR_INPUT,
                       "the statement is of %s, and our books have fills of %s: positions and cash are no "
                       "longer those of "
                       "that day's end",
                       of, newest);
    }
    if (r->session != CIVIL_DAY_NONE && session > r->session) {
        civil_format(newest, r->session);
        return err_set(err, ERR_INPUT, "the statement is of %s, and this journal's clock has come to %s only",
                       of, newest);
    }
    return ERR_OK;
}

static enum err_code check(struct taker *t, struct err *err)
{
    const struct statement *const s = t->statement;

    if (s->session == CIVIL_DAY_NONE)
        return err_set(err, ERR_INPUT, "it does not say of which session it is: --session DATE");
    if (!s->broker.length)
        return err_set(err, ERR_INPUT, "it does not say whose it is: --broker NAME");
    t->statement_id = id_of(s);
    if (ids_has(&t->desk->book.reconcile->statement_ids, &t->statement_id))
        return err_set(err, ERR_EXISTS, "the statement %s was taken in already", t->statement_id.text);
    const enum err_code rc = check_actor(t, err);
    return rc ? rc : check_session(t, err);
}

static enum err_code add(struct taker *t, bool is_signed, struct err *err)
{
    struct desk *const d = t->desk;

    d->scratch.at_ns = t->at_ns;
    return is_signed ? desk_add_signed(d, t->actor, &d->scratch, err)
                     : desk_add(d, t->actor, &d->scratch, err);
}

static enum err_code add_row(struct taker *t, const struct statement_row *row, struct err *err)
{
    struct entry *const e = &t->desk->scratch;

    memset(e, 0, sizeof *e);
    e->kind = row->fill_id.length ? ENTRY_PERCEPTION_STATED_FILL : ENTRY_PERCEPTION_STATED_POSITION;
    if (row->fill_id.length)
        e->as.perception_stated_fill = (struct entry_perception_stated_fill){
            t->statement_id, row->fill_id, row->symbol, row->side, row->qty, row->price_nano, row->fee_micro};
    else
        e->as.perception_stated_position =
            (struct entry_perception_stated_position){t->statement_id, row->symbol, row->side, row->qty};
    return add(t, t->is_person && t->desk->book.actors->is_owned, err);
}

static enum err_code add_statement(struct taker *t, int64_t fills, struct err *err)
{
    const struct statement *const s = t->statement;
    struct entry *const e = &t->desk->scratch;

    memset(e, 0, sizeof *e);
    e->kind = ENTRY_PERCEPTION_STATEMENT;
    e->as.perception_statement = (struct entry_perception_statement){
        .statement_id = t->statement_id,
        .broker = s->broker,
        .session = s->session,
        .cash = s->cash_micro,
        .positions = (int64_t)s->count - fills,
        .fills = fills,
        .sha256 = s->sha256,
    };
    const enum err_code rc = add(t, t->is_person, err);
    return rc ? rc : desk_answer(t->desk, e, err);
}

static enum err_code add_all(struct taker *t, struct err *err)
{
    const struct statement *const s = t->statement;
    int64_t fills = 0;
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; !rc && i < s->count; i++) {
        fills += s->rows[i].fill_id.length ? 1 : 0;
        rc = add_row(t, &s->rows[i], err);
    }
    return rc ? rc : add_statement(t, fills, err);
}

enum err_code reconciliation_take(struct desk *d, const char *actor, const struct statement *s,
                                  int64_t now_ns, struct err *err)
{
    struct taker t = {.desk = d, .actor = actor, .statement = s};
    enum err_code rc = desk_begin(d, err);

    if (rc)
        return rc;
    const int64_t clock_ns = d->book.view->clock.now_ns;
    t.at_ns = clock_ns != INSTANT_NONE ? clock_ns : now_ns;
    rc = check(&t, err);
    if (!rc)
        rc = add_all(&t, err);
    return finish(d, rc, err);
}

enum err_code reconciliation_ask(struct desk *d, struct err *err)
{
    const enum err_code rc = desk_begin(d, err);

    return rc ? rc : finish(d, desk_statement(d, err), err);
}

/* -- clearing a break ------------------------------------------------------------------------------------- */

/* Fills are both sides': of ours what was booked, of theirs what the broker told. A note stands for what is nowhere. */
static bool may_speak(const struct entry *e, bool is_ours)
{
    const bool is_stated =
        e->kind >= ENTRY_PERCEPTION_STATED_POSITION && e->kind <= ENTRY_PERCEPTION_STATEMENT;

    return entry_family(e->kind) == FAMILY_FILL || e->kind == ENTRY_CONTROL_NOTE || (is_stated && !is_ours);
}

/* The entry that is named for one side: that of the break itself, or another that can speak for this side of it. */
static enum err_code check_side(const struct reconcile_break *b, struct journal_reader *r, bool is_ours,
                                uint64_t named, struct err *err)
{
    const char *const name = is_ours ? "ours" : "theirs";
    struct journal_record record;
    struct symbol about;
    struct symbol underlying;
    struct entry e;

    if (named == 0 || named == (is_ours ? b->ours : b->theirs))
        return ERR_OK;
    enum err_code rc = journal_reader_get(r, named, &record, err);
    if (!rc)
        rc = entry_decode(record.bytes, record.size, &e, err);
    if (rc)
        return rc;
    if (!may_speak(&e, is_ours))
        return err_set(err, ERR_INPUT,
                       "%s: entry %llu, %s, is not of %s side of a break: a fill is, a note%s", name,
                       (unsigned long long)named, entry_kind_find((unsigned)e.kind)->text,
                       is_ours ? "our" : "the broker's", is_ours ? "" : ", his statement and its rows");
    const struct symbol *const symbol = entry_symbol(&e);
    const struct id *const id = &b->key.about;
    if (b->key.topic != RECONCILE_OF_POSITION || !symbol || symbol_parse(id->text, id->length, &about, NULL))
        return ERR_OK;
    symbol_underlying(&about, &underlying);
    if (symbol_is_about(symbol, &underlying))
        return ERR_OK;
    return err_set(err, ERR_INPUT, "%s: entry %llu is about %s, and the break about %s", name,
                   (unsigned long long)named, symbol->text, about.text);
}

enum err_code reconciliation_check_correction(const struct book *b, struct journal_group *g,
                                              const struct entry_control_correction *c, struct err *err)
{
    struct journal_reader *r = NULL;
    enum err_code rc = reconcile_check_correction(b->reconcile, c, book_seq(b) + 1, err);

    if (rc)
        return rc;
    const struct reconcile_break *const is_open = reconcile_find(b->reconcile, &c->break_id);
    rc = journal_group_reader(g, &r, err);
    if (!rc)
        rc = check_side(is_open, r, true, (uint64_t)c->ours, err);
    if (!rc)
        rc = check_side(is_open, r, false, (uint64_t)c->theirs, err);
    journal_reader_end(r);
    return rc;
}

static enum err_code draft_correction(struct desk *d, const char *break_id, uint64_t ours, uint64_t theirs,
                                      const char *reason, struct err *err)
{
    struct entry_control_correction *const c = &d->scratch.as.control_correction;
    const size_t length = strlen(break_id);

    memset(&d->scratch, 0, sizeof d->scratch);
    d->scratch.kind = ENTRY_CONTROL_CORRECTION;
    if (length == 0 || length > ID_MAX)
        return err_set(err, ERR_NOT_FOUND, "no break of that name is open");
    c->break_id.length = (uint8_t)length;
    memcpy(c->break_id.text, break_id, length);
    c->ours = ours > INT64_MAX ? INT64_MAX : (int64_t)ours;
    c->theirs = theirs > INT64_MAX ? INT64_MAX : (int64_t)theirs;
    c->reason = text_from(reason);
    return reconciliation_check_correction(&d->book, d->group, c, err);
}

enum err_code reconciliation_clear(struct desk *d, const char *actor, const char *break_id, uint64_t ours,
                                   uint64_t theirs, const char *reason, int64_t now_ns, struct err *err)
{
    enum err_code rc = control_check_reason(reason, err);

    if (!rc)
        rc = desk_begin(d, err);
    if (rc)
        return rc;
    rc = draft_correction(d, break_id, ours, theirs, reason, err);
    d->scratch.at_ns = now_ns;
    if (!rc)
        rc = desk_add_signed(d, actor, &d->scratch, err);
    return finish(d, rc, err);
}
