/*
 * Four places of 512 bytes, so that each is a sector of its own. In each lines of text, then spaces, then a line feed.
 *
 *   0                  "ledger guard 1"
 *                      "key " the journal's verifier key (C2SP vkey): its name, its first key
 *   512 (1 + n mod 3)  state number n, n = 1, 2, 3 ...
 *                      "state " n
 *                      "signed " size " " root in base64     the newest tree that is signed and committed
 *                      "next " size " " root, or "next none" a tree that is being signed and committed
 *                      "file " number                        of the journal's file that the writer had open
 *                      "at " instant
 *                      "by " text                            the writer's directory
 *                      "check " SHA-256 in hex               of place 0 and of the lines above
 *
 * Every second state or so is not synced (ledger/guard.h). With three places neither the writing that is under way
 * nor one that was not synced can take away the newest state that was.
 */
#include "ledger/guard_format.h"

#include "ledger/base64.h"
#include "ledger/hex.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ROOT_LENGTH BASE64_LENGTH(HASH_SIZE)

static const char title[] = "ledger guard ";

_Static_assert(sizeof title + 8 + 4 + NOTE_VKEY_TEXT_SIZE + 2 < GUARD_PLACE_SIZE,
               "the first place holds any key");

/* Spaces, and a line feed at the end. */
static void fill(char place[GUARD_PLACE_SIZE], size_t used)
{
    REQUIRE(used < GUARD_PLACE_SIZE);
    memset(place + used, ' ', GUARD_PLACE_SIZE - 1 - used);
    place[GUARD_PLACE_SIZE - 1] = '\n';
}

void guard_head_encode(char place[GUARD_PLACE_SIZE], const char *vkey)
{
    const int used = snprintf(place, GUARD_PLACE_SIZE, "%s%u\nkey %s\n", title, GUARD_VERSION, vkey);

    fill(place, (size_t)used);
}

void guard_by(char by[GUARD_BY_MAX + 1], const char *text)
{
    const size_t length = strlen(text);
    const size_t cut = length > GUARD_BY_MAX ? length - GUARD_BY_MAX : 0;

    for (size_t i = cut; i <= length; i++)
        by[i - cut] = i == length ? '\0' : text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
}

/* -- states ---------------------------------------------------------------------------------------------- */

static struct hash check_of(const char head[GUARD_PLACE_SIZE], const char *lines, size_t size)
{
    struct hash_stream s;

    hash_stream_init(&s);
    hash_stream_add(&s, head, GUARD_PLACE_SIZE);
    hash_stream_add(&s, lines, size);
    return hash_stream_finish(&s);
}

size_t guard_state_encode(char place[GUARD_PLACE_SIZE], const char head[GUARD_PLACE_SIZE],
                          const struct guard_state *state)
{
    char root[ROOT_LENGTH + 1];
    char next[ROOT_LENGTH + 32] = "none";
    char at[INSTANT_TEXT_SIZE];
    char check[HEX_LENGTH(HASH_SIZE) + 1];

    base64_encode(root, state->next.root.bytes, HASH_SIZE);
    if (state->has_next)
        snprintf(next, sizeof next, "%" PRIu64 " %s", state->next.size, root);
    base64_encode(root, state->last.root.bytes, HASH_SIZE);
    instant_format(at, state->at_ns);
    const int lines =
        snprintf(place, GUARD_PLACE_SIZE,
                 "state %" PRIu64 "\nsigned %" PRIu64 " %s\nnext %s\nfile %" PRIu64 "\nat %s\nby %s\n",
                 state->number, state->last.size, root, next, state->file, at, state->by);
    const struct hash h = check_of(head, place, (size_t)lines);
    hex_encode(check, h.bytes, HASH_SIZE);
    const int rest = snprintf(place + lines, GUARD_PLACE_SIZE - (size_t)lines, "check %s\n", check);
    fill(place, (size_t)lines + (size_t)rest);
    return (1 + state->number % GUARD_STATES) * GUARD_PLACE_SIZE;
}

struct lines {
    const char *at;
    const char *end;
    bool bad;
};

/* What stands behind `name` in the next line, borrowed. */
static const char *take(struct lines *l, const char *name, size_t *length)
{
    const size_t named = strlen(name);
    const char *const stop = l->bad ? NULL : memchr(l->at, '\n', (size_t)(l->end - l->at));

    *length = 0;
    if (!stop || (size_t)(stop - l->at) < named || memcmp(l->at, name, named) != 0) {
        l->bad = true;
        return "";
    }
    const char *const value = l->at + named;
    *length = (size_t)(stop - value);
    l->at = stop + 1;
    return value;
}

/* Digits at the beginning; how many: 0 when there are none, or too many. That there is one form is checked at the end. */
static size_t number_at(const char *text, size_t length, uint64_t *value)
{
    size_t n = 0;

    for (*value = 0; n < length && text[n] >= '0' && text[n] <= '9'; n++) {
        const uint64_t digit = (uint64_t)(text[n] - '0');
        if (*value > (UINT64_MAX - digit) / 10)
            return 0;
        *value = *value * 10 + digit;
    }
    return n;
}

