#include "simulator/script.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE 512

static const struct {
    const char *word;
    const char *arguments;
} forms[] = {
#define ACT(NAME, word, arguments, meaning) {word, arguments},
#include "simulator/acts.def"
#undef ACT
};

void script_add(struct script *s, const struct act *a)
{
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? s->capacity * 2 : 256;
        struct act *const grown = realloc(s->acts, s->capacity * sizeof *grown);
        REQUIRE(grown);
        s->acts = grown;
    }
    s->acts[s->count++] = *a;
}

void script_release(struct script *s)
{
    free(s->acts);
    memset(s, 0, sizeof *s);
}

bool act_is_feed(enum act_kind kind)
{
    return kind >= ACT_QUOTE && kind <= ACT_CLOCK;
}

uint64_t script_moments(const struct script *s)
{
    uint64_t n = 0;

    for (size_t i = 0; i < s->count; i++)
        n += s->acts[i].kind == ACT_CLOCK;
    return n;
}

/* -- as text -------------------------------------------------------------------------------------------- */

static void print_symbol(const struct symbol *s, FILE *out)
{
    for (unsigned i = 0; i < s->length; i++)
        fputc(s->text[i] == ' ' ? '_' : s->text[i], out);
}

static void print_price(int64_t nano, FILE *out)
{
    char text[DECIMAL_TEXT_SIZE];

    if (nano == PRICE_NONE) {
        fputc('-', out);
        return;
    }
    decimal_format(text, nano, PRICE_DECIMALS);
    fputs(text, out);
}

static void print_act(const struct act *a, FILE *out)
{
    char at[INSTANT_TEXT_SIZE];
    unsigned numbers = 0;
    unsigned prices = 0;

    fputs(forms[a->kind].word, out);
    for (const char *form = forms[a->kind].arguments; *form; form++) {
        fputc(' ', out);
        if (*form == 't') {
            instant_format(at, a->at_ns);
            fputs(at, out);
        } else if (*form == 's') {
            print_symbol(&a->symbol, out);
        } else if (*form == 'w') {
            fputs(a->word, out);
        } else if (*form == 'p') {
            print_price(a->price[prices++], out);
        } else {
            fprintf(out, "%" PRId64, a->n[numbers++]);
        }
    }
    fputc('\n', out);
}

void script_print(const struct script *s, FILE *out)
{
    for (size_t i = 0; i < s->count; i++)
        print_act(&s->acts[i], out);
}

static enum err_code read_symbol(struct act *a, char *word, struct err *err)
{
    for (char *c = word; *c; c++) {
        if (*c == '_')
            *c = ' ';
    }
    return symbol_parse(word, strlen(word), &a->symbol, err);
}

static enum err_code read_argument(struct act *a, char form, char *word, unsigned *numbers, unsigned *prices,
                                   struct err *err)
{
    if (!word)
        return err_set(err, ERR_INPUT, "an argument is missing");
    switch (form) {
    case 't': return instant_parse(word, strlen(word), &a->at_ns, err);
    case 's': return read_symbol(a, word, err);
    case 'w':
        if (strlen(word) >= sizeof a->word)
            return err_set(err, ERR_INPUT, "\"%s\" is too long", word);
        memcpy(a->word, word, strlen(word) + 1);
        return ERR_OK;
    case 'p':
        a->price[*prices] = PRICE_NONE;
        if (strcmp(word, "-") != 0)
            return decimal_parse(word, strlen(word), PRICE_DECIMALS, &a->price[(*prices)++], err);
        (*prices)++;
        return ERR_OK;
    default: return decimal_parse(word, strlen(word), 0, &a->n[(*numbers)++], err);
    }
}

static enum err_code read_act(struct act *a, char *line, struct err *err)
{
    char *rest = NULL;
    unsigned numbers = 0;
    unsigned prices = 0;
    enum err_code rc = ERR_OK;
    const char *const word = strtok_r(line, " \n", &rest);

    memset(a, 0, sizeof *a);
    while (a->kind < ACT_KINDS && strcmp(forms[a->kind].word, word) != 0)
        a->kind++;
    if (a->kind == ACT_KINDS)
        return err_set(err, ERR_INPUT, "there is no act \"%s\"", word);
    for (const char *form = forms[a->kind].arguments; !rc && *form; form++)
        rc = read_argument(a, *form, strtok_r(NULL, " \n", &rest), &numbers, &prices, err);
    if (!rc && strtok_r(NULL, " \n", &rest))
        return err_set(err, ERR_INPUT, "there is an argument too many");
    return rc;
}

enum err_code script_read(struct script *s, const char *path, struct err *err)
{
    FILE *const in = fopen(path, "r");
    char line[LINE_SIZE];
    unsigned number = 0;
    enum err_code rc = ERR_OK;

    if (!in)
        return err_set(err, ERR_NOT_FOUND, "%s cannot be read", path);
    while (!rc && fgets(line, sizeof line, in)) {
        struct act a;
        number++;
        if (line[0] == '#' || line[strspn(line, " \n")] == '\0')
            continue;
        rc = read_act(&a, line, err);
        if (!rc)
            script_add(s, &a);
    }
    fclose(in);
    return rc ? err_wrap(err, "%s, line %u", path, number) : ERR_OK;
}
