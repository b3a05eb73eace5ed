#include <nettle/sha2.h>
#include <nettle/version.h>

// Nettle 4 dropped the length of the digest.
static inline void cnettle_sha256_finish(struct sha256_ctx *context,
                                         uint8_t digest[SHA256_DIGEST_SIZE]) {
#if NETTLE_VERSION_MAJOR < 4
  sha256_digest(context, SHA256_DIGEST_SIZE, digest);
#else
  sha256_digest(context, digest);
#endif
}
