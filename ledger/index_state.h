/*
 * What the files of the index share; nobody else includes this.
 *
 *   index_lmdb.c  the file and its transactions    index_batch.c  postings of a batch, in memory
 *   index_rows.c  its rows                         index_list.c   the postings of one key, as runs
 *   index.c       opening, catching up             index_walk.c   asking
 *                                                  index_check.c  comparing with the entries
 */
#ifndef LEDGER_INDEX_STATE_H
#define LEDGER_INDEX_STATE_H

#include "ledger/hash.h"
#include "ledger/index.h"
#include "ledger/postings.h"
#include "ledger/table.h"

enum index_number { /* on disk: add at the end, never renumber */
                    INDEX_OF_META = 0,
                    INDEX_OF_KIND,  /* u16 kind */
                    INDEX_OF_ACTOR, /* u32 id */
                    INDEX_OF_SYMBOL, /* the symbol's text; an option's entry also stands under its underlying */
                    INDEX_OF_ORDER, /* the order's id */
                    INDEX_OF_CAUSE, /* u64 seq */
                    INDEX_OF_WHEN, /* nothing: one row for each INDEX_SPAN entries, i64 earliest, i64 latest filter_when_ns() */
                    INDEX_NUMBERS
};

#define INDEX_SPAN     1024u
#define INDEX_TEXT_MAX ID_MAX

/* What postings are about. Zero-filled past length, so that bytes compare. */
struct index_key {
    uint8_t number; /* enum index_number */
    uint8_t length;
    uint8_t bytes[INDEX_TEXT_MAX];
};

struct index_key index_key_number(enum index_number number, uint64_t value);
struct index_key index_key_text(enum index_number number, const char *text, size_t length);
#define INDEX_KEY_TEXT_SIZE 128
/* "symbol GOOG", "kind fill.execution": for messages. Returns `out`. */
const char *index_key_format(char out[INDEX_KEY_TEXT_SIZE], const struct index_key *key);

/* -- the file (index_lmdb.c) ---------------------------------------------------------------------------- */

struct index_file;
struct index_txn;

struct index_meta {
    uint64_t indexed;    /* entries 1 .. indexed are in it; 0: it is new */
    struct hash genesis; /* leaf hash of entry 1: which journal it is of */
    struct hash root;    /* of the tree over entries 1 .. indexed: which past of it */
};

struct index {
    struct journal *journal; /* borrowed */
    struct index_file *file;
    bool may_write;
    unsigned walks;          /* open */
    struct index_meta known; /* was seen to be of this journal; indexed 0: nothing was */
};

MUST_USE enum err_code index_file_open(const char *dir, enum index_mode mode, struct index_file **file,
                                       struct err *err);
void index_file_close(struct index_file *file);
/* Bytes that the disk has left for this user. */
MUST_USE enum err_code index_file_space(struct index_file *file, uint64_t *bytes, struct err *err);

MUST_USE enum err_code index_read_begin(struct index_file *file, struct index_txn **t, struct err *err);
MUST_USE enum err_code index_write_begin(struct index_file *file, struct index_txn **t, struct err *err);
/* Durable after ERR_OK. index_txn_end() must follow in either case. */
MUST_USE enum err_code index_txn_commit(struct index_txn *t, struct err *err);
void index_txn_end(struct index_txn *t); /* NULL is fine */
/* The last error came from a map that is too small: end the transaction, grow, do it again. */
bool index_txn_is_full(const struct index_txn *t);
MUST_USE enum err_code index_file_grow(struct index_file *file, struct err *err);

/* A new file has meta->indexed 0. */
MUST_USE enum err_code index_get_meta(struct index_txn *t, struct index_meta *meta, struct err *err);
MUST_USE enum err_code index_put_meta(struct index_txn *t, const struct index_meta *meta, struct err *err);
MUST_USE enum err_code index_clear(struct index_txn *t, struct err *err);

/* One row: a chunk of postings, or a span of INDEX_OF_WHEN. `value` is borrowed until the next put or the end. */
struct index_row {
    struct index_key key;
    uint64_t first; /* seq */
    const uint8_t *value;
    size_t size;
};

MUST_USE enum err_code index_put(struct index_txn *t, const struct index_key *key, uint64_t first,
                                 const uint8_t *value, size_t size, struct err *err);
/* The key's row with the greatest first that is at most `seq`. */
MUST_USE enum err_code index_find_before(struct index_txn *t, const struct index_key *key, uint64_t seq,
                                         struct index_row *row, bool *found, struct err *err);
