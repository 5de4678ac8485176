#include "audit/policy.h"

#include <inttypes.h>
#include <string.h>

#define WORDS_MAX (3 + POLICY_NODES_MAX)

/* The file, as far as it has been read. */
struct reading {
    struct policy *policy;
    bool has_quorum;
    size_t count; /* words of the line */
    struct policy_text words[WORDS_MAX];
};

static bool is_text(struct policy_text t, const char *word)
{
    return t.size == strlen(word) && memcmp(t.bytes, word, t.size) == 0;
}

static bool is_same(struct policy_text a, struct policy_text b)
{
    return a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
}

/* For error texts: words may be long. */
static int shown(struct policy_text t)
{
    return t.size < 80 ? (int)t.size : 80;
}

/* -- words ----------------------------------------------------------------------------------------------- */

static enum err_code check_characters(const char *line, size_t length, struct err *err)
{
    for (size_t i = 0; i < length; i++) {
        const unsigned char c = (unsigned char)line[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return err_set(err, ERR_INPUT, "column %zu: the control character %02x", i + 1, c);
    }
    return ERR_OK;
}

static enum err_code split(struct reading *r, const char *line, size_t length, struct err *err)
{
    size_t at = 0;

    r->count = 0;
    for (;;) {
        while (at < length && (line[at] == ' ' || line[at] == '\t'))
            at++;
        if (at == length || (r->count == 0 && line[at] == '#'))
            return ERR_OK;
        if (r->count == WORDS_MAX)
            return err_set(err, ERR_INPUT, "more than %d words", WORDS_MAX);
        const size_t start = at;
        while (at < length && line[at] != ' ' && line[at] != '\t')
            at++;
        r->words[r->count++] = (struct policy_text){line + start, at - start};
    }
}

/* -- keys ------------------------------------------------------------------------------------------------ */

static bool has_key(const struct policy_key *rows, uint32_t count, const struct note_key *key)
{
    for (uint32_t i = 0; i < count; i++) {
        if (memcmp(rows[i].key.public_key, key->public_key, NOTE_PUBLIC_KEY_SIZE) == 0)
            return true;
    }
    return false;
}

/* The key in words[at], and the URL behind it. */
static enum err_code read_key(const struct reading *r, size_t at, struct policy_key *row, struct err *err)
{
    const struct policy *const p = r->policy;
    const enum err_code rc = note_key_parse(&row->key, r->words[at].bytes, r->words[at].size, err);

    if (rc) {
        if (err)
            err->code = ERR_INPUT; /* wrong in what a person gave us, whatever it is */
        return ERR_INPUT;
    }
    if (has_key(p->logs, p->log_count, &row->key) || has_key(p->witnesses, p->witness_count, &row->key))
        return err_set(err, ERR_INPUT, "the key of %s stands in an earlier line already", row->key.name);
    row->url = r->count > at + 1 ? r->words[at + 1] : (struct policy_text){NULL, 0};
    return ERR_OK;
}

static enum err_code read_log(struct reading *r, struct err *err)
{
    struct policy *const p = r->policy;

    if (r->count < 2 || r->count > 3)
        return err_set(err, ERR_INPUT, "a log's line is: log VKEY [URL]");
    if (p->log_count == POLICY_LOGS_MAX)
        return err_set(err, ERR_INPUT, "more than %d logs", POLICY_LOGS_MAX);
    const enum err_code rc = read_key(r, 1, &p->logs[p->log_count], err);
    if (rc)
        return rc;
    if (p->logs[p->log_count].key.type != NOTE_KEY_ED25519)
        return err_set(err, ERR_INPUT, "the key of %s is a witness's (type 04), not a log's",
                       p->logs[p->log_count].key.name);
    p->log_count++;
    return ERR_OK;
}

/* -- names ----------------------------------------------------------------------------------------------- */

static uint32_t find_node(const struct policy *p, struct policy_text name)
{
    for (uint32_t i = 0; i < p->node_count; i++) {
        if (is_same(p->nodes[i].name, name))
            return i;
    }
    return POLICY_NONE;
}

static enum err_code check_new_name(const struct policy *p, struct policy_text name, struct err *err)
{
    if (is_text(name, "none"))
        return err_set(err, ERR_INPUT, "the name \"none\" is taken: it means that nobody need cosign");
    if (find_node(p, name) != POLICY_NONE)
        return err_set(err, ERR_INPUT, "the name \"%.*s\" is defined in an earlier line already", shown(name),
                       name.bytes);
    if (p->node_count == POLICY_NODES_MAX)
        return err_set(err, ERR_INPUT, "more than %d witnesses and groups", POLICY_NODES_MAX);
    return ERR_OK;
}

static enum err_code read_witness(struct reading *r, struct err *err)
{
    struct policy *const p = r->policy;

    if (r->count < 3 || r->count > 4)
        return err_set(err, ERR_INPUT, "a witness's line is: witness NAME VKEY [URL]");
    enum err_code rc = check_new_name(p, r->words[1], err);
    if (!rc && p->witness_count == POLICY_WITNESSES_MAX)
        rc = err_set(err, ERR_INPUT, "more than %d witnesses", POLICY_WITNESSES_MAX);
    if (!rc)
        rc = read_key(r, 2, &p->witnesses[p->witness_count], err);
    if (rc)
        return rc;
    p->nodes[p->node_count++] =
        (struct policy_node){.name = r->words[1], .witness = p->witness_count++, .group = POLICY_NONE};
    return ERR_OK;
}

/* "all", "any", or 1 .. count in decimal. */
static enum err_code read_threshold(struct policy_text word, uint32_t count, uint32_t *threshold,
                                    struct err *err)
{
    uint32_t value = 0;

