#include "ledger/settings.h"

#include <string.h>

/* One value of any type, so that a setting is checked whole before the struct is touched. */
union value {
    int64_t number;
    bool flag;
    struct symbol_list symbols;
    struct symbol_map map;
    struct id name;
};

static int decimals_of(enum setting_type type)
{
    switch (type) {
    case SETTING_PRICE: return PRICE_DECIMALS;
    case SETTING_MONEY: return MONEY_DECIMALS;
    case SETTING_RATE: return RATE_DECIMALS;
    case SETTING_COUNT:
    case SETTING_FLAG:
    case SETTING_SYMBOLS:
    case SETTING_MAP:
    case SETTING_NAME: break;
    }
    return 0;
}

static int64_t bound_of(const struct setting *s, const char *text)
{
    int64_t v = 0;

    /* The table is ours: a bound that does not parse is a broken promise. */
    const enum err_code rc = decimal_parse(text, strlen(text), decimals_of(s->type), &v, NULL);
    REQUIRE(rc == ERR_OK);
    return v;
}

static enum err_code parse_number(const struct setting *s, const char *text, size_t length, int64_t *number,
                                  struct err *err)
{
    int64_t v;

    const enum err_code rc = decimal_parse(text, length, decimals_of(s->type), &v, err);
    if (rc)
        return rc;
    if (s->type == SETTING_PRICE && v == PRICE_NONE)
        return err_set(err, ERR_INPUT, "out of range for a price");
    if (s->least && v < bound_of(s, s->least))
        return err_set(err, ERR_INPUT, "%.*s is below the least that is allowed, %s", (int)length, text,
                       s->least);
    if (s->most && v > bound_of(s, s->most))
        return err_set(err, ERR_INPUT, "%.*s is above the most that is allowed, %s", (int)length, text,
                       s->most);
    *number = v;
    return ERR_OK;
}

static enum err_code parse_flag(const char *text, size_t length, bool *flag, struct err *err)
{
    if (length == 4 && memcmp(text, "true", 4) == 0)
        *flag = true;
    else if (length == 5 && memcmp(text, "false", 5) == 0)
        *flag = false;
    else
        return err_set(err, ERR_INPUT, "must be true or false");
    return ERR_OK;
}

/* The next comma-separated item from *at on; false at the end. An empty text has no items. */
static bool next_item(const char *text, size_t length, size_t *at, const char **item, size_t *item_length)
{
    if (*at > length || length == 0)
        return false;
    *item = text + *at;
    const char *const comma = memchr(*item, ',', length - *at);
    *item_length = comma ? (size_t)(comma - *item) : length - *at;
    *at += *item_length + 1;
    return true;
}

static enum err_code parse_symbols(const char *text, size_t length, struct symbol_list *list, struct err *err)
{
    const char *item;
    size_t item_length;
    size_t at = 0;

    list->count = 0;
    while (next_item(text, length, &at, &item, &item_length)) {
        struct symbol s;
        if (list->count == SYMBOL_LIST_MAX)
            return err_set(err, ERR_INPUT, "more than %d symbols", SYMBOL_LIST_MAX);
        if (symbol_parse(item, item_length, &s, err))
            return err_wrap(err, "symbol %u", list->count + 1);
        for (uint32_t i = 0; i < list->count; i++) {
            if (symbol_equal(&list->rows[i], &s))
                return err_set(err, ERR_INPUT, "symbol %u: %s is there already", list->count + 1, s.text);
        }
        list->rows[list->count++] = s;
    }
    return ERR_OK;
}

