/* What the paper broker states: its own fills, added up, for it has no other books. */
#include "gateway/paper.h"

struct teller {
    const struct book *book;
    const struct id *statement_id;
    const struct proposals *out;
    struct entry draft;
    int64_t positions;
    int64_t fills;
};

static struct entry *new_row(struct teller *t, enum entry_kind kind)
{
    memset(&t->draft, 0, sizeof t->draft);
    t->draft.kind = kind;
    t->draft.at_ns = t->book->view->clock.now_ns;
    return &t->draft;
}

static enum err_code send(struct teller *t, struct err *err)
{
    return t->out->propose(t->out->context, &t->draft, err);
}

static enum err_code tell_positions(struct teller *t, struct err *err)
{
    const struct table *const positions = &t->book->reconcile->told.positions;
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; !rc && i < positions->count; i++) {
        const struct position *const p = table_at(positions, i);
        if (p->qty == 0)
            continue;
        new_row(t, ENTRY_PERCEPTION_STATED_POSITION)->as.perception_stated_position =
            (struct entry_perception_stated_position){*t->statement_id, p->symbol,
                                                      p->qty < 0 ? SIDE_SELL : SIDE_BUY,
                                                      p->qty < 0 ? -p->qty : p->qty};
        rc = send(t, err);
        t->positions++;
    }
    return rc;
}

/* Rows are found again by number after each proposal. */
static enum err_code tell_fills(struct teller *t, civil_day session, struct err *err)
{
    const struct table *const fills = &t->book->reconcile->fills;
    const struct fills *const busts =
        &t->book->reconcile->told.fills; /* what others take back he does not know */
    enum err_code rc = ERR_OK;

    for (uint32_t i = 0; !rc && i < fills->count; i++) {
        const struct reconcile_fill *const f = table_at(fills, i);
        if (!f->is_brokers || fills_find_bust(busts, &f->fill_id) || f->session != session)
            continue;
        new_row(t, ENTRY_PERCEPTION_STATED_FILL)->as.perception_stated_fill =
            (struct entry_perception_stated_fill){*t->statement_id, f->fill_id,    f->symbol,   f->side,
                                                  f->qty,           f->price_nano, f->fee_micro};
        rc = send(t, err);
        t->fills++;
    }
    return rc;
}

enum err_code paper_statement(const struct book *b, const struct id *statement_id,
                              const struct proposals *out, struct err *err)
{
    struct teller t = {.book = b, .statement_id = statement_id, .out = out};
    const civil_day session = b->view->clock.session;

    if (session == CIVIL_DAY_NONE)
        return err_set(err, ERR_INPUT,
                       "the paper broker has nothing to state: no session has begun in this journal");
    enum err_code rc = tell_positions(&t, err);
    if (!rc)
        rc = tell_fills(&t, session, err);
    if (rc)
        return rc;
    struct entry_perception_statement *const s =
        &new_row(&t, ENTRY_PERCEPTION_STATEMENT)->as.perception_statement;
    s->statement_id = *statement_id;
    s->broker = id_from(PAPER_NAME);
    s->session = session;
    s->cash = b->reconcile->told.cash_micro;
    s->positions = t.positions;
    s->fills = t.fills;
    return send(&t, err);
}
