#include "cli/seal_timestamp.h"

#include "gateway/timestamp_http.h"
#include "ledger/wire.h"

#include <inttypes.h>
#include <stdlib.h>

#define RECORDED_AT  16 /* in an entry's header */
#define CLOCK_REMARK (5 * NS_PER_SECOND)

static enum err_code find_recorded_at(struct journal *j, uint64_t seq, int64_t *at_ns, struct err *err)
{
    struct journal_reader *r = NULL;
    struct journal_record record;

    enum err_code rc = journal_reader_begin(j, &r, err);
    if (!rc)
        rc = journal_reader_get(r, seq, &record, err);
    if (!rc)
        *at_ns = (int64_t)wire_load_u64(record.bytes + RECORDED_AT);
    journal_reader_end(r);
    return rc;
}

static void tell(const struct seal *seal, uint32_t number, const struct timestamp_http_answer *a)
{
    const int64_t now_ns = cli_now_ns();
    const int64_t off_ns =
        now_ns > a->timestamp.at_ns ? now_ns - a->timestamp.at_ns : a->timestamp.at_ns - now_ns;
    char at[INSTANT_TEXT_SIZE];

    instant_format(at, a->timestamp.at_ns);
    fprintf(stderr, "seal %" PRIu64 ": timestamp %" PRIu32 " of %s", seal->size, number, at);
    if (a->signer[0])
        fprintf(stderr, ", by %s\n", a->signer);
    else
        fputs("; whose word it is was not asked: give the authority's certificates with --tsa-ca\n", stderr);
    if (off_ns > CLOCK_REMARK + a->timestamp.accuracy_ns)
        fprintf(stderr, "The authority's clock and this machine's are %" PRId64 " seconds apart.\n",
                off_ns / NS_PER_SECOND);
}

enum err_code seal_timestamp_obtain(struct journal *j, const struct seal *seal, const char *url,
                                    const char *chain, unsigned timeout_s, struct err *err)
{
    struct timestamp_http_answer *const a = malloc(sizeof *a);
    struct timestamp_http_request request = {.url = url,
                                             .note = seal->note,
                                             .note_size = seal->note_size,
                                             .chain_file = chain,
                                             .timeout_s = timeout_s};
    uint32_t number = 0;

    if (!a)
        return err_set(err, ERR_MEMORY, "out of memory");
    enum err_code rc = find_recorded_at(j, seal->size, &request.recorded_at_ns, err);
    if (!rc)
        rc = timestamp_http_obtain(&request, a, err);
    if (!rc)
        rc = journal_add_timestamp(j, seal->size, a->token, a->token_size, &number, err);
    if (!rc)
        tell(seal, number, a);
    free(a);
    return rc;
}

/* -- writing one out ------------------------------------------------------------------------------------- */

static enum err_code find_token(struct journal_reader *r, uint64_t size, const char *number_text,
                                struct journal_timestamp *t, struct err *err)
{
    uint64_t wanted = 0;
    bool found = false;
    enum err_code rc = ERR_OK;

    if (number_text)
        rc = cli_parse_u64("--number", number_text, &wanted, err);
    if (!rc && wanted > UINT32_MAX)
        wanted = UINT32_MAX;
    if (!rc)
        rc = journal_reader_timestamp(r, size, (uint32_t)wanted, t, &found, err);
    if (rc)
        return rc;
    if (!found || t->size != size || (number_text && t->number != wanted))
        return err_set(err, ERR_NOT_FOUND, "seal %" PRIu64 " has no timestamp%s%s", size,
                       number_text ? " of number " : "; one is asked for with: ledger seal --timestamp URL",
                       number_text ? number_text : "");
    for (struct journal_timestamp next = *t; !rc && found && !number_text;) {
        rc = journal_reader_timestamp(r, size, t->number + 1, &next, &found, err);
        found = found && next.size == size;
        if (!rc && found)
            *t = next;
    }
    return rc;
}

enum err_code seal_timestamp_write(struct journal *j, const struct seal *seal, const char *number,
                                   const char *path, struct err *err)
{
    struct journal_reader *r = NULL;
    struct journal_timestamp t = {.size = 0};

    enum err_code rc = journal_reader_begin(j, &r, err);
    if (!rc)
        rc = find_token(r, seal->size, number, &t, err);
    if (!rc)
        rc = cli_write_new(path, t.token, t.token_size, err);
    journal_reader_end(r);
    return rc;
}
