#include "risk/reconcile.h"

#include <string.h>

void reconcile_init(void *state)
{
    struct reconcile *const r = state;

    memset(r, 0, sizeof *r);
    r->session = CIVIL_DAY_NONE;
    r->newest_session = CIVIL_DAY_NONE;
    r->stated_session = CIVIL_DAY_NONE;
    table_init(&r->fills, sizeof(struct reconcile_fill), sizeof(struct id));
    accounts_init(&r->told);
    table_init(&r->positions, sizeof(struct reconcile_position), sizeof(struct symbol));
    table_init(&r->stated, sizeof(struct reconcile_fill), sizeof(struct id));
    ids_init(&r->statement_ids);
    table_init(&r->breaks, sizeof(struct reconcile_break), sizeof(struct reconcile_key));
    ids_init(&r->bust_ids);
}

void reconcile_release(void *state)
{
    struct reconcile *const r = state;

    table_release(&r->fills);
    accounts_release(&r->told);
    table_release(&r->positions);
    table_release(&r->stated);
    ids_release(&r->statement_ids);
    table_release(&r->breaks);
    ids_release(&r->bust_ids);
}

/* -- our executions --------------------------------------------------------------------------------------- */

static civil_day session_of(const struct reconcile *r, const struct entry *e)
{
    int64_t since_midnight;

    if (e->at_ns == INSTANT_NONE && r->session != CIVIL_DAY_NONE)
        return r->session;
    return instant_new_york_day(e->at_ns != INSTANT_NONE ? e->at_ns : e->recorded_at_ns, &since_midnight);
}

static bool is_kept(civil_day session, civil_day newest)
{
    return newest == CIVIL_DAY_NONE || (int64_t)session >= (int64_t)newest - RECONCILE_DAYS;
}

/* Those that stay when a session begins, in a table of their own, with room for one more. */
static enum err_code keep(const struct table *fills, civil_day newest, struct table *kept, struct err *err)
{
    enum err_code rc = ERR_OK;

    table_init(kept, sizeof(struct reconcile_fill), sizeof(struct id));
    for (uint32_t i = 0; !rc && i < fills->count; i++) {
        const struct reconcile_fill *const f = table_at(fills, i);
        void *row = NULL;
        if (!is_kept(f->session, newest))
            continue;
        rc = table_put(kept, &f->fill_id, &row, err);
        if (!rc)
            memcpy(row, f, sizeof *f);
    }
    if (!rc)
        rc = table_reserve(kept, 1, err);
    if (rc)
        table_release(kept);
    return rc;
}

static bool is_by_broker(const struct reconcile *r, const struct entry *e)
{
    return roles_find(&r->roles, e->actor) == ROLE_BROKER;
}

static bool begins_session(const struct reconcile *r, const struct entry *e)
{
    return e->kind == ENTRY_FILL_EXECUTION && r->newest_session != CIVIL_DAY_NONE &&
           session_of(r, e) > r->newest_session;
}

/* There is room for it. */
static void on_execution(struct reconcile *r, const struct entry *e)
{
    const struct entry_fill_execution *const x = &e->as.fill_execution;
    const civil_day session = session_of(r, e);
    struct reconcile_fill *f = table_find(&r->fills, &x->fill_id);
    void *row = NULL;

    if (f) {
        f->is_brokers = f->is_brokers || is_by_broker(r, e); /* the fact is told again */
        return;
    }
    if (!is_kept(session, r->newest_session))
        return;
    const enum err_code rc = table_put(&r->fills, &x->fill_id, &row, NULL);
    REQUIRE(rc == ERR_OK);
    f = row;
    f->symbol = x->symbol;
    f->side = x->side;
    f->qty = x->qty;
    f->price_nano = x->price;
    f->fee_micro = x->fee;
    f->session = session;
    f->seq = e->seq;
    f->is_brokers = is_by_broker(r, e);
    if (r->newest_session == CIVIL_DAY_NONE || session > r->newest_session)
        r->newest_session = session;
}

/* What is paid in is paid in at the broker's, whoever tells it. */
static enum err_code on_fill(struct reconcile *r, const struct entry *e, struct err *err)
{
    const bool begins = begins_session(r, e);
    struct table kept;
    enum err_code rc =
        begins ? keep(&r->fills, session_of(r, e), &kept, err) : table_reserve(&r->fills, 1, err);

