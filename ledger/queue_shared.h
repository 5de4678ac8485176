/*
 * The shared file of a queue, and the words that callers and leaders exchange in it; for queue*.c only.
 *
 *   a slot's state:  FREE -> FILLING -> PENDING -> TAKEN -> DONE -> FREE
 *
 * An order says which size of the journal its caller knows: from the journal itself, or from a signed answer. A
 * leader takes an order only if nobody can have taken it before: it was made for the size that the journal has, or
 * for the size before the newest round and is not in the list of that round, which the round's leader has signed.
 * Else it is answered STALE: its caller makes it anew. A leader looks at each slot once a round.
 * So a copy of an order that was taken, put into a slot again, is never taken; what was refused while nothing was
 * committed may be tried again.
 *
 * An order of a caller that has died is left where it is, and a file that was made before the machine started, as
 * after a power cut, is not used: whoever starts again and finds an entry missing may hand it in once more, and
 * must not find it twice.
 *
 * Before a leader commits, it writes its intent beside the order: where, and when, the entries will be. If the leader
 * dies then, the caller looks there: either its entries are in the journal, or they never will be.
 *
 * A caller believes what is signed, and states that may follow the one before; at any other it gives up, and says
 * that it cannot know (ERR_WRONG).
 *
 * When the journal has handed over to a new key, orders signed with the old one are not believed any more: they are put
 * aside as DONE without an answer. A caller whose order may have met that takes the writer lock to find out, and makes
 * it anew.
 */
#ifndef LEDGER_QUEUE_SHARED_H
#define LEDGER_QUEUE_SHARED_H

#include "ledger/queue.h"
#include "ledger/wire.h"

#include <stdatomic.h>
#include <sys/types.h>

#define QUEUE_FILE_NAME   "journal.queue"
#define QUEUE_SLOTS       128u
#define QUEUE_TICKET_SIZE 16u
#define QUEUE_MAC_SIZE    32u
#define QUEUE_TEXT_MAX    1024u
#define QUEUE_BOOT_SIZE   40u

enum queue_state { QUEUE_FREE, QUEUE_FILLING, QUEUE_PENDING, QUEUE_TAKEN, QUEUE_DONE };

/* Who fills or has taken a slot stands in the same word, so that nobody sees the one without the other. */
/* FILLING, PENDING, DONE: the caller's process. TAKEN: the leader's. */
static inline uint32_t queue_state_by(enum queue_state state, uint32_t process)
{
    return (uint32_t)state | process << 8; /* Linux has no process number of more than 22 bits */
}

static inline enum queue_state queue_state_of(uint32_t word)
{
    return (enum queue_state)(word & 0xff);
}

static inline uint32_t queue_process_of(uint32_t word)
{
    return word >> 8;
}

/* No padding in what is signed. */
struct queue_order {
    uint8_t ticket[QUEUE_TICKET_SIZE]; /* of this order alone */
    uint64_t seen;                     /* the journal's size when it was made */
    uint32_t rules;
    uint32_t count;
    uint32_t size; /* of the entries' bytes */
    uint32_t zero;
    uint16_t sizes[QUEUE_ENTRIES_MAX];
    uint8_t bytes[QUEUE_BYTES_MAX];
};

enum { QUEUE_STALE = -2 };

#define QUEUE_CANNOT_KNOW                                                                                    \
    "another program has written into " QUEUE_FILE_NAME                                                      \
    ": look in the journal whether these entries are there"

struct queue_answer {
    uint8_t ticket[QUEUE_TICKET_SIZE];
    int64_t code; /* an enum err_code, or QUEUE_STALE */
    uint64_t first_seq;
    uint64_t refused;
    uint64_t seal_size; /* STALE: the journal's size */
    struct hash root;
    uint64_t text_size;
    char text[QUEUE_TEXT_MAX]; /* an error's words */
};

/* Where a leader is about to put an order. */
struct queue_intent {
    uint8_t ticket[QUEUE_TICKET_SIZE];
    uint64_t first_seq;
    int64_t recorded_at_ns;
};

