#include "gateway/lean_folder.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_NAMES 6

static const char *resolution_name(enum lean_resolution r)
{
    static const char *const NAMES[] = {"minute", "hour", "daily"};

    return NAMES[r];
}

static const char *kind_name(enum lean_kind k)
{
    static const char *const NAMES[] = {"", "quote", "trade", "openinterest"};

    return NAMES[k];
}

static int year_month_day(civil_day d, int *year)
{
    int month = 0;
    int day = 0;

    civil_to_ymd(d, year, &month, &day);
    return *year * 10000 + month * 100 + day;
}

struct lean_path lean_folder_underlying(const struct lean_listing *listing, enum lean_resolution resolution,
                                        enum lean_kind kind, civil_day d)
{
    const char *const class = listing->is_index ? "index" : "equity";
    struct lean_path path;
    int year = 0;

    if (resolution == LEAN_MINUTE)
        snprintf(path.text, sizeof path.text, "%s/usa/minute/%s/%08d_%s.zip", class, listing->ticker,
                 year_month_day(d, &year), kind_name(kind));
    else
        snprintf(path.text, sizeof path.text, "%s/usa/%s/%s.zip", class, resolution_name(resolution),
                 listing->ticker);
    return path;
}

struct lean_path lean_folder_option(const char *dir, bool is_index, const char *root,
                                    enum lean_resolution resolution, enum lean_kind kind, civil_day d)
{
    const char *const class = is_index ? "indexoption" : "option";
    const char *const style = is_index ? "european" : "american";
    struct lean_path path;
    struct lean_path twice;
    int year = 0;
    const int date = year_month_day(d, &year);

    if (resolution == LEAN_MINUTE)
        snprintf(path.text, sizeof path.text, "%s/usa/minute/%s/%08d_%s_%s.zip", class, root, date,
                 kind_name(kind), style);
    else
        snprintf(path.text, sizeof path.text, "%s/usa/%s/%s_%d_%s_%s.zip", class, resolution_name(resolution),
                 root, year, kind_name(kind), style);
    if (source_file_exists(dir, path.text))
        return path;
    snprintf(twice.text, sizeof twice.text, "%.500s.zip", path.text);
    return source_file_exists(dir, twice.text) ? twice : path;
}

struct lean_path lean_folder_map(const char *ticker)
{
    struct lean_path path;

    snprintf(path.text, sizeof path.text, "equity/usa/map_files/%s.csv", ticker);
    return path;
}

struct lean_path lean_folder_factors(const char *ticker)
{
    struct lean_path path;

    snprintf(path.text, sizeof path.text, "equity/usa/factor_files/%s.csv", ticker);
    return path;
}

/* What is in the folder where a file is missing. */
struct neighbours {
    civil_day wanted;
    civil_day before;
    civil_day after;
    char names[SHOWN_NAMES][64]; /* the first by name */
    size_t name_count;
    size_t file_count;
};

/* Keeps the first few names in order, whatever order the folder gives them in. */
static void keep_name(struct neighbours *n, const char *name)
{
    size_t at = n->name_count;

    while (at > 0 && strcmp(name, n->names[at - 1]) < 0)
        at--;
    if (at >= SHOWN_NAMES)
        return;
    const size_t last = n->name_count < SHOWN_NAMES ? n->name_count++ : SHOWN_NAMES - 1;
    memmove(&n->names[at + 1], &n->names[at], (last - at) * sizeof n->names[0]);
    const size_t length = strnlen(name, sizeof n->names[at] - 1); /* a longer one is shown cut */
    memcpy(n->names[at], name, length);
    n->names[at][length] = '\0';
}

static void look_at(struct neighbours *n, const char *name, const char *suffix)
{
    civil_day d = 0;

    if (name[0] == '.')
        return;
    n->file_count++;
    keep_name(n, name);
    if (strlen(name) <= 8 || strncmp(name + 8, suffix, strlen(suffix)) != 0 || civil_parse(name, 8, &d, NULL))
        return;
    if (d < n->wanted && (n->before == CIVIL_DAY_NONE || d > n->before))
        n->before = d;
    if (d > n->wanted && (n->after == CIVIL_DAY_NONE || d < n->after))
        n->after = d;
}

static enum err_code missing_day(const char *path, const struct neighbours *n, const char *hint,
                                 struct err *err)
{
    char before[INSTANT_TEXT_SIZE];
    char after[INSTANT_TEXT_SIZE];

    civil_format(before, n->before);
    civil_format(after, n->after);
    if (n->before == CIVIL_DAY_NONE && n->after == CIVIL_DAY_NONE)
        return err_set(err, ERR_NOT_FOUND, "%s is not there, and no such file of another day%s", path, hint);
    if (n->before != CIVIL_DAY_NONE && n->after != CIVIL_DAY_NONE)
        return err_set(err, ERR_NOT_FOUND, "%s is not there; the nearest days are %s and %s%s", path, before,
                       after, hint);
    return err_set(err, ERR_NOT_FOUND, "%s is not there; the nearest day is %s%s", path,
                   n->before != CIVIL_DAY_NONE ? before : after, hint);
}

static enum err_code missing_name(const char *path, const struct neighbours *n, const char *hint,
                                  struct err *err)
{
    char list[SHOWN_NAMES * 66] = "";
    size_t used = 0;

    for (size_t i = 0; i < n->name_count; i++) {
        const int k = snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", n->names[i]);
        used += k > 0 ? (size_t)k : 0;
    }
    return err_set(err, ERR_NOT_FOUND, "%s is not there; its folder holds %s%s%s", path,
                   n->file_count ? list : "nothing", n->file_count > n->name_count ? " ..." : "", hint);
}

enum err_code lean_folder_missing(const char *dir, const char *path, const char *hint, struct err *err)
{
    struct neighbours n = {.wanted = CIVIL_DAY_NONE, .before = CIVIL_DAY_NONE, .after = CIVIL_DAY_NONE};
    char folder[4608];
    const char *const slash = strrchr(path, '/');

    REQUIRE(slash);
    const char *const name = slash + 1;
    const bool dated = strlen(name) > 8 && civil_parse(name, 8, &n.wanted, NULL) == ERR_OK;
    snprintf(folder, sizeof folder, "%.4000s/%.*s", dir, (int)(slash - path), path);
    DIR *const d = opendir(folder);
    if (!d)
        return err_set(err, ERR_NOT_FOUND, "%s is not there, nor is its folder (%s)%s", path, folder, hint);
    for (const struct dirent *e = readdir(d); e; e = readdir(d))
        look_at(&n, e->d_name, dated ? name + 8 : "");
    closedir(d);
    return dated ? missing_day(path, &n, hint, err) : missing_name(path, &n, hint, err);
}
