/*
 * Stands in for libsodium's Argon2id in the checker, which opens the same few vaults thousands of times: each
 * passphrase and salt is worked out once. Vaults made while a state is judged get a cheap key.
 */
#include "judge_keys.h"

#include <dlfcn.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 256

struct row {
    uint8_t question[crypto_generichash_BYTES];
    uint8_t key[crypto_secretbox_KEYBYTES];
};

static struct row rows[ROWS];
static size_t count;
static bool is_cheap;

void judge_keys_cheap(bool cheap)
{
    is_cheap = cheap;
}

typedef int (*pwhash_fn)(unsigned char *, unsigned long long, const char *, unsigned long long,
                         const unsigned char *, unsigned long long, size_t, int);

int crypto_pwhash(unsigned char *const out, unsigned long long size, const char *const passphrase,
                  unsigned long long length, const unsigned char *const salt, unsigned long long passes,
                  size_t memory, int algorithm)
{
    uint8_t question[crypto_generichash_BYTES];
    pwhash_fn real;

    if (size != sizeof rows[0].key ||
        crypto_generichash(question, sizeof question, (const unsigned char *)passphrase, length, salt,
                           crypto_pwhash_SALTBYTES) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (memcmp(rows[i].question, question, sizeof question) == 0) {
            memcpy(out, rows[i].key, (size_t)size);
            return 0;
        }
    }
    *(void **)&real = dlsym(RTLD_NEXT, "crypto_pwhash");
    if (is_cheap) { /* the same again for the same question, so nothing need be remembered */
        memcpy(out, question, (size_t)size);
        return 0;
    }
    if (!real || real(out, size, passphrase, length, salt, passes, memory, algorithm) != 0)
        return -1;
    if (count < ROWS) {
        memcpy(rows[count].question, question, sizeof question);
        memcpy(rows[count].key, out, (size_t)size);
        count++;
    }
    return 0;
}
