#include "states.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum how { OUT, IN, PREFIX, SUFFIX, SCATTERED, HOWS };

static void *memory(size_t count, size_t size)
{
    void *const m = calloc(count + 1, size);

    if (!m) {
        fprintf(stderr, "out of memory\n");
        exit(2);
    }
    return m;
}

uint64_t states_roll(uint64_t *dice)
{
    uint64_t z = *dice += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint64_t word;

    for (; size >= sizeof word; size -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    for (; size > 0; size--, at++)
        hash = (hash ^ *at) * UINT64_C(0x100000001b3);
    return hash;
}

/* -- the plan ------------------------------------------------------------------------------------------- */

/* A file that no name leads to, now or by a change that may be on the disk, is of no interest. */
static bool has_name(const struct disk *d, size_t node)
{
    for (size_t i = 0; i < d->durable.count; i++) {
        if (d->durable.rows[i].node == node)
            return true;
    }
    for (size_t i = 0; i < d->naming_count; i++) {
        if (d->namings[i].node == node || d->namings[i].node2 == node)
            return true;
    }
    return false;
}

void states_plan_init(struct states_plan *p, const struct disk *d, uint64_t seed, size_t point)
{
    size_t most = d->naming_count;

    *p = (struct states_plan){.disk = d, .seed = seed, .point = point};
    for (size_t n = 0; n < d->node_count; n++)
        most += d->nodes[n].change_count;
    p->units = memory(most, sizeof *p->units);
    for (size_t n = 0; n < d->node_count; n++) {
        for (size_t i = 0; i < d->nodes[n].change_count && has_name(d, n); i++)
            p->units[p->count++] = (struct states_unit){.node = n, .index = i};
    }
    for (size_t i = 0; i < d->naming_count; i++)
        p->units[p->count++] = (struct states_unit){.index = i, .is_naming = true};
}

void states_plan_release(struct states_plan *p)
{
    free(p->units);
}

/* -- choosing ------------------------------------------------------------------------------------------- */

static void fill(struct states_state *s, const struct states_plan *p, enum how how)
{
    memset(s->how, (int)how, p->count);
}

/* Each unit left out, each alone, and each torn in three ways with the others there or not: 8 a unit. */
static void choose_in_order(struct states_state *s, const struct states_plan *p, uint64_t n)
{
    static const enum how ways[8][2] = {{IN, OUT},       {OUT, IN},     {IN, PREFIX},  {IN, SUFFIX},
                                        {IN, SCATTERED}, {OUT, PREFIX}, {OUT, SUFFIX}, {OUT, SCATTERED}};
    const uint64_t way = n / p->count;

    fill(s, p, ways[way][0]);
    s->how[n % p->count] = (uint8_t)ways[way][1];
}

static void choose_by_dice(struct states_state *s, const struct states_plan *p)
{
    static const unsigned chances[] = {3, 16, 32, 48, 61}; /* of 64, that a change is there */
    const unsigned chance = chances[states_roll(&s->dice) % 5];
    const unsigned torn = states_roll(&s->dice) % 3 == 0 ? 0 : 16;

    for (size_t i = 0; i < p->count; i++) {
        const uint64_t roll = states_roll(&s->dice);
        s->how[i] = roll % 64 < chance ? IN : OUT;
        if ((roll >> 8) % 64 < torn)
            s->how[i] = (uint8_t)(PREFIX + (roll >> 16) % 3);
    }
}

/* 0: nothing. 1: everything. Then the orderly ones and those by dice, in turns. */
static void choose(struct states_state *s, const struct states_plan *p)
{
    const uint64_t turn = (s->number - 2) / 2;

    if (s->number <= 1)
        fill(s, p, s->number ? IN : OUT);
    else if (s->number % 2 == 0 && turn < 8 * (uint64_t)p->count)
        choose_in_order(s, p, turn);
    else
        choose_by_dice(s, p);
}

/* -- building ------------------------------------------------------------------------------------------- */

static bool takes_sector(enum how how, uint64_t sector, uint64_t count, uint64_t cut, uint64_t *dice)
{
    switch (how) {
    case OUT: return false;
    case IN: return true;
    case PREFIX: return sector < cut;
    case SUFFIX: return sector >= count - cut;
    case SCATTERED: return states_roll(dice) & 1;
    case HOWS: break;
    }
    return false;
}

static void apply_change(struct states_image *image, const struct disk_change *c, enum how how,
                         uint64_t *dice)
{
    const uint64_t cut = c->count > 1 ? 1 + states_roll(dice) % (c->count - 1) : 1;

    for (uint64_t i = 0; i < c->count; i++) {
        if (takes_sector(how, i, c->count, cut, dice) && !c->dead[i])
            memcpy(image->bytes + (c->first + i) * DISK_SECTOR, c->after + i * DISK_SECTOR, DISK_SECTOR);
    }
}

/* The size after the last change that is there; sometimes another that the file has had since it was synced. */
static uint64_t choose_size(const struct disk_node *n, uint64_t last, bool is_dice, uint64_t *dice)
{
    const uint64_t roll = states_roll(dice);

    if (!is_dice || roll % 4 < 2)
        return last;
    if (roll % 4 == 2)
        return n->durable_size;
    const uint64_t other = n->changes[(roll >> 8) % n->change_count].size_after;
    const uint64_t low = other < n->durable_size ? other : n->durable_size;
    const uint64_t high = other < n->durable_size ? n->durable_size : other;
    return (roll >> 40) % 2 ? other : low + (roll >> 41) % ((high - low) / DISK_SECTOR + 1) * DISK_SECTOR;
}

static void build_image(struct states_state *s, const struct states_plan *p, size_t node)
{
    const struct disk_node *const n = &p->disk->nodes[node];
    struct states_image *const image = &s->images[s->image_count];
    uint64_t size = n->durable_size;

    if (s->image_count > 0 && s->images[s->image_count - 1].node == node)
        return;
    image->node = node;
    image->bytes = memory(n->used, 1);
    if (n->used > 0)
        memcpy(image->bytes, n->durable, n->used);
    for (size_t u = 0; u < p->count; u++) {
        if (p->units[u].is_naming || p->units[u].node != node || s->how[u] == OUT)
            continue;
        const struct disk_change *const c = &n->changes[p->units[u].index];
        apply_change(image, c, s->how[u], &s->dice);
        size = c->size_after;
    }
    image->size = choose_size(n, size, s->number > 1, &s->dice);
    s->hash = hash_bytes(s->hash, &image->size, sizeof image->size);
    for (size_t i = 0; i < n->change_count; i++)
        s->hash = hash_bytes(s->hash, image->bytes + n->changes[i].first * DISK_SECTOR,
                             n->changes[i].count * DISK_SECTOR);
    s->image_count++;
}

static void build_names(struct states_state *s, const struct states_plan *p)
{
    disk_names_copy(&s->names, p->disk);
    for (size_t u = 0; u < p->count; u++) {
        const bool is_there = s->how[u] != OUT && (s->how[u] == IN || states_roll(&s->dice) & 1);
        if (p->units[u].is_naming && is_there) {
            disk_names_change(&s->names, &p->disk->namings[p->units[u].index]);
            s->hash = hash_bytes(s->hash, &u, sizeof u);
        }
    }
}

void states_make(struct states_state *s, const struct states_plan *p, uint64_t number)
{
    *s = (struct states_state){.number = number, .hash = p->point + 1};
    s->dice = p->seed ^ (UINT64_C(0x2545f4914f6cdd1d) * (p->point + 1)) ^ (number << 40);
    s->how = memory(p->count, 1);
    s->images = memory(p->count, sizeof *s->images);
    if (p->count > 0)
        choose(s, p);
    build_names(s, p);
    for (size_t u = 0; u < p->count; u++) {
        if (!p->units[u].is_naming)
            build_image(s, p, p->units[u].node);
    }
}

void states_release(struct states_state *s)
{
    for (size_t i = 0; i < s->image_count; i++)
        free(s->images[i].bytes);
    free(s->images);
    free(s->how);
    disk_names_release(&s->names);
}

/* -- writing -------------------------------------------------------------------------------------------- */

static void stop(const char *what)
{
    perror(what);
    exit(2);
}

/* Zeros are left out: the file is cut to its size, and what is never written reads as zero. */
static void write_file(int dir, const char *name, const uint8_t *bytes, uint64_t used, uint64_t size)
{
    enum { STEP = 4096 };
    static const uint8_t zeros[STEP];
    const int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0)
        stop(name);
    used = used < size ? used : size;
    for (uint64_t at = 0; at < used; at += STEP) {
        const size_t n = used - at < STEP ? (size_t)(used - at) : STEP;
        if (memcmp(bytes + at, zeros, n) != 0 && pwrite(fd, bytes + at, n, (off_t)at) != (ssize_t)n)
            stop(name);
    }
    if (ftruncate(fd, (off_t)size) != 0)
        stop(name);
    close(fd);
}

