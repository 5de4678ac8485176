#include "agent/desk.h"

#include "book/engine.h"
#include "gateway/paper.h"

enum err_code desk_init(struct desk *d, struct journal *j, book_progress *progress, void *context,
                        struct err *err)
{
    struct journal_reader *r = NULL;

    memset(d, 0, sizeof *d);
    d->journal = j;
    d->broker = &paper_broker;
    enum err_code rc = book_init(&d->book, err);
    if (!rc)
        rc = journal_reader_begin(j, &r, err);
    if (!rc)
        rc = book_load(&d->book, r, 0, progress, context, err);
    journal_reader_end(r);
    return rc;
}

void desk_release(struct desk *d)
{
    journal_group_abort(d->group);
    d->group = NULL;
    book_release(&d->book);
}

enum err_code desk_begin(struct desk *d, struct err *err)
{
    struct journal_reader *r = NULL;

    REQUIRE(!d->group);
    enum err_code rc = journal_group_begin(d->journal, &d->group, err);
    if (rc)
        return rc;
    d->group_first = journal_group_next_seq(d->group);
    if (d->group_first != book_seq(&d->book) + 1) {
        rc = journal_group_reader(d->group, &r, err);
        if (!rc)
            rc = book_load(&d->book, r, 0, NULL, NULL, err);
        journal_reader_end(r);
    }
    return rc;
}

enum err_code desk_commit(struct desk *d, struct err *err)
{
    struct journal_group *const g = d->group;

    d->group = NULL;
    if (journal_group_next_seq(g) == d->group_first) {
        journal_group_abort(g);
        return ERR_OK;
    }
    return journal_group_commit(g, &d->seal, err);
}

void desk_abort(struct desk *d)
{
    journal_group_abort(d->group);
    d->group = NULL;
}

static enum err_code add(struct desk *d, struct entry *draft, struct err *err)
{
    const enum err_code rc = journal_group_add(d->group, draft, err);

    return rc ? rc : book_apply(&d->book, draft, err);
}

enum err_code desk_add(struct desk *d, const char *actor, struct entry *draft, struct err *err)
{
    const enum err_code rc = actors_id(d->book.actors, actor, strlen(actor), &draft->actor, err);

    return rc ? rc : add(d, draft, err);
}

enum err_code desk_add_signed(struct desk *d, const char *actor, struct entry *draft, struct err *err)
{
    enum err_code rc = actors_id(d->book.actors, actor, strlen(actor), &draft->actor, err);

    if (!rc)
        rc = journal_sign_by(d->journal, d->signer, draft, err);
    return rc ? rc : add(d, draft, err);
}

enum err_code desk_add_encoded(struct desk *d, uint8_t *bytes, size_t size, struct entry *e, struct err *err)
{
    const uint64_t seq = journal_group_next_seq(d->group);
    const enum err_code rc = journal_group_add_encoded(d->group, bytes, size, e, err);

    if (rc)
        return rc;
    e->seq = seq;
    e->recorded_at_ns = journal_group_recorded_at_ns(d->group);
    return book_apply(&d->book, e, err);
}

static uint64_t next_seq(void *context)
{
    const struct desk *const d = context;

    return journal_group_next_seq(d->group);
}

static enum err_code propose_derived(void *context, struct entry *draft, struct err *err)
{
    struct desk *const d = context;
    const enum err_code rc = engine_stamp(&d->book, d->trigger, draft, err);

    if (rc)
        return rc;
    d->derived++;
    d->orders += draft->kind == ENTRY_ORDER_NEW;
    return add(d, draft, err);
}

static enum err_code propose_broker(void *context, struct entry *draft, struct err *err)
{
    struct desk *const d = context;

    d->fills += entry_family(draft->kind) == FAMILY_FILL && draft->kind != ENTRY_FILL_DEPOSIT;
    const enum err_code rc = desk_add(d, d->broker->actor, draft, err);
    return rc || !engine_answers_at_once(&d->book, draft) ? rc : desk_answer(d, draft, err);
}

enum err_code desk_answer(struct desk *d, const struct entry *trigger, struct err *err)
{
    const struct proposals sink = {propose_derived, next_seq, d};
    struct entry copy = *trigger;

    d->trigger = &copy;
    const enum err_code rc = engine_answer(&d->book, &copy, &sink, err);
    d->trigger = NULL;
    return rc;
}

enum err_code desk_broker(struct desk *d, struct err *err)
{
    const struct proposals sink = {propose_broker, next_seq, d};

    return broker_moment(d->broker, &d->book, &sink, err);
}

enum err_code desk_statement(struct desk *d, struct err *err)
{
    const struct proposals sink = {propose_broker, next_seq, d};

    return broker_ask_statement(d->broker, &d->book, &sink, err);
}

enum err_code desk_open_account(struct desk *d, struct err *err)
{
    const struct proposals sink = {propose_broker, next_seq, d};

    return d->broker->open_account(d->broker->context, &d->book, &sink, err);
}
