/*
 * Asks a witness (C2SP tlog-witness) to cosign a seal: says what the witness cosigned last, or learns it, sends the
 * consistency proof from there, and checks what comes back against the keys of the witnesses that are known. Where the
 * witness refuses, it is asked for the checkpoint that it holds: if this journal signed that one and does not lead
 * through it, the journal was rolled back, cut or forked.
 */
#ifndef GATEWAY_WITNESS_HTTP_H
#define GATEWAY_WITNESS_HTTP_H

#include "audit/cosigners.h"
#include "gateway/http.h"
#include "ledger/journal.h"

#define WITNESS_HTTP_URL_MAX 2000

enum witness_http_outcome {
    WITNESS_HTTP_COSIGNED,
    WITNESS_HTTP_SILENT,   /* no answer */
    WITNESS_HTTP_REFUSED,  /* an answer that is no cosignature */
    WITNESS_HTTP_STRANGER, /* cosigned, but by nobody who is known */
    WITNESS_HTTP_WRONG,    /* a known one's line that is not its signature */
    WITNESS_HTTP_AHEAD,    /* it has cosigned a later seal than this one */
    WITNESS_HTTP_CONFLICT  /* it holds a checkpoint by our key that this journal does not lead through */
};

struct witness_http_request {
    const char *url;         /* the witness's submission prefix: .../add-checkpoint is asked */
    const char *ca_file;     /* PEM; NULL: the system's */
    unsigned timeout_s;      /* of each question; 0: as gateway/http.h has it */
    struct journal *journal; /* nobody is reading it in this thread */
    const struct seal *seal;
    const struct cosigners *known;
    const struct note_key *log_keys; /* the journal's own, of all its epochs */
    size_t log_key_count;
};

struct witness_http_answer {
    enum witness_http_outcome outcome;
    uint64_t held;             /* entries that it has cosigned before, as far as it said so */
    uint64_t at_s;             /* COSIGNED: when, by the witness's clock */
    char words[ERR_TEXT_SIZE]; /* who it was, or what is wrong */
    size_t size;
    char bytes[NOTE_MAX_SIZE]; /* COSIGNED: the good lines by known keys. CONFLICT: the checkpoint it holds */
};

/* Whatever the witness says or does not say is ERR_OK and in *a. ERR_INPUT: no http(s) address. ERR_MEMORY, or what is
 * wrong with the journal. */
MUST_USE enum err_code witness_http_ask(struct http *h, const struct witness_http_request *request,
                                        struct witness_http_answer *a, struct err *err);

#endif