/* The key's row with the least first that is above `seq`. */
MUST_USE enum err_code index_find_after(struct index_txn *t, const struct index_key *key, uint64_t seq,
                                        struct index_row *row, bool *found, struct err *err);
/* All rows but meta, in order of keys: *is_first starts anew. */
MUST_USE enum err_code index_next_row(struct index_txn *t, bool is_first, struct index_row *row, bool *found,
                                      struct err *err);

/* -- a batch (index_batch.c) ---------------------------------------------------------------------------- */

/* The postings that one entry has. */
#define INDEX_KEYS_MAX 6u
unsigned index_keys_of(const struct entry *e, struct index_key keys[INDEX_KEYS_MAX]);

struct index_span {
    int64_t earliest_ns;
    int64_t latest_ns;
};

/* A key of the batch, and its runs: a chain in `runs`. The key comes first. */
struct index_batch_row {
    struct index_key key;
    uint32_t head; /* number of its first run */
    uint32_t tail;
};

struct index_batch_run {
    uint32_t first; /* seq - the batch's first */
    uint32_t last;
    uint32_t next; /* number of the key's next run; 0: none, because 0 is no key's second */
};

struct index_batch {
    uint64_t from; /* seqs from .. to; to is from - 1 when it is empty */
    uint64_t to;
    struct table rows;              /* struct index_batch_row */
    uint32_t scattered;             /* keys that lie anywhere in the file */
    uint32_t recent[INDEX_NUMBERS]; /* row of the number's last key, + 1; 0: none */
    struct index_batch_run *runs;
    uint32_t run_count;
    uint32_t run_capacity;
    struct index_span *spans; /* from that of `from` on */
    uint32_t span_count;
    uint32_t span_capacity;
    struct postings_run *list; /* room to put one key's runs together */
    size_t list_capacity;
    uint64_t postings;
};

void index_batch_init(struct index_batch *b);
void index_batch_release(struct index_batch *b);
/* Empties it; the next entry is `from`. */
void index_batch_start(struct index_batch *b, uint64_t from);
/* After an error the batch is good for nothing but release. */
MUST_USE enum err_code index_batch_add(struct index_batch *b, const struct entry *e, struct err *err);
/* Adds entries of *r up to `limit` in all, or until the batch is as large as it may be in memory. *stopped: the
 * entry that does not decode, or untouched. */
MUST_USE enum err_code index_batch_fill(struct index_batch *b, struct journal_reader *r, uint32_t limit,
                                        uint64_t *stopped, struct err *err);
/* Puts all of it. The index ends before b->from. */
MUST_USE enum err_code index_batch_put(struct index_batch *b, struct index_txn *t, struct err *err);
/* The runs of one row, b->list; valid until the next call. `room` more may be put before them. */
MUST_USE enum err_code index_batch_list(struct index_batch *b, const struct index_batch_row *row, size_t room,
                                        size_t *count, struct err *err);

static inline uint64_t index_span_first(uint64_t seq)
{
    return (seq - 1) / INDEX_SPAN * INDEX_SPAN + 1;
}

/* -- the postings of one key (index_list.c) ------------------------------------------------------------- */

struct index_list {
    struct index_txn *txn; /* borrowed */
    struct index_key key;
    size_t count; /* runs of the chunk that is loaded; 0: none is */
    struct postings_run runs[POSTINGS_RUNS_MAX];
};

void index_list_init(struct index_list *l, struct index_txn *t, const struct index_key *key);
/* The first run that reaches `seq` or lies behind it, without what is before seq. */
MUST_USE enum err_code index_list_after(struct index_list *l, uint64_t seq, struct postings_run *run,
                                        bool *found, struct err *err);
/* The last run that begins at or before `seq`, without what is behind seq. */
MUST_USE enum err_code index_list_before(struct index_list *l, uint64_t seq, struct postings_run *run,
                                         bool *found, struct err *err);

/* -- which journal (index.c) ---------------------------------------------------------------------------- */

/* What meta must say of the first `indexed` entries of *r, which has as many. */
MUST_USE enum err_code index_place(struct journal_reader *r, uint64_t indexed, struct index_meta *meta,
                                   struct err *err);
/* Whether *meta is of this journal. Opens a reader of its own, newer than the index's transaction. */
MUST_USE enum err_code index_belongs(struct index *x, const struct index_meta *meta, bool *belongs,
                                     struct err *err);

#endif
