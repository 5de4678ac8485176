#include "simulator/signatures.h"

#include "ledger/err.h"

#include <dlfcn.h>
#include <sodium.h>
#include <string.h>

typedef int (*sign_fn)(unsigned char *, unsigned long long *, const unsigned char *, unsigned long long,
                       const unsigned char *);
typedef int (*verify_fn)(const unsigned char *, const unsigned char *, unsigned long long,
                         const unsigned char *);

static bool are_cheap;
static sign_fn real_sign;
static verify_fn real_verify;

void signatures_are_real(bool real)
{
    are_cheap = !real;
}

__attribute__((constructor)) static void find(void)
{
    *(void **)&real_sign = dlsym(RTLD_NEXT, "crypto_sign_detached");
    *(void **)&real_verify = dlsym(RTLD_NEXT, "crypto_sign_verify_detached");
    REQUIRE(real_sign && real_verify);
}

static void make(unsigned char signature[crypto_sign_BYTES], const unsigned char *message,
                 unsigned long long size, const unsigned char public_key[crypto_sign_PUBLICKEYBYTES])
{
    REQUIRE(crypto_generichash(signature, crypto_sign_BYTES, message, size, public_key,
                               crypto_sign_PUBLICKEYBYTES) == 0);
}

/* -- libsodium's calls, as the product finds them in this program ------------------------------------------ */

int crypto_sign_detached(unsigned char *signature, unsigned long long *length, const unsigned char *message,
                         unsigned long long size, const unsigned char *secret_key)
{
    if (!are_cheap)
        return real_sign(signature, length, message, size, secret_key);
    make(signature, message, size, secret_key + crypto_sign_SECRETKEYBYTES - crypto_sign_PUBLICKEYBYTES);
    if (length)
        *length = crypto_sign_BYTES;
    return 0;
}

int crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *message,
                                unsigned long long size, const unsigned char *public_key)
{
    unsigned char mine[crypto_sign_BYTES];

    if (!are_cheap)
        return real_verify(signature, message, size, public_key);
    make(mine, message, size, public_key);
    return memcmp(mine, signature, sizeof mine) == 0 ? 0 : -1;
}
