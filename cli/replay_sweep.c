/* ledger replay --sweep: many courses, and a table of what became of them. */
#include "cli/whatif.h"

#include "incident/sweep.h"
#include "ledger/threads.h"

#include <string.h>

static void put_money(int64_t micro)
{
    char text[DECIMAL_TEXT_SIZE];

    decimal_format_fixed(text, micro, MONEY_DECIMALS, 2);
    printf(" %14s", micro == COURSE_UNKNOWN ? "not known" : text);
}

static void put_side(const struct sweep_row *row)
{
    put_money(row->side.profit_micro);
    put_money(row->side.fees_micro);
    put_money(row->side.drawdown_micro);
    put_money(row->side.margin_micro);
    put_money(row->side.exposure_micro);
    printf(" %7llu %7llu\n", (unsigned long long)row->side.orders, (unsigned long long)row->side.filled);
}

/* At least as wide as a number looks good in. */
static int width_of(const struct sweep_axis *axis)
{
    const int length = (int)strlen(axis->path);

    return length < 12 ? 12 : length;
}

static void put_text(const struct whatif *q, const struct sweep *s)
{
    char value[DECIMAL_TEXT_SIZE];

    printf("%sHYPOTHETICAL%s: %zu courses, decided again from entry %llu on%s%s\n", cli_bold(stdout),
           cli_plain(stdout), s->row_count, (unsigned long long)s->from, q->with ? ", with " : "",
           q->with ? q->with : "");
    if (s->configurations)
        printf("%llu configurations are recorded from there on; %s\n", (unsigned long long)s->configurations,
               q->with ? "they are left out" : "each has the settings swept, and else is as it was");
    printf("since the journal began: profit, fees; since the departure: all else\n");
    for (size_t a = 0; a < s->axis_count; a++)
        printf("%*s ", width_of(&s->axes[a]), s->axes[a].path);
    printf("%14s %14s %14s %14s %14s %7s %7s\n", "profit", "fees", "drawdown", "most margin", "most exposure",
           "orders", "filled");
    for (size_t a = 0; a < s->axis_count; a++)
        printf("%*s ", width_of(&s->axes[a]), a ? "" : "as recorded");
    put_side(&s->recorded);
    for (size_t i = 0; i < s->row_count; i++) {
        for (size_t a = 0; a < s->axis_count; a++) {
            decimal_format(value, s->rows[i].values[a], s->axes[a].decimals);
            printf("%*s ", width_of(&s->axes[a]), value);
        }
        if (s->rows[i].is_refused)
            printf("refused: %s\n", s->rows[i].reason);
        else
            put_side(&s->rows[i]);
    }
    for (size_t a = 0; a < s->axis_count; a++) {
        if (sweep_has_no_effect(s, a))
            printf("%s: no effect, whatever its value is\n", s->axes[a].path);
    }
}

static void put_remarks(const struct sweep *s)
{
    char last[DECIMAL_TEXT_SIZE];
    char reached[DECIMAL_TEXT_SIZE];

    for (size_t a = 0; a < s->axis_count; a++) {
        const struct sweep_axis *const axis = &s->axes[a];
        const int64_t newest = axis->first + (int64_t)(axis->count - 1) * axis->step;
        decimal_format(last, axis->last, axis->decimals);
        decimal_format(reached, newest, axis->decimals);
        if (newest != axis->last)
            fprintf(stderr, "remark: %s: the steps do not reach %s; the last value is %s\n", axis->path, last,
                    reached);
    }
}

static void put_quoted(const char *text)
{
    printf(",,,\"");
    for (; *text; text++)
        fputs(*text == '"' ? "\"\"" : (char[]){*text, '\0'}, stdout);
    printf("\"\r\n");
}