static enum err_code check_map_text(const char *text, size_t length, struct err *err)
{
    if (length == 0)
        return err_set(err, ERR_INPUT, "no text after the ':'");
    if (length > SYMBOL_MAP_TEXT_MAX)
        return err_set(err, ERR_INPUT, "a text of more than %d characters", SYMBOL_MAP_TEXT_MAX);
    for (size_t i = 0; i < length; i++) {
        const bool edge = i == 0 || i + 1 == length || text[i - 1] == ' ';
        if (text[i] == ' ' ? edge : text[i] < 0x21 || text[i] > 0x7e || text[i] == ':' || text[i] == '=')
            return err_set(err, ERR_INPUT,
                           "character %zu of the text: visible ASCII and single spaces inside, "
                           "no ',' ':' or '='",
                           i + 1);
    }
    return ERR_OK;
}

/* Keeps the rows sorted, so that one meaning has one canonical text. */
static enum err_code map_insert(struct symbol_map *map, const struct symbol *s, const char *text,
                                size_t length, struct err *err)
{
    uint32_t place = map->count;

    if (symbol_map_find(map, s))
        return err_set(err, ERR_INPUT, "%s is there already", s->text);
    for (; place > 0 && symbol_compare(&map->rows[place - 1].symbol, s) > 0; place--)
        map->rows[place] = map->rows[place - 1];
    map->rows[place].symbol = *s;
    memset(map->rows[place].text, 0, sizeof map->rows[place].text);
    memcpy(map->rows[place].text, text, length);
    map->count++;
    return ERR_OK;
}

static enum err_code parse_map(const char *text, size_t length, struct symbol_map *map, struct err *err)
{
    const char *item;
    size_t item_length;
    size_t at = 0;

    map->count = 0;
    while (next_item(text, length, &at, &item, &item_length)) {
        struct symbol s;
        if (map->count == SYMBOL_MAP_MAX)
            return err_set(err, ERR_INPUT, "more than %d symbols", SYMBOL_MAP_MAX);
        const char *const colon = memchr(item, ':', item_length);
        if (!colon)
            return err_set(err, ERR_INPUT, "row %u: must be SYMBOL:TEXT", map->count + 1);
        const size_t key_length = (size_t)(colon - item);
        const size_t text_length = item_length - key_length - 1;
        enum err_code rc = symbol_parse(item, key_length, &s, err);
        if (!rc)
            rc = check_map_text(colon + 1, text_length, err);
        if (!rc)
            rc = map_insert(map, &s, colon + 1, text_length, err);
        if (rc) {
            err_wrap(err, "row %u", map->count + 1);
            return rc;
        }
    }
    return ERR_OK;
}

static enum err_code parse_name(const char *text, size_t length, struct id *name, struct err *err)
{
    if (length == 0 || length > ID_MAX)
        return err_set(err, ERR_INPUT, "a name has 1 to %d characters", ID_MAX);
    for (size_t i = 0; i < length; i++) {
        if (text[i] < 0x21 || text[i] > 0x7e)
            return err_set(err, ERR_INPUT, "character %zu: visible ASCII only", i + 1);
    }
    name->length = (uint8_t)length;
    memcpy(name->text, text, length);
    return ERR_OK;
}

const char *symbol_map_find(const struct symbol_map *m, const struct symbol *s)
{
    for (uint32_t i = 0; i < m->count; i++) {
        if (symbol_equal(&m->rows[i].symbol, s))
            return m->rows[i].text;
    }
    return NULL;
}

static size_t size_of(enum setting_type type)
{
    switch (type) {
    case SETTING_PRICE:
    case SETTING_MONEY:
    case SETTING_RATE:
    case SETTING_COUNT: return sizeof(int64_t);
    case SETTING_FLAG: return sizeof(bool);
    case SETTING_SYMBOLS: return sizeof(struct symbol_list);
    case SETTING_MAP: return sizeof(struct symbol_map);
    case SETTING_NAME: return sizeof(struct id);
    }
    return 0;
}

