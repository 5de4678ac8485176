/* Entry to JSON: the table's fields in the table's order, one function for each shape of value. */
#include "ledger/entry_json.h"

#include "ledger/base64.h"
#include "ledger/decimal.h"
#include "ledger/entry_rows.h"

static void put_choice(struct json_out *out, const char *const *names, const void *p)
{
    json_out_text(out, names[*(const unsigned *)p]);
}

static void put_id(struct json_out *out, const struct id *id)
{
    json_out_string(out, id->text, id->length);
}

static void put_symbol(struct json_out *out, const struct symbol *symbol)
{
    json_out_string(out, symbol->text, symbol->length);
}

static void put_amount(struct json_out *out, enum unit unit, int64_t value)
{
    if (value == CHECK_VALUE_NONE)
        json_out_null(out);
    else if (unit == UNIT_FLAG)
        json_out_bool(out, value != 0);
    else if (unit == UNIT_COUNT || unit == UNIT_SECONDS)
        json_out_i64(out, value);
    else
        json_out_decimal(out, value, entry_rows_decimals(unit));
}

static void put_row_field(struct json_out *out, const struct row_field *f, const void *row)
{
    const void *const p = (const uint8_t *)row + f->offset;

    switch (f->type) {
    case ROW_ID: put_id(out, p); break;
    case ROW_SYMBOL: put_symbol(out, p); break;
    case ROW_PRICE: json_out_decimal(out, *(const int64_t *)p, PRICE_DECIMALS); break;
    case ROW_MONEY: json_out_decimal(out, *(const int64_t *)p, MONEY_DECIMALS); break;
    case ROW_RATE: json_out_decimal(out, *(const int64_t *)p, RATE_DECIMALS); break;
    case ROW_COUNT:
    case ROW_INTEGER: json_out_i64(out, *(const int64_t *)p); break;
    case ROW_BOOL: json_out_bool(out, *(const bool *)p); break;
    case ROW_ROLE: put_choice(out, entry_enum_names(FIELD_ROLE), p); break;
    case ROW_UNIT: put_choice(out, entry_unit_names(), p); break;
    case ROW_RULE: put_choice(out, entry_rule_names(), p); break;
    case ROW_KEY: json_out_hex(out, p, 32); break;
    case ROW_AMOUNT: put_amount(out, ((const struct check *)row)->unit, *(const int64_t *)p); break;
    }
}

static void put_list(struct json_out *out, enum field_type type, const void *list)
{
    const struct entry_rows *const shape = entry_rows_find(type);
    const uint8_t *const rows = (const uint8_t *)list + shape->rows_offset;
    const unsigned count = *(const uint8_t *)list; /* every list struct begins with it */

    json_out_array(out);
    for (unsigned i = 0; i < count; i++) {
        json_out_object(out);
        for (size_t k = 0; k < shape->field_count; k++) {
            json_out_key(out, shape->fields[k].name);
            put_row_field(out, &shape->fields[k], rows + i * shape->row_size);
        }
        json_out_object_end(out);
    }
    json_out_array_end(out);
}

static void put_price_opt(struct json_out *out, int64_t price)
{
    if (price == PRICE_NONE)
        json_out_null(out);
    else
        json_out_decimal(out, price, PRICE_DECIMALS);
}

static void put_field(struct json_out *out, enum field_type type, const void *p)
{
    switch (type) {
    case FIELD_SYMBOL: put_symbol(out, p); break;
    case FIELD_ID: put_id(out, p); break;
    case FIELD_TEXT:
        json_out_string(out, ((const struct text *)p)->bytes, ((const struct text *)p)->length);
        break;
    case FIELD_BLOB:
        json_out_hex(out, ((const struct blob *)p)->bytes, ((const struct blob *)p)->length);
        break;
    case FIELD_PRICE: json_out_decimal(out, *(const int64_t *)p, PRICE_DECIMALS); break;
    case FIELD_PRICE_OPT: put_price_opt(out, *(const int64_t *)p); break;
    case FIELD_MONEY: json_out_decimal(out, *(const int64_t *)p, MONEY_DECIMALS); break;
    case FIELD_RATE: json_out_decimal(out, *(const int64_t *)p, RATE_DECIMALS); break;
    case FIELD_QTY:
    case FIELD_COUNT: json_out_i64(out, *(const int64_t *)p); break;
    case FIELD_DAY: json_out_day(out, *(const civil_day *)p); break;
    case FIELD_BOOL: json_out_bool(out, *(const bool *)p); break;
    case FIELD_DIGEST:
    case FIELD_KEY: json_out_hex(out, p, 32); break;
    case FIELD_SIDE:
    case FIELD_ORDER_TYPE:
    case FIELD_MARK:
    case FIELD_PHASE:
    case FIELD_FINDING:
    case FIELD_EXIT_RULE:
    case FIELD_ROLE: put_choice(out, entry_enum_names(type), p); break;
    case FIELD_CHECKS:
    case FIELD_COUNTS:
    case FIELD_CANDIDATES:
    case FIELD_ACTORS: put_list(out, type, p); break;
    }
}

static void put_header(struct json_out *out, const struct entry *e, const struct entry_kind_info *info,
                       const struct actors *actors, enum entry_json_form form)
{
    if (form == ENTRY_JSON_FULL) {
        json_out_key(out, "seq");
        json_out_u64(out, e->seq);
        json_out_key(out, "recorded_at");
        json_out_instant(out, e->recorded_at_ns);
    }
    json_out_key(out, "kind");
    json_out_text(out, info->text);
    json_out_key(out, "actor");
    json_out_text(out, actors_name(actors, e->actor));
    if (e->cause) {
        json_out_key(out, "cause");
        json_out_u64(out, e->cause);
    }
    if (e->at_ns != INSTANT_NONE) {
        json_out_key(out, "at");
        json_out_instant(out, e->at_ns);
    }
}

void entry_to_json(const struct entry *e, const struct actors *actors, enum entry_json_form form,
                   struct json_out *out)
{
    const struct entry_kind_info *const info = entry_kind_find((unsigned)e->kind);
    char signature[BASE64_LENGTH(ENTRY_SIGNATURE_SIZE) + 1];

    REQUIRE(info);
    json_out_object(out);
    put_header(out, e, info, actors, form);
    json_out_key(out, "body");
    json_out_object(out);
    for (size_t i = 0; i < info->field_count; i++) {
        json_out_key(out, info->fields[i].name);
        put_field(out, info->fields[i].type, (const uint8_t *)&e->as + info->fields[i].offset);
    }
    json_out_object_end(out);
    if (e->is_signed) {
        json_out_key(out, "signature");
        json_out_string(out, signature, base64_encode(signature, e->signature, sizeof e->signature));
    }
    json_out_object_end(out);
}