static uint64_t take_number(struct lines *l, const char *name)
{
    size_t length;
    uint64_t value = 0;
    const char *const text = take(l, name, &length);

    if (length == 0 || number_at(text, length, &value) != length)
        l->bad = true;
    return value;
}

static void take_tree(struct lines *l, const char *name, struct guard_tree *tree, bool *is_none)
{
    size_t length;
    size_t size = 0;
    const char *const text = take(l, name, &length);

    *is_none = length == 4 && memcmp(text, "none", 4) == 0;
    if (*is_none)
        return;
    const size_t digits = number_at(text, length, &tree->size);
    if (digits == 0 || length != digits + 1 + ROOT_LENGTH ||
        text[digits] != ' ' || /* NOLINT(clang-analyzer-core.*): it is within the length */
        base64_decode(text + digits + 1, ROOT_LENGTH, tree->root.bytes, HASH_SIZE, &size, NULL) ||
        size != HASH_SIZE)
        l->bad = true;
}

static void take_rest(struct lines *l, struct guard_state *s)
{
    size_t length;
    const char *text = take(l, "at ", &length);

    if (instant_parse(text, length, &s->at_ns, NULL))
        l->bad = true;
    text = take(l, "by ", &length);
    if (length > GUARD_BY_MAX) {
        l->bad = true;
        length = 0;
    }
    memcpy(s->by, text, length);
    s->by[length] = '\0';
}

enum err_code guard_state_decode(struct guard_state *state, const char head[GUARD_PLACE_SIZE],
                                 const char place[GUARD_PLACE_SIZE], struct err *err)
{
    struct lines l = {place, place + GUARD_PLACE_SIZE, false};
    char again[GUARD_PLACE_SIZE];
    struct guard_state s;
    bool is_none;

    memset(&s, 0, sizeof s);
    s.number = take_number(&l, "state ");
    take_tree(&l, "signed ", &s.last, &is_none);
    l.bad = l.bad || is_none;
    take_tree(&l, "next ", &s.next, &is_none);
    s.has_next = !is_none;
    s.file = take_number(&l, "file ");
    take_rest(&l, &s);
    if (l.bad)
        return err_set(err, ERR_FORMAT, "a state in it is damaged");
    (void)guard_state_encode(again, head, &s); /* so there is one form, and the check fits */
    if (memcmp(again, place, sizeof again) != 0)
        return err_set(err, ERR_FORMAT, "a state in it is damaged: its check does not fit");
    *state = s;
    return ERR_OK;
}

/* -- the file -------------------------------------------------------------------------------------------- */

static enum err_code decode_head(const char head[GUARD_PLACE_SIZE], char *vkey, struct err *err)
{
    struct lines l = {head, head + GUARD_PLACE_SIZE, false};
    char again[GUARD_PLACE_SIZE];
    struct note_key key;
    size_t length;

    const uint64_t version = take_number(&l, title);
    if (l.bad)
        return err_set(err, ERR_FORMAT, "this is no guard: it does not begin with \"%s%u\"", title,
                       GUARD_VERSION);
    if (version != GUARD_VERSION)
        return err_set(err, ERR_FORMAT,
                       "it is of version %" PRIu64 ", and this program reads %u: use a program of its age",
                       version, GUARD_VERSION);
    const char *const text = take(&l, "key ", &length);
    if (l.bad || length >= NOTE_VKEY_TEXT_SIZE || note_key_parse(&key, text, length, NULL))
        return err_set(err, ERR_FORMAT, "it is damaged: it names no journal");
    memcpy(vkey, text, length);
    vkey[length] = '\0';
    guard_head_encode(again, vkey);
    return memcmp(again, head, sizeof again) == 0 ? ERR_OK
                                                  : err_set(err, ERR_FORMAT, "its beginning is damaged");
}

enum err_code guard_decode(const void *bytes, size_t size, char *vkey, struct guard_state *state,
                           struct err *err)
{
    char found_vkey[NOTE_VKEY_TEXT_SIZE];
    const char *const head = bytes;
    struct guard_state newest = {.number = 0};

    if (size != GUARD_FILE_SIZE)
        return err_set(err, ERR_FORMAT, "this is no guard: it has %zu bytes where a guard has %u", size,
                       GUARD_FILE_SIZE);
    const enum err_code rc = decode_head(head, found_vkey, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < GUARD_STATES; i++) {
        struct guard_state s;
        if (guard_state_decode(&s, head, head + (1 + i) * GUARD_PLACE_SIZE, NULL) == ERR_OK &&
            s.number % GUARD_STATES == i && s.number > newest.number)
            newest = s;
    }
    if (newest.number == 0)
        return err_set(err, ERR_FORMAT, "it is damaged: no state in it is whole");
    memcpy(vkey, found_vkey, sizeof found_vkey);
    *state = newest;
    return ERR_OK;
}