static enum err_code parse_value(const struct setting *s, const char *text, size_t length, union value *v,
                                 struct err *err)
{
    memset(v, 0, sizeof *v); /* rows past count are zero: equal settings are equal bytes */
    switch (s->type) {
    case SETTING_PRICE:
    case SETTING_MONEY:
    case SETTING_RATE:
    case SETTING_COUNT: return parse_number(s, text, length, &v->number, err);
    case SETTING_FLAG: return parse_flag(text, length, &v->flag, err);
    case SETTING_SYMBOLS: return parse_symbols(text, length, &v->symbols, err);
    case SETTING_MAP: return parse_map(text, length, &v->map, err);
    case SETTING_NAME: return parse_name(text, length, &v->name, err);
    }
    return err_set(err, ERR_INPUT, "a setting of unknown type");
}

void settings_defaults(const struct setting_group *group, void *target)
{
    for (size_t i = 0; i < group->count; i++) {
        const struct setting *const s = &group->rows[i];
        union value v;
        const enum err_code rc = parse_value(s, s->initial, strlen(s->initial), &v, NULL);
        REQUIRE(rc == ERR_OK);
        memcpy((uint8_t *)target + group->offset + s->offset, &v, size_of(s->type));
    }
}

enum err_code settings_set(const struct setting_group *group, void *target, const char *path,
                           const char *value, size_t value_length, struct err *err)
{
    for (size_t i = 0; i < group->count; i++) {
        const struct setting *const s = &group->rows[i];
        union value v;
        if (strcmp(s->path, path) != 0)
            continue;
        const enum err_code rc = parse_value(s, value, value_length, &v, err);
        if (rc) {
            err_wrap(err, "%s", path);
            return rc;
        }
        memcpy((uint8_t *)target + group->offset + s->offset, &v, size_of(s->type));
        return ERR_OK;
    }
    return err_set(err, ERR_NOT_FOUND, "%s: there is no such setting", path);
}

/* -- canonical text ------------------------------------------------------------------------------------- */

struct writer {
    char *out;
    size_t capacity; /* with the terminator */
    size_t length;
    bool bad;
};

static void write_text(struct writer *w, const char *text)
{
    const size_t length = strlen(text);

    if (w->bad || length >= w->capacity - w->length) {
        w->bad = true;
        return;
    }
    memcpy(w->out + w->length, text, length + 1);
    w->length += length;
}

static void write_number(struct writer *w, int64_t v, int decimals)
{
    char text[DECIMAL_TEXT_SIZE];

    decimal_format(text, v, decimals);
    write_text(w, text);
}

static void write_symbols(struct writer *w, const struct symbol_list *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        write_text(w, i ? "," : "");
        write_text(w, list->rows[i].text);
    }
}

static void write_map(struct writer *w, const struct symbol_map *map)
{
    for (uint32_t i = 0; i < map->count; i++) {
        write_text(w, i ? "," : "");
        write_text(w, map->rows[i].symbol.text);
        write_text(w, ":");
        write_text(w, map->rows[i].text);
    }
}

enum err_code settings_get(const struct setting_group *group, const void *target, size_t index, char *out,
                           size_t capacity, struct err *err)
{
    REQUIRE(index < group->count);
    const struct setting *const s = &group->rows[index];
    struct writer w = {out, capacity, 0, capacity == 0};
    union value v;

    memcpy(&v, (const uint8_t *)target + group->offset + s->offset, size_of(s->type));
    write_text(&w, "");
    switch (s->type) {
    case SETTING_PRICE:
    case SETTING_MONEY:
    case SETTING_RATE:
    case SETTING_COUNT: write_number(&w, v.number, decimals_of(s->type)); break;
    case SETTING_FLAG: write_text(&w, v.flag ? "true" : "false"); break;
    case SETTING_SYMBOLS: write_symbols(&w, &v.symbols); break;
    case SETTING_MAP: write_map(&w, &v.map); break;
    case SETTING_NAME: write_text(&w, v.name.text); break;
    }
    if (w.bad)
        return err_set(err, ERR_RANGE, "%s: the value needs more than %zu bytes", s->path, capacity);
    return ERR_OK;
}