    if (is_text(word, "all") || is_text(word, "any")) {
        *threshold = is_text(word, "all") ? count : 1;
        return ERR_OK;
    }
    for (size_t i = 0; i < word.size && value <= POLICY_NODES_MAX; i++) {
        if (word.bytes[i] < '0' || word.bytes[i] > '9')
            return err_set(err, ERR_INPUT, "\"%.*s\" is not all, any or a number", shown(word), word.bytes);
        value = value * 10 + (uint32_t)(word.bytes[i] - '0');
    }
    if (word.bytes[0] == '0' || value > count)
        return err_set(err, ERR_INPUT,
                       "\"%.*s\" of %" PRIu32 " members: 1 to %" PRIu32 " of them can be asked", shown(word),
                       word.bytes, count, count);
    *threshold = value;
    return ERR_OK;
}

static enum err_code read_member(struct policy *p, uint32_t group, struct policy_text name, struct err *err)
{
    const uint32_t member = find_node(p, name);

    if (is_text(name, "none"))
        return err_set(err, ERR_INPUT, "\"none\" cannot be a member");
    if (member == POLICY_NONE)
        return err_set(err, ERR_INPUT, "the member \"%.*s\" is not defined in an earlier line", shown(name),
                       name.bytes);
    if (p->nodes[member].group != POLICY_NONE)
        return err_set(err, ERR_INPUT, "\"%.*s\" is a member already: a name counts in one place only",
                       shown(name), name.bytes);
    p->nodes[member].group = group;
    return ERR_OK;
}

static enum err_code read_group(struct reading *r, struct err *err)
{
    struct policy *const p = r->policy;
    struct policy_node *const node = &p->nodes[p->node_count];

    if (r->count < 4)
        return err_set(err, ERR_INPUT, "a group's line is: group NAME all|any|K MEMBER...");
    enum err_code rc = check_new_name(p, r->words[1], err);
    if (rc)
        return rc;
    *node = (struct policy_node){.name = r->words[1], .witness = POLICY_NONE, .group = POLICY_NONE};
    rc = read_threshold(r->words[2], (uint32_t)r->count - 3, &node->threshold, err);
    for (size_t i = 3; i < r->count && !rc; i++)
        rc = read_member(p, p->node_count, r->words[i], err);
    if (!rc)
        p->node_count++;
    return rc;
}

static enum err_code read_quorum(struct reading *r, struct err *err)
{
    if (r->count != 2)
        return err_set(err, ERR_INPUT, "the quorum's line is: quorum NAME, or quorum none");
    if (r->has_quorum)
        return err_set(err, ERR_INPUT, "a second quorum");
    r->has_quorum = true;
    if (is_text(r->words[1], "none"))
        return ERR_OK;
    r->policy->quorum = find_node(r->policy, r->words[1]);
    if (r->policy->quorum == POLICY_NONE)
        return err_set(err, ERR_INPUT, "\"%.*s\" is not defined in an earlier line", shown(r->words[1]),
                       r->words[1].bytes);
    return ERR_OK;
}

/* -- the file -------------------------------------------------------------------------------------------- */

static enum err_code read_line(struct reading *r, const char *line, size_t length, struct err *err)
{
    enum err_code rc = check_characters(line, length, err);

    if (!rc)
        rc = split(r, line, length, err);
    if (rc || r->count == 0)
        return rc;
    if (is_text(r->words[0], "log"))
        return read_log(r, err);
    if (is_text(r->words[0], "witness"))
        return read_witness(r, err);
    if (is_text(r->words[0], "group"))
        return read_group(r, err);
    if (is_text(r->words[0], "quorum"))
        return read_quorum(r, err);
    return err_set(err, ERR_INPUT, "\"%.*s\" is not log, witness, group or quorum", shown(r->words[0]),
                   r->words[0].bytes);
}

enum err_code policy_parse(struct policy *p, const char *text, size_t size, struct err *err)
{
    struct reading r = {.policy = p};
    unsigned number = 0;

    p->log_count = 0;
    p->witness_count = 0;
    p->node_count = 0;
    p->quorum = POLICY_NONE;
    if (size > POLICY_FILE_MAX)
        return err_set(err, ERR_INPUT, "%zu bytes; a policy has at most %d", size, POLICY_FILE_MAX);
    for (size_t at = 0; at < size;) {
        const char *const end = memchr(text + at, '\n', size - at);
        number++;
        /* Cut off inside its last name, a policy could ask for less than its author did. */
        if (!end)
            return err_set(err, ERR_INPUT, "line %u has no end: was the file written whole?", number);
        const size_t length = (size_t)(end - (text + at));
        if (read_line(&r, text + at, length, err))
            return err_wrap(err, "line %u", number);
        at += length + 1;
    }
    if (!r.has_quorum)
        return err_set(err, ERR_INPUT, "line %u: the file ends without a quorum", number + 1);
    return ERR_OK;
}

bool policy_is_met(const struct policy *p, const bool *cosigned)
{
    uint32_t met[POLICY_NODES_MAX] = {0}; /* members of a group that are met */

    if (p->quorum == POLICY_NONE)
        return true;
    for (uint32_t i = 0; i < p->node_count; i++) {
        const struct policy_node *const node = &p->nodes[i];
        const bool is_met =
            node->witness != POLICY_NONE ? cosigned[node->witness] : met[i] >= node->threshold;
        if (i == p->quorum)
            return is_met;
        if (is_met && node->group != POLICY_NONE)
            met[node->group]++;
    }
    return false;
}