    if (rc)
        return rc;
    if (is_by_broker(r, e) || e->kind == ENTRY_FILL_DEPOSIT)
        rc = accounts_apply(&r->told, e, err);
    if (rc) {
        if (begins)
            table_release(&kept);
        return rc;
    }
    if (begins) {
        table_release(&r->fills);
        r->fills = kept;
    }
    if (e->kind == ENTRY_FILL_EXECUTION)
        on_execution(r, e);
    return ERR_OK;
}

/* -- statements ------------------------------------------------------------------------------------------- */

static bool may_state(const struct reconcile *r, uint32_t actor)
{
    const enum role role = roles_find(&r->roles, actor);

    return role == ROLE_BROKER || role_is_person(role);
}

bool reconcile_is_asked(const struct reconcile *r, const struct entry *e)
{
    return e->kind == ENTRY_PERCEPTION_STATEMENT && may_state(r, e->actor);
}

/* Rows of the same statement, which is not over yet, go on; others begin. */
static void begin_rows(struct reconcile *r, const struct id *statement_id, uint32_t actor, bool is_over)
{
    if (!is_over && id_equal(&r->statement_id, statement_id) && r->statement_actor == actor)
        return;
    r->statement_id = *statement_id;
    r->statement_actor = actor;
    r->position_rows = 0;
    r->fill_rows = 0;
    table_release(&r->positions);
    table_release(&r->stated);
    table_init(&r->positions, sizeof(struct reconcile_position), sizeof(struct symbol));
    table_init(&r->stated, sizeof(struct reconcile_fill), sizeof(struct id));
}

static bool rows_are_over(const struct reconcile *r)
{
    return ids_has(&r->statement_ids, &r->statement_id);
}

/* What does not fit is as far off as can be: the statement is a fact, and a sum of it is not refused. */
static int64_t add_up(int64_t a, int64_t b)
{
    int64_t sum = a < 0 ? -INT64_MAX : INT64_MAX;

    if (decimal_add(a, b, &sum, NULL) || sum == INT64_MIN)
        return a < 0 ? -INT64_MAX : INT64_MAX;
    return sum;
}

static enum err_code on_stated_position(struct reconcile *r, const struct entry *e, struct err *err)
{
    const struct entry_perception_stated_position *const p = &e->as.perception_stated_position;
    void *row = NULL;

    begin_rows(r, &p->statement_id, e->actor, r->statement_id.length && rows_are_over(r));
    const enum err_code rc = table_put(&r->positions, &p->symbol, &row, err);
    if (rc)
        return rc;
    struct reconcile_position *const found = row;
    found->qty = add_up(found->qty, p->side == SIDE_SELL ? -p->qty : p->qty);
    found->seq = e->seq;
    r->position_rows++;
    return ERR_OK;
}

static enum err_code on_stated_fill(struct reconcile *r, const struct entry *e, struct err *err)
{
    const struct entry_perception_stated_fill *const s = &e->as.perception_stated_fill;
    void *row = NULL;

    begin_rows(r, &s->statement_id, e->actor, r->statement_id.length && rows_are_over(r));
    const enum err_code rc = table_put(&r->stated, &s->fill_id, &row, err);
    if (rc)
        return rc;
    struct reconcile_fill *const f = row;
    f->symbol = s->symbol;
    f->side = s->side;
    f->qty = s->qty;
    f->price_nano = s->price;
    f->fee_micro = s->fee;
    f->session = CIVIL_DAY_NONE;
    f->seq = e->seq;
    r->fill_rows++;
    return ERR_OK;
}

static enum err_code on_statement(struct reconcile *r, const struct entry *e, struct err *err)
{
    const struct entry_perception_statement *const s = &e->as.perception_statement;
    const enum err_code rc = ids_reserve(&r->statement_ids, err);

    if (rc)
        return rc;
    begin_rows(r, &s->statement_id, e->actor, ids_has(&r->statement_ids, &s->statement_id));
    r->statement_seq = e->seq;
    r->cash_micro = s->cash;
    r->stated_session = s->session;
    r->counted_positions = s->positions;
    r->counted_fills = s->fills;
    r->is_complete = r->position_rows == (uint64_t)s->positions && r->fill_rows == (uint64_t)s->fills;
    return ids_add(&r->statement_ids, &s->statement_id, err);
}