/* A file that only running processes gave a meaning to: gone, empty, zeros, or whatever else was in memory. */
static void write_scratch(int dir, const char *name, uint64_t dice)
{
    uint8_t bytes[12288] = {0};
    const uint64_t way = states_roll(&dice) % 4;
    const uint64_t size = way == 3 ? states_roll(&dice) % sizeof bytes : 8192;

    for (size_t i = 0; i < sizeof bytes && way == 3; i++)
        bytes[i] = (uint8_t)(states_roll(&dice) >> 32);
    if (way > 0)
        write_file(dir, name, bytes, sizeof bytes, way == 1 ? 0 : size);
}

static void write_node(const struct states_state *s, const struct states_plan *p, int dir, const char *name,
                       size_t node)
{
    const struct disk_node *const n = &p->disk->nodes[node];

    if (n->is_scratch) {
        write_scratch(dir, name, s->dice);
        return;
    }
    for (size_t i = 0; i < s->image_count; i++) {
        if (s->images[i].node == node) {
            write_file(dir, name, s->images[i].bytes, n->used, s->images[i].size);
            return;
        }
    }
    write_file(dir, name, n->durable, n->used, n->durable_size);
}

static void write_folder(const struct states_state *s, const struct states_plan *p, int dir, size_t folder,
                         int depth)
{
    for (size_t i = 0; i < s->names.count && depth < 8; i++) {
        const struct disk_name *const row = &s->names.rows[i];
        if (row->dir != folder)
            continue;
        if (!p->disk->nodes[row->node].is_folder) {
            write_node(s, p, dir, row->name, row->node);
            continue;
        }
        const int inner = mkdirat(dir, row->name, 0700) == 0
                              ? openat(dir, row->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                              : -1;
        if (inner < 0)
            stop(row->name);
        write_folder(s, p, inner, row->node, depth + 1);
        close(inner);
    }
}

void states_write(const struct states_state *s, const struct states_plan *p, const char *dir)
{
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        stop(dir);
    write_folder(s, p, fd, DISK_ROOT, 0);
    close(fd);
}

void states_describe(const struct states_state *s, const struct states_plan *p, FILE *out)
{
    static const char *const words[HOWS] = {"not on disk", "on disk", "its first part on disk",
                                            "its last part on disk", "some of its sectors on disk"};

    for (size_t u = 0; u < p->count; u++) {
        if (p->units[u].is_naming) {
            const struct disk_naming *const n = &p->disk->namings[p->units[u].index];
            fprintf(out, "  record %zu, name %s%s%s: %s\n", n->record, n->what->name,
                    n->what->name2[0] ? " -> " : "", n->what->name2,
                    s->how[u] == OUT  ? words[OUT]
                    : s->how[u] == IN ? words[IN]
                                      : "by the dice");
            continue;
        }
        const struct disk_node *const n = &p->disk->nodes[p->units[u].node];
        const struct disk_change *const c = &n->changes[p->units[u].index];
        fprintf(out, "  record %zu, %s, %" PRIu64 " sectors from %" PRIu64 ", size then %" PRIu64 ": %s\n",
                c->record, n->name, c->count, c->first, c->size_after, words[s->how[u]]);
    }
    for (size_t i = 0; i < s->image_count; i++)
        fprintf(out, "  %s: %" PRIu64 " bytes\n", p->disk->nodes[s->images[i].node].name, s->images[i].size);
}
