#include "ledger/restore.h"

void restore_init(struct restore_in *in, const void *bytes, size_t size)
{
    *in = (struct restore_in){.at = bytes, .size = size};
}

void restore_init_pieces(struct restore_in *in, uint64_t total,
                         bool (*more)(void *context, uint32_t piece, const uint8_t **bytes, size_t *size),
                         void *context)
{
    *in = (struct restore_in){.left = total, .more = more, .context = context};
}

uint64_t restore_left(const struct restore_in *in)
{
    return in->size + in->left;
}

bool restore_done(const struct restore_in *in)
{
    return !in->bad && restore_left(in) == 0;
}

enum err_code restore_result(const struct restore_in *in, struct err *err)
{
    return in->bad ? err_set(err, ERR_FORMAT, "its bytes are not what it writes") : ERR_OK;
}

/* The next piece. A store that has other pieces than it said is damaged. */
static bool next_piece(struct restore_in *in)
{
    const uint8_t *bytes = NULL;
    size_t size = 0;

    if (in->left == 0 || !in->more(in->context, in->piece++, &bytes, &size) || size == 0 || size > in->left)
        return false;
    in->at = bytes;
    in->size = size;
    in->left -= size;
    return true;
}

void restore_raw(struct restore_in *in, void *bytes, size_t size)
{
    uint8_t *to = bytes;
    size_t wanted = size;

    in->bad = in->bad || restore_left(in) < size;
    while (!in->bad && wanted > 0) {
        if (in->size == 0 && !next_piece(in)) {
            in->bad = true;
            break;
        }
        const size_t part = wanted < in->size ? wanted : in->size;
        memcpy(to, in->at, part);
        in->at += part;
        in->size -= part;
        to += part;
        wanted -= part;
    }
    if (in->bad && size > 0)
        memset(bytes, 0, size);
}

uint64_t restore_u64(struct restore_in *in)
{
    uint8_t bytes[8];

    if (in->size >= sizeof bytes && !in->bad) {
        const uint64_t v = wire_load_u64(in->at);
        in->at += sizeof bytes;
        in->size -= sizeof bytes;
        return v;
    }
    restore_raw(in, bytes, sizeof bytes);
    return wire_load_u64(bytes);
}

int64_t restore_i64(struct restore_in *in)
{
    return (int64_t)restore_u64(in);
}

uint64_t restore_within(struct restore_in *in, uint64_t least, uint64_t most)
{
    const uint64_t v = restore_u64(in);

    if (!in->bad && v >= least && v <= most)
        return v;
    in->bad = true;
    return least;
}

bool restore_flag(struct restore_in *in)
{
    return restore_within(in, 0, 1) == 1;
}

civil_day restore_day(struct restore_in *in)
{
    const int64_t v = restore_i64(in);

    if (in->bad || v == CIVIL_DAY_NONE)
        return CIVIL_DAY_NONE;
    if (v >= civil_from_ymd(CIVIL_YEAR_MIN, 1, 1) && v <= civil_from_ymd(CIVIL_YEAR_MAX, 12, 31))
        return (civil_day)v;
    in->bad = true;
    return CIVIL_DAY_NONE;
}

uint32_t restore_count(struct restore_in *in, uint64_t row_size, uint32_t most)
{
    const uint64_t v = restore_u64(in);

    REQUIRE(row_size > 0);
    if (!in->bad && v <= most && v <= restore_left(in) / row_size)
        return (uint32_t)v;
    in->bad = true;
    return 0;
}

void restore_bytes(struct restore_in *in, void *bytes, size_t size)
{
    restore_within(in, size, size);
    restore_raw(in, bytes, size);
}

size_t restore_text(struct restore_in *in, void *bytes, size_t capacity)
{
    const size_t size = (size_t)restore_within(in, 0, capacity);

    restore_raw(in, bytes, size);
    return in->bad ? 0 : size;
}

void restore_symbol(struct restore_in *in, struct symbol *s, bool may_be_none)
{
    char text[SYMBOL_OCC_LENGTH];
    const size_t length = restore_text(in, text, sizeof text);

    memset(s, 0, sizeof *s);
    if (in->bad || (length == 0 && may_be_none))
        return;
    if (symbol_parse(text, length, s, NULL)) {
        memset(s, 0, sizeof *s);
        in->bad = true;
    }
}

void restore_id(struct restore_in *in, struct id *id, bool may_be_none)
{
    memset(id, 0, sizeof *id);
    const size_t length = restore_text(in, id->text, ID_MAX);
    bool good = length > 0 || may_be_none;

    for (size_t i = 0; i < length; i++)
        good = good && id->text[i] > 0x20 && id->text[i] < 0x7f;
    if (good && !in->bad) {
        id->length = (uint8_t)length;
        return;
    }
    memset(id, 0, sizeof *id);
    in->bad = true;
}