/* -- breaks ----------------------------------------------------------------------------------------------- */

static uint32_t topic_of(const struct checks *checks)
{
    const struct id *const name = &checks->rows[0].name;

    if (checks->count == 0)
        return RECONCILE_OF_STATEMENT;
    if (id_is(name, RECONCILE_CASH))
        return RECONCILE_OF_CASH;
    if (id_is(name, RECONCILE_POSITION))
        return RECONCILE_OF_POSITION;
    if (id_is(name, RECONCILE_FILL_MISSING) || id_is(name, RECONCILE_FILL_UNKNOWN) ||
        id_is(name, RECONCILE_FILL_DIFFERS))
        return RECONCILE_OF_FILL;
    if (strncmp(name->text, RECONCILE_BUST, sizeof RECONCILE_BUST - 1) == 0)
        return RECONCILE_OF_BUST;
    return RECONCILE_OF_STATEMENT;
}

void reconcile_key_of(const struct entry_risk_break *b, struct reconcile_key *key)
{
    memset(key, 0, sizeof *key);
    key->topic = topic_of(&b->checks);
    key->about = b->break_id; /* one about what no id can name is about itself alone */
    if (b->about.length == 0 || b->about.length > ID_MAX)
        return;
    for (uint16_t i = 0; i < b->about.length; i++) {
        /* An option's symbol has spaces inside. */
        if (b->about.bytes[i] < 0x20 || b->about.bytes[i] > 0x7e)
            return;
    }
    memset(&key->about, 0, sizeof key->about);
    key->about.length = (uint8_t)b->about.length;
    memcpy(key->about.text, b->about.bytes, b->about.length);
}

int64_t reconcile_apart(int64_t a, int64_t b)
{
    int64_t v;

    if (a == CHECK_VALUE_NONE || decimal_sub(a, b, &v, NULL) || v == INT64_MIN)
        return CHECK_VALUE_NONE;
    return v < 0 ? -v : v;
}

static const struct check *row_of(const struct checks *checks, const char *name)
{
    for (unsigned i = 0; i < checks->count; i++) {
        if (id_is(&checks->rows[i].name, name))
            return &checks->rows[i];
    }
    return NULL;
}

static int64_t gap_of(const struct check *c)
{
    return c ? reconcile_apart(c->value, c->bound) : CHECK_VALUE_NONE;
}

int64_t reconcile_sum(int64_t a, int64_t b)
{
    int64_t sum = CHECK_VALUE_NONE;

    if (a == CHECK_VALUE_NONE || b == CHECK_VALUE_NONE || decimal_add(a, b, &sum, NULL))
        return CHECK_VALUE_NONE;
    return sum;
}

/* Of two instruments nothing cancels out. */
static int64_t gap_of_fill(const struct checks *checks)
{
    const struct check *const notional = row_of(checks, "notional");
    const int64_t fee = gap_of(row_of(checks, "fee"));

    if (!row_of(checks, "symbol"))
        return reconcile_sum(gap_of(notional), fee);
    if (!notional || notional->value == CHECK_VALUE_NONE)
        return CHECK_VALUE_NONE;
    return reconcile_sum(
        reconcile_sum(reconcile_apart(notional->value, 0), reconcile_apart(notional->bound, 0)), fee);
}

int64_t reconcile_gap(enum reconcile_topic topic, const struct checks *checks)
{
    switch (topic) {
    case RECONCILE_OF_CASH: return gap_of(row_of(checks, RECONCILE_CASH));
    case RECONCILE_OF_POSITION: return gap_of(row_of(checks, RECONCILE_POSITION));
    case RECONCILE_OF_FILL: return gap_of_fill(checks);
    case RECONCILE_OF_STATEMENT:
    case RECONCILE_OF_BUST: break; /* who knows which of the two is wrong, and by how much */
    }
    return CHECK_VALUE_NONE;
}