struct queue_slot {
    _Atomic uint32_t state; /* and process */
    _Atomic uint32_t owner; /* process of the caller, from PENDING to DONE */
    struct queue_order order;
    uint8_t order_mac[QUEUE_MAC_SIZE];
    struct queue_intent intent;
    uint8_t intent_mac[QUEUE_MAC_SIZE];
    struct queue_answer answer;
    uint8_t answer_mac[QUEUE_MAC_SIZE];
};

/* The newest round: which orders it took or refused, and between which sizes of the journal. */
struct queue_round {
    uint64_t before;
    uint64_t after;
    uint64_t count;
    uint8_t tickets[QUEUE_SLOTS + 1][QUEUE_TICKET_SIZE];
};

struct queue_file {
    char magic[16];
    char boot[QUEUE_BOOT_SIZE]; /* which start of the machine it was made in; zeros when that is not known */
    _Atomic uint32_t leader;    /* process that leads, or 0: a hint, since leaders take the writer lock */
    _Atomic uint32_t turn;      /* grows when a leader is done: what callers wait on, by futex */
    struct queue_round round;
    uint8_t round_mac[QUEUE_MAC_SIZE];
    struct queue_slot slots[QUEUE_SLOTS];
};

/* What the leader gave an encoded entry. */
static inline int64_t queue_recorded_at(const uint8_t *bytes)
{
    return (int64_t)wire_load_u64(bytes + 16);
}

/* The key of MACs, from the journal's newest secret key: so it changes when that does. */
struct queue_key {
    uint8_t *bytes; /* guarded memory */
    size_t epochs;  /* of the journal, with the one that it is made from */
    _Atomic uint32_t users;
};

/* Of the newest epoch that `j` knows; one user, the caller. ERR_MEMORY. ERR_KEY: the vault does not hold its key. */
MUST_USE enum err_code queue_key_new(const struct journal *j, struct queue_key **k, struct err *err);
/* One user less; the last one's going wipes it. NULL is fine. */
void queue_key_release(struct queue_key *k);
/* Only the used part of an order is signed: its head, its sizes and its bytes. */
void queue_sign_order(const struct queue_key *k, const struct queue_order *o, uint8_t mac[QUEUE_MAC_SIZE]);
bool queue_check_order(const struct queue_key *k, const struct queue_order *o,
                       const uint8_t mac[QUEUE_MAC_SIZE]);
void queue_sign_intent(const struct queue_key *k, const struct queue_intent *i, uint8_t mac[QUEUE_MAC_SIZE]);
bool queue_check_intent(const struct queue_key *k, const struct queue_intent *i,
                        const uint8_t mac[QUEUE_MAC_SIZE]);
void queue_sign_answer(const struct queue_key *k, const struct queue_answer *a, uint8_t mac[QUEUE_MAC_SIZE]);
bool queue_check_answer(const struct queue_key *k, const struct queue_answer *a,
                        const uint8_t mac[QUEUE_MAC_SIZE]);
void queue_sign_round(const struct queue_key *k, const struct queue_round *r, uint8_t mac[QUEUE_MAC_SIZE]);
bool queue_check_round(const struct queue_key *k, const struct queue_round *r,
                       const uint8_t mac[QUEUE_MAC_SIZE]);

/* The file of `dir`, made (mode 0600, all its blocks there) when it is missing, of another program, or older than
 * the machine's start. */
MUST_USE enum err_code queue_map(const char *dir, struct queue_file **file, struct err *err);
void queue_unmap(struct queue_file *file);

/* Sleeps while *word is `value`, at most `ms`; wakes all sleepers. Across processes. */
void queue_wait(_Atomic uint32_t *word, uint32_t value, unsigned ms);
void queue_wake_all(_Atomic uint32_t *word);
bool queue_process_lives(uint32_t process);
/* The same at a tenth of the price; but one that died and was not waited for counts. */
bool queue_process_exists(uint32_t process);

#endif
