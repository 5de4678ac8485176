#include "book/rewinder.h"

#include "book/snapshot.h"

#include <inttypes.h>
#include <stdlib.h>

#define EVERY_DEFAULT  4096u
#define IMAGES_DEFAULT 96u
#define BYTES_DEFAULT  (UINT64_C(256) << 20)
/* Close images are made over this many of their distances before where a move goes. */
#define CLOSE_SPAN     24u
/* Far images: so many over the whole journal. */
#define FAR_PARTS      32u
/* A stored snapshot is looked for where more than this many distances would have to be folded. */
#define STORED_PAYS    8u

struct image {
    uint64_t seq;
    uint8_t *bytes;
    size_t size;
};

struct rewinder {
    struct rewinder_options options;
    struct book book;
    struct image *images; /* in order of seq, each seq once */
    uint32_t count;
    uint64_t bytes;
    uint64_t folded;
};

enum err_code rewinder_new(const struct rewinder_options *options, struct rewinder **w, struct err *err)
{
    struct rewinder *const made = calloc(1, sizeof *made);

    if (!made)
        return err_set(err, ERR_MEMORY, "out of memory");
    if (options)
        made->options = *options;
    if (!made->options.every)
        made->options.every = EVERY_DEFAULT;
    if (!made->options.images)
        made->options.images = IMAGES_DEFAULT;
    if (!made->options.bytes)
        made->options.bytes = BYTES_DEFAULT;
    made->images = calloc(made->options.images, sizeof *made->images);
    const enum err_code rc =
        made->images ? book_init(&made->book, err) : err_set(err, ERR_MEMORY, "out of memory");
    if (rc) {
        free(made->images);
        free(made);
        return rc;
    }
    made->book.snapshots.are_ignored = made->options.from_start;
    *w = made;
    return ERR_OK;
}

void rewinder_free(struct rewinder *w)
{
    if (!w)
        return;
    for (uint32_t i = 0; i < w->count; i++)
        free(w->images[i].bytes);
    free(w->images);
    book_release(&w->book);
    free(w);
}

const struct book *rewinder_book(const struct rewinder *w)
{
    return &w->book;
}

struct rewinder_counts rewinder_counts(const struct rewinder *w)
{
    return (struct rewinder_counts){.images = w->count, .bytes = w->bytes, .folded = w->folded};
}

/* -- images --------------------------------------------------------------------------------------------- */

/* How many images cover an entry up to `seq`. */
static uint32_t images_up_to(const struct rewinder *w, uint64_t seq)
{
    uint32_t count = 0;

    while (count < w->count && w->images[count].seq <= seq)
        count++;
    return count;
}

static uint64_t far_distance(const struct rewinder *w, uint64_t size)
{
    const uint64_t every = w->options.every;

    return (size / FAR_PARTS / every + 1) * every;
}