/* Nobody has corrected anything because a statement lies nearer: what was told once counts. */
static void widen(struct reconcile_break *k, uint64_t seq)
{
    const int64_t gap = reconcile_gap((enum reconcile_topic)k->key.topic, &k->checks);
    const bool is_wider = gap == CHECK_VALUE_NONE || gap > k->widest_gap;

    if (k->widest_seq && (k->widest_gap == CHECK_VALUE_NONE || !is_wider))
        return;
    k->widest_gap = gap;
    k->widest_seq = seq;
}

static enum err_code on_break(struct reconcile *r, const struct entry *e, struct err *err)
{
    const struct entry_risk_break *const b = &e->as.risk_break;
    struct reconcile_key key;
    void *row = NULL;

    reconcile_key_of(b, &key);
    enum err_code rc = ids_reserve(&r->bust_ids, err);
    if (!rc)
        rc = table_put(&r->breaks, &key, &row, err);
    if (!rc && key.topic == RECONCILE_OF_BUST)
        rc = ids_add(&r->bust_ids, &key.about, err);
    if (rc)
        return rc;
    struct reconcile_break *const k = row;
    if (!k->opened_seq) {
        k->break_id = b->break_id;
        k->opened_seq = e->seq;
        k->opened_at_ns = e->at_ns;
        k->opened_recorded_at_ns = e->recorded_at_ns;
    }
    k->statement_id = b->statement_id;
    k->owner = b->owner;
    k->ours = (uint64_t)b->ours;
    k->theirs = (uint64_t)b->theirs;
    k->told_seq = e->seq;
    k->checks = b->checks;
    widen(k, e->seq);
    return ERR_OK;
}

const struct reconcile_break *reconcile_find(const struct reconcile *r, const struct id *break_id)
{
    for (uint32_t i = 0; i < r->breaks.count; i++) {
        const struct reconcile_break *const b = table_at(&r->breaks, i);
        if (id_equal(&b->break_id, break_id))
            return b;
    }
    return NULL;
}

const struct reconcile_break *reconcile_about(const struct reconcile *r, const struct reconcile_key *key)
{
    return table_find(&r->breaks, key);
}

static enum err_code check_side(const char *name, int64_t named, uint64_t known, uint64_t seq,
                                struct err *err)
{
    if (known && !named)
        return err_set(err, ERR_INPUT,
                       "%s: the break has entry %llu on that side, so an entry is to be named", name,
                       (unsigned long long)known);
    if ((uint64_t)named >= seq)
        return err_set(err, ERR_INPUT, "%s: there is no entry %lld yet", name, (long long)named);
    return ERR_OK;
}

enum err_code reconcile_check_correction(const struct reconcile *r, const struct entry_control_correction *c,
                                         uint64_t seq, struct err *err)
{
    const struct reconcile_break *const b = reconcile_find(r, &c->break_id);

    if (!b)
        return err_set(err, ERR_NOT_FOUND, "no break %s is open", c->break_id.text);
    if (!c->ours && !c->theirs)
        return err_set(err, ERR_INPUT, "ours, theirs: at least one of them names an entry");
    if (c->ours == c->theirs)
        return err_set(err, ERR_INPUT, "ours, theirs: the two sides are two entries, not entry %lld twice",
                       (long long)c->ours);
    enum err_code rc = check_side("ours", c->ours, b->ours, seq, err);
    if (!rc)
        rc = check_side("theirs", c->theirs, b->theirs, seq, err);
    return rc;
}

static enum err_code on_correction(struct reconcile *r, const struct entry *e, struct err *err)
{
    const struct entry_control_correction *const c = &e->as.control_correction;
    struct table left;
    enum err_code rc = ERR_OK;

    if (reconcile_check_correction(r, c, e->seq, NULL))
        return ERR_OK;
    table_init(&left, sizeof(struct reconcile_break), sizeof(struct reconcile_key));
    for (uint32_t i = 0; !rc && i < r->breaks.count; i++) {
        const struct reconcile_break *const b = table_at(&r->breaks, i);
        void *row = NULL;
        if (id_equal(&b->break_id, &c->break_id))
            continue;
        rc = table_put(&left, &b->key, &row, err);
        if (!rc)
            memcpy(row, b, sizeof *b);
    }
    if (rc) {
        table_release(&left);
        return rc;
    }
    table_release(&r->breaks);
    r->breaks = left;
    return ERR_OK;
}

