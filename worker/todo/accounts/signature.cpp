#include "accounts/signature.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <array>
#include <cstddef>
#include <stdexcept>
#include <utility>

namespace todo {
namespace {

template <auto Free>
struct Freed {
    template <typename T>
    void operator()(T* thing) const {
        Free(thing);
    }
};
using Mac = std::unique_ptr<EVP_MAC, Freed<EVP_MAC_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, Freed<EVP_MAC_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using Context = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;
using Pkey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

constexpr std::size_t kDigestBytes = 32;
constexpr int kLeastRsaBits = 2048;  // RFC 7518, 3.3
constexpr int kMostRsaBits = 8192;   // more would take a processor for milliseconds
constexpr std::size_t kP256Bytes = 32;

/// OpenSSL keeps what went wrong for each thread, and nothing here reads it.
bool succeeds(bool holds) {
    if (!holds) ERR_clear_error();
    return holds;
}

/// For what only fails where there is no memory.
void require(bool holds) {
    if (!succeeds(holds)) throw std::runtime_error("OpenSSL cannot make or check a signature");
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Number number_of(std::string_view bytes) {
    return Number{BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr)};
}

Pkey make(const char* type, OSSL_PARAM_BLD* builder) {
    const Parameters parameters{OSSL_PARAM_BLD_to_param(builder)};
    const Context context{EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr)};
    require(parameters && context && EVP_PKEY_fromdata_init(context.get()) == 1);
    EVP_PKEY* key = nullptr;
    if (!succeeds(EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) == 1)) {
        throw std::invalid_argument("its numbers are no public key");
    }
    Pkey made{key};
    const Context check{EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)};
    require(check != nullptr);
    if (!succeeds(EVP_PKEY_public_check(check.get()) == 1))
        throw std::invalid_argument("its numbers are no public key");
    return made;
}

/// What OpenSSL takes: r and s in DER.
std::string der_of(std::string_view signature) {
    const EcdsaSignature pair{ECDSA_SIG_new()};
    Number r = number_of(signature.substr(0, kP256Bytes));
    Number s = number_of(signature.substr(kP256Bytes));
    require(pair && r && s && ECDSA_SIG_set0(pair.get(), r.get(), s.get()) == 1);
    (void)r.release();  // they are the pair's
    (void)s.release();
    std::array<unsigned char, 80> der{};  // two numbers of at most 33 bytes, 2 before each, 2 before both
    unsigned char* end = der.data();
    const int size = i2d_ECDSA_SIG(pair.get(), &end);
    require(size > 0);
    return {reinterpret_cast<const char*>(der.data()), static_cast<std::size_t>(size)};
}

}  // namespace

/// With the state behind the secret's own block, which each signature begins with.
struct HmacSha256::State {
    MacContext begun;

    [[nodiscard]] std::array<unsigned char, kDigestBytes> digest(std::string_view text) const {
        const MacContext context{EVP_MAC_CTX_dup(begun.get())};
        std::array<unsigned char, kDigestBytes> digest{};
        std::size_t size = 0;
        require(context && EVP_MAC_update(context.get(), bytes_of(text), text.size()) == 1 &&
                EVP_MAC_final(context.get(), digest.data(), &size, digest.size()) == 1 && size == digest.size());
        return digest;
    }
};

HmacSha256::HmacSha256(std::string_view secret) {
    if (secret.size() < kDigestBytes) throw std::invalid_argument("it has a secret of less than 32 bytes");
    const Mac hmac{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
    MacContext context{EVP_MAC_CTX_new(hmac.get())};
    std::string digest = "SHA256";
    const std::array parameters{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
                                OSSL_PARAM_construct_end()};
    require(context && EVP_MAC_init(context.get(), bytes_of(secret), secret.size(), parameters.data()) == 1);
    state_ = std::make_shared<const State>(State{std::move(context)});
}

std::string HmacSha256::sign(std::string_view text) const {
    const auto digest = state_->digest(text);
    return {digest.begin(), digest.end()};
}

bool HmacSha256::verifies(std::string_view text, std::string_view signature) const {
    const auto digest = state_->digest(text);
    return signature.size() == digest.size() && CRYPTO_memcmp(digest.data(), signature.data(), digest.size()) == 0;
}

struct PublicKey::Key {
    Pkey pkey;
    bool is_p256 = false;
};

PublicKey PublicKey::rsa(std::string_view n, std::string_view e) {
    if (n.size() > kMostRsaBits / 8 || e.size() > sizeof(std::size_t)) {
        throw std::invalid_argument("its numbers are too large");
    }
    const Number modulus = number_of(n);
    const Number exponent = number_of(e);
    const Builder builder{OSSL_PARAM_BLD_new()};
    require(modulus && exponent && builder);
    if (BN_num_bits(modulus.get()) < kLeastRsaBits) throw std::invalid_argument("it has less than 2048 bits");
    if (!BN_is_odd(exponent.get()) || BN_is_one(exponent.get())) throw std::invalid_argument("its exponent is none");
    require(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) == 1 &&
            OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) == 1);
    return PublicKey{std::make_shared<const Key>(Key{make("RSA", builder.get()), false})};
}

PublicKey PublicKey::p256(std::string_view x, std::string_view y) {
    if (x.size() != kP256Bytes || y.size() != kP256Bytes) throw std::invalid_argument("x and y have 32 bytes each");
    const std::string point = '\x04' + std::string{x} + std::string{y};  // uncompressed
    const Builder builder{OSSL_PARAM_BLD_new()};
    require(builder && OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
            OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) == 1);
    return PublicKey{std::make_shared<const Key>(Key{make("EC", builder.get()), true})};
}

bool PublicKey::verifies(std::string_view text, std::string_view signature) const {
    std::string der;
    if (key_->is_p256) {
        if (signature.size() != 2 * kP256Bytes) return false;
        der = der_of(signature);
        signature = der;
    }
    const Digest digest{EVP_MD_CTX_new()};
    require(digest && EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, key_->pkey.get()) == 1);
    return succeeds(
        EVP_DigestVerify(digest.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1);
}

}  // namespace todo
