/*
 * Argon2id at its least cost in the place of libsodium's, for tests that make and open vaults by the thousand and ask
 * for nothing of them but that they open: linked into a test's program, or loaded into the real one with LD_PRELOAD.
 * The product has no such switch. Passphrase, salt and the cost that was asked for decide about the key as they do in
 * earnest, so whatever does not open a vault does not open it here. What a vault really costs is asked by test_vault,
 * test_vault_failing, e2e_key, e2e_secrets and e2e_memcheck, without this.
 *
 * LEDGER_REAL_VAULT=1 in the environment: every test pays the price.
 */
#include <dlfcn.h>
#include <sodium.h>
#include <stdlib.h>

typedef int (*pwhash_fn)(unsigned char *, unsigned long long, const char *, unsigned long long,
                         const unsigned char *, unsigned long long, size_t, int);

static pwhash_fn real;

/* At the start, because a test may count the allocations that come later. Not there: this program has no libsodium. */
__attribute__((constructor)) static void find(void)
{
    *(void **)&real = dlsym(RTLD_NEXT, "crypto_pwhash");
}

int crypto_pwhash(unsigned char *const out, unsigned long long size, const char *const passphrase,
                  unsigned long long length, const unsigned char *const salt, unsigned long long passes,
                  size_t memory, int algorithm)
{
    unsigned char asked[crypto_pwhash_SALTBYTES];

    if (!real)
        return -1;
    if (getenv("LEDGER_REAL_VAULT"))
        return real(out, size, passphrase, length, salt, passes, memory, algorithm);
    for (size_t i = 0; i < sizeof asked; i++)
        asked[i] = salt[i] ^ (unsigned char)((i < 8 ? passes : memory) >> i % 8 * 8);
    return real(out, size, passphrase, length, asked, crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN,
                algorithm);
}