/* -- all of it -------------------------------------------------------------------------------------------- */

enum err_code reconcile_apply(void *state, const struct entry *e, struct err *err)
{
    struct reconcile *const r = state;

    switch (e->kind) {
    case ENTRY_CONTROL_GENESIS:
    case ENTRY_CONTROL_ACTOR: roles_apply(&r->roles, e); return ERR_OK;
    case ENTRY_PERCEPTION_CLOCK: r->session = e->as.perception_clock.session; return ERR_OK;
    case ENTRY_PERCEPTION_STATED_POSITION:
        return may_state(r, e->actor) ? on_stated_position(r, e, err) : ERR_OK;
    case ENTRY_PERCEPTION_STATED_FILL: return may_state(r, e->actor) ? on_stated_fill(r, e, err) : ERR_OK;
    case ENTRY_PERCEPTION_STATEMENT: return may_state(r, e->actor) ? on_statement(r, e, err) : ERR_OK;
    case ENTRY_RISK_BREAK: return on_break(r, e, err);
    case ENTRY_CONTROL_CORRECTION: return on_correction(r, e, err);
    case ENTRY_FILL_EXECUTION:
    case ENTRY_FILL_ASSIGNMENT:
    case ENTRY_FILL_EXERCISE:
    case ENTRY_FILL_EXPIRATION:
    case ENTRY_FILL_SETTLEMENT:
    case ENTRY_FILL_DEPOSIT:
    case ENTRY_FILL_BUST:
    case ENTRY_FILL_DIVIDEND:
    case ENTRY_FILL_SPLIT: return on_fill(r, e, err);
    case ENTRY_PERCEPTION_QUOTE: /* what the market does, and what is decided, is in no statement */
    case ENTRY_PERCEPTION_BAR:
    case ENTRY_PERCEPTION_MARK:
    case ENTRY_PERCEPTION_OPEN_INTEREST:
    case ENTRY_PERCEPTION_DATA_QUALITY:
    case ENTRY_PERCEPTION_CLOCK_QUALITY:
    case ENTRY_PERCEPTION_TRADING_STATUS:
    case ENTRY_DECISION_CANDIDATES:
    case ENTRY_DECISION_ENTER:
    case ENTRY_DECISION_EXIT:
    case ENTRY_DECISION_NO_TRADE:
    case ENTRY_RISK_VERDICT:
    case ENTRY_RISK_BREAKER_TRIP:
    case ENTRY_RISK_EQUITY:
    case ENTRY_ORDER_NEW: /* an order is no fill */
    case ENTRY_ORDER_ACKNOWLEDGED:
    case ENTRY_ORDER_CANCEL:
    case ENTRY_ORDER_CANCELLED:
    case ENTRY_ORDER_REJECTED:
    case ENTRY_ORDER_EXPIRED:
    case ENTRY_CONTROL_CONFIGURATION:
    case ENTRY_CONTROL_RUN:
    case ENTRY_CONTROL_RUN_END:
    case ENTRY_CONTROL_SOURCE:
    case ENTRY_CONTROL_STOP:
    case ENTRY_CONTROL_RESUME: /* ends no break */
    case ENTRY_CONTROL_NOTE:
    case ENTRY_CONTROL_SNAPSHOT:
    case ENTRY_CONTROL_KEY:
    case ENTRY_CONTROL_REVOCATION:
    case ENTRY_CONTROL_ACTOR_KEY:
    case ENTRY_CONTROL_PROPOSAL:
    case ENTRY_CONTROL_APPROVAL:
    case ENTRY_CONTROL_RECOVERY:
    case ENTRY_CONTROL_HOLD:
    case ENTRY_CONTROL_DISPOSAL:
    case ENTRY_CONTROL_SESSION:
    case ENTRY_CONTROL_OVERRIDE:
    case ENTRY_CONTROL_HYPOTHESIS:
    case ENTRY_CONTROL_HEARTBEAT: break;
    }
    return ERR_OK;
}

const struct replay_row reconcile_row = {
    .name = "reconcile",
    .size = sizeof(struct reconcile),
    .init = reconcile_init,
    .apply = reconcile_apply,
    .digest = reconcile_digest,
    .release = reconcile_release,
    .restore = reconcile_restore,
    .version = 3,
};