static uint64_t away(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

static void drop(struct rewinder *w, uint32_t at)
{
    w->bytes -= w->images[at].size;
    free(w->images[at].bytes);
    w->images[at].bytes = NULL;
    w->count--;
    memmove(w->images + at, w->images + at + 1, (w->count - at) * sizeof *w->images);
}

/* The one to do without: the farthest of the close ones, and only without such the farthest of all. */
static uint32_t dispensable(const struct rewinder *w, uint64_t target, uint64_t far)
{
    uint32_t found = 0;
    bool is_close = false;

    for (uint32_t i = 0; i < w->count; i++) {
        const bool close = w->images[i].seq % far != 0;
        const bool farther = away(w->images[i].seq, target) > away(w->images[found].seq, target);
        if (i == 0 || (close && !is_close) || (close == is_close && farther)) {
            found = i;
            is_close = close;
        }
    }
    return found;
}

struct saving {
    uint8_t *at;
    size_t size;
    size_t capacity;
    bool failed;
};

static void save_bytes(void *context, const void *bytes, size_t size)
{
    struct saving *const s = context;

    if (s->failed)
        return;
    if (s->capacity - s->size < size) {
        const size_t capacity = 2 * (s->size + size);
        uint8_t *const grown = realloc(s->at, capacity);
        if (!grown) {
            s->failed = true;
            return;
        }
        s->at = grown;
        s->capacity = capacity;
    }
    memcpy(s->at + s->size, bytes, size);
    s->size += size;
}

/* Keeps the book as it is, if there is memory: without an image going back only takes longer. */
static void keep(struct rewinder *w, uint64_t target, uint64_t far)
{
    const uint64_t seq = book_seq(&w->book);
    const uint32_t before = images_up_to(w, seq);
    const size_t guess = before ? w->images[before - 1].size + 4096 : 65536;
    struct saving s = {.at = malloc(guess), .capacity = guess};
    const struct digest_out out = {save_bytes, &s};

    s.failed = !s.at;
    if (before && w->images[before - 1].seq == seq)
        s.failed = true; /* there is one */
    if (!s.failed)
        book_save(&w->book, &out);
    if (s.failed || s.size > w->options.bytes) {
        free(s.at);
        return;
    }
    uint8_t *const fitting = realloc(s.at, s.size);
    while (w->count && (w->count == w->options.images || w->bytes + s.size > w->options.bytes))
        drop(w, dispensable(w, target, far));
    const uint32_t at = images_up_to(w, seq);
    memmove(w->images + at + 1, w->images + at, (w->count - at) * sizeof *w->images);
    w->images[at] = (struct image){.seq = seq, .bytes = fitting ? fitting : s.at, .size = s.size};
    w->bytes += s.size;
    w->count++;
}

/* -- moving --------------------------------------------------------------------------------------------- */

/* A stored snapshot nearer to `seq` than `best`, when it pays to read one; *taken false: the book is untouched or empty. */
static enum err_code begin_stored(struct rewinder *w, struct journal_reader *r, uint64_t best, uint64_t seq,
                                  bool *taken, struct err *err)
{
    uint64_t covered = 0;
    bool found = false;

    *taken = false;
    if (w->options.from_start || seq - best <= STORED_PAYS * w->options.every)
        return ERR_OK;
    enum err_code rc = snapshot_rows_find(r, seq, &covered, &found, err);
    if (rc || !found || covered <= best)
        return rc;
    book_clear(&w->book);
    rc = snapshot_begin(&w->book, r, seq, INT64_MAX, err);
    *taken = !rc && book_seq(&w->book) > best;
    return rc;
}

/* From the book as it stands, from an image or from a stored snapshot, whatever is nearest; else from entry 1. */
static enum err_code begin(struct rewinder *w, struct journal_reader *r, uint64_t seq, struct err *err)
{
    const uint32_t count = images_up_to(w, seq);
    const struct image *const image = count ? &w->images[count - 1] : NULL;
    const uint64_t now = book_seq(&w->book) <= seq ? book_seq(&w->book) : 0;
    const uint64_t kept = image ? image->seq : 0;
    struct restore_in in;
    bool taken = false;

    const enum err_code rc = begin_stored(w, r, now > kept ? now : kept, seq, &taken, err);
    if (rc || taken || (now && now >= kept && book_seq(&w->book) == now))
        return rc;
    book_clear(&w->book);
    if (!image)
        return ERR_OK;
    restore_init(&in, image->bytes, image->size);
    return book_restore(&w->book, &in, err);
}

/* The next place where an image is worth its while, or `seq`. */
static uint64_t next_stop(const struct rewinder *w, uint64_t seq, uint64_t far)
{
    const uint64_t every = w->options.every;
    const uint64_t now = book_seq(&w->book);
    const uint64_t close = (now / every + 1) * every;
    const uint64_t distant = (now / far + 1) * far;
    const uint64_t first = seq > CLOSE_SPAN * every ? seq - CLOSE_SPAN * every : 0;
    uint64_t stop = close >= first ? close : (first + every - 1) / every * every;

    if (stop > distant)
        stop = distant;
    return stop < seq ? stop : seq;
}

/* What book_load() tells is told of the whole way. */
struct telling {
    book_progress *progress;
    void *context;
    uint64_t total;
};

static void tell(void *context, uint64_t done, uint64_t total)
{
    const struct telling *const t = context;

    (void)total;
    if (t->progress)
        t->progress(t->context, done, t->total);
}

enum err_code rewinder_go(struct rewinder *w, struct journal_reader *r, uint64_t seq, book_progress *progress,
                          void *context, struct err *err)
{
    const uint64_t size = journal_reader_size(r);
    const uint64_t far = far_distance(w, size);
    struct telling telling = {progress, context, seq};

    if (seq > size)
        return err_set(err, ERR_NOT_FOUND, "there is no entry %" PRIu64 "; the newest is %" PRIu64, seq,
                       size);
    enum err_code rc = begin(w, r, seq, err);
    while (!rc && book_seq(&w->book) < seq) {
        const uint64_t before = book_seq(&w->book);
        rc = book_load(&w->book, r, next_stop(w, seq, far), tell, &telling, err);
        const uint64_t now = book_seq(&w->book);
        w->folded += now - before;
        if (!rc && (now % w->options.every == 0 || now % far == 0))
            keep(w, seq, far);
    }
    if (rc)
        book_clear(&w->book);
    return rc;
}
