#include "gateway/broker.h"

#include <stdio.h>

/* The session is over, what there was to decide is decided, and nobody has stated anything since. */
static bool statement_is_due(const struct broker *broker, const struct book *b)
{
    const struct view_clock *const clock = &b->view->clock;

    return broker->statement && b->configuration->configuration.risk.reconcile_at_close &&
           clock->phase == PHASE_CLOSE && b->run->pending_seq == 0 &&
           b->reconcile->statement_seq < clock->seq;
}

enum err_code broker_ask_statement(const struct broker *broker, const struct book *b,
                                   const struct proposals *out, struct err *err)
{
    char text[ID_MAX];

    if (!broker->statement)
        return err_set(err, ERR_INPUT, "%s gives no statements; its file can be taken in", broker->actor);
    snprintf(text, sizeof text, "statement-%llu", (unsigned long long)out->next_seq(out->context));
    const struct id statement_id = id_from(text);
    return broker->statement(broker->context, b, &statement_id, out, err);
}

enum err_code broker_moment(const struct broker *broker, const struct book *b, const struct proposals *out,
                            struct err *err)
{
    const enum err_code rc = broker->work(broker->context, b, out, err);

    return rc || !statement_is_due(broker, b) ? rc : broker_ask_statement(broker, b, out, err);
}