static void put_csv(const struct sweep *s)
{
    const struct difference_side *side;
    char text[DECIMAL_TEXT_SIZE];

    for (size_t a = 0; a < s->axis_count; a++)
        printf("%s,", s->axes[a].path);
    printf(
        "profit,realized,fees,equity,cash,most_margin,most_exposure,drawdown,orders,orders_filled,positions,"
        "refused\r\n");
    for (size_t i = 0; i < s->row_count; i++) {
        side = &s->rows[i].side;
        for (size_t a = 0; a < s->axis_count; a++) {
            decimal_format(text, s->rows[i].values[a], s->axes[a].decimals);
            printf("%s,", text);
        }
        const int64_t money[] = {side->profit_micro,   side->realized_micro, side->fees_micro,
                                 side->equity_micro,   side->cash_micro,     side->margin_micro,
                                 side->exposure_micro, side->drawdown_micro};
        for (size_t m = 0; m < sizeof money / sizeof money[0]; m++) {
            decimal_format(text, money[m], MONEY_DECIMALS);
            printf("%s,", s->rows[i].is_refused || money[m] == COURSE_UNKNOWN ? "" : text);
        }
        if (s->rows[i].is_refused)
            put_quoted(s->rows[i].reason);
        else
            printf("%llu,%llu,%u,\r\n", (unsigned long long)side->orders, (unsigned long long)side->filled,
                   side->positions);
    }
}

static void json_row(struct json_out *out, const struct sweep *s, const struct sweep_row *row)
{
    json_out_object(out);
    for (size_t a = 0; a < s->axis_count; a++) {
        json_out_key(out, s->axes[a].path);
        json_out_decimal(out, row->values[a], s->axes[a].decimals);
    }
    json_out_key(out, "refused");
    if (row->is_refused)
        json_out_text(out, row->reason);
    else
        json_out_null(out);
    json_out_key(out, "side");
    if (row->is_refused)
        json_out_null(out);
    else
        whatif_json_side(out, &row->side);
    json_out_object_end(out);
}

static enum err_code put_json(const struct sweep *s, struct journal *j, struct err *err)
{
    struct json_out out;

    json_out_init(&out);
    json_out_object(&out);
    json_out_key(&out, "hypothetical");
    json_out_bool(&out, true);
    json_out_key(&out, "base");
    json_out_text(&out, journal_origin(j));
    json_out_key(&out, "from");
    json_out_u64(&out, s->from);
    json_out_key(&out, "configurations_changed");
    json_out_u64(&out, s->change.configuration ? 0 : s->configurations);
    json_out_key(&out, "configurations_left_out");
    json_out_u64(&out, s->change.configuration ? s->configurations : 0);
    json_out_key(&out, "without_effect");
    json_out_array(&out);
    for (size_t a = 0; a < s->axis_count; a++) {
        if (sweep_has_no_effect(s, a))
            json_out_text(&out, s->axes[a].path);
    }
    json_out_array_end(&out);
    json_out_key(&out, "recorded");
    whatif_json_side(&out, &s->recorded.side);
    json_out_key(&out, "courses");
    json_out_array(&out);
    for (size_t i = 0; i < s->row_count; i++)
        json_row(&out, s, &s->rows[i]);
    json_out_array_end(&out);
    json_out_object_end(&out);
    const enum err_code rc = cli_put_json(&out, err);
    json_out_release(&out);
    return rc;
}

static enum err_code read_axes(const struct whatif *q, struct sweep *s, struct err *err)
{
    enum err_code rc = ERR_OK;

    if (q->sweep_count > SWEEP_AXES_MAX)
        return err_set(err, ERR_USAGE, "--sweep: at most %d settings", SWEEP_AXES_MAX);
    for (size_t i = 0; !rc && i < q->sweep_count; i++) {
        rc = sweep_axis_parse(&s->axes[i], q->sweeps[i], err);
        for (size_t k = 0; !rc && k < i; k++) {
            if (strcmp(s->axes[k].path, s->axes[i].path) == 0)
                rc = err_set(err, ERR_INPUT, "%s is swept twice", s->axes[i].path);
        }
    }
    s->axis_count = q->sweep_count;
    return rc ? err_wrap(err, "--sweep") : ERR_OK;
}

enum err_code whatif_sweep(struct whatif *q, struct journal *j, struct journal_reader *r, struct err *err)
{
    struct sweep s = {.change = q->change};
    struct cli_progress progress;
    enum err_code rc = read_axes(q, &s, err);

    s.change.hypothesis = NULL; /* nothing of these courses is kept */
    cli_progress_init(&progress, "sweep");
    if (!rc)
        rc = sweep_run(&s, j, r, threads_cores(), cli_progress_draw, &progress, err);
    cli_progress_end(&progress);
    if (!rc)
        put_remarks(&s);
    if (!rc && q->json)
        rc = put_json(&s, j, err);
    else if (!rc && q->csv)
        put_csv(&s);
    else if (!rc)
        put_text(q, &s);
    sweep_release(&s);
    return rc;
}
