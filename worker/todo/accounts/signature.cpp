#include "accounts/signature.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <cstddef>
#include <stdexcept>
#include <string>

namespace todo {
namespace {

template <auto Free>
struct Freed {
    template <typename T>
    void operator()(T* thing) const {
        Free(thing);
    }
};
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using Context = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;
using Pkey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

constexpr int kLeastRsaBits = 2048;  // RFC 7518, 3.3
constexpr int kMostRsaBits = 8192;   // more would take a processor for milliseconds
constexpr std::size_t kP256Bytes = 32;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Number number_of(std::string_view bytes) {
    return Number{BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr)};
}

Pkey make(const char* type, OSSL_PARAM_BLD* builder) {
    const Parameters parameters{OSSL_PARAM_BLD_to_param(builder)};
    const Context context{EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr)};
    EVP_PKEY* key = nullptr;
    if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
        throw std::invalid_argument("its numbers are no public key");
    }
    Pkey made{key};
    const Context check{EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)};
    if (!check || EVP_PKEY_public_check(check.get()) != 1) throw std::invalid_argument("its numbers are no public key");
    return made;
}

/// What OpenSSL takes: r and s in DER. Empty where they cannot be.
std::string der_of(std::string_view signature) {
    if (signature.size() != 2 * kP256Bytes) return {};
    const EcdsaSignature pair{ECDSA_SIG_new()};
    Number r = number_of(signature.substr(0, kP256Bytes));
    Number s = number_of(signature.substr(kP256Bytes));
    if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return {};
    (void)r.release();  // they are the pair's
    (void)s.release();
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(pair.get(), &der);
    if (size <= 0) return {};
    std::string text{reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)};
    OPENSSL_free(der);
    return text;
}

}  // namespace

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
    if (!modulus || BN_num_bits(modulus.get()) < kLeastRsaBits)
        throw std::invalid_argument("it has less than 2048 bits");
    if (!exponent || !BN_is_odd(exponent.get()) || BN_is_one(exponent.get())) {
        throw std::invalid_argument("its exponent is none");
    }
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
    return PublicKey{std::make_shared<const Key>(Key{make("RSA", builder.get()), false})};
}

PublicKey PublicKey::p256(std::string_view x, std::string_view y) {
    if (x.size() != kP256Bytes || y.size() != kP256Bytes) throw std::invalid_argument("x and y have 32 bytes each");
    const std::string point = '\x04' + std::string{x} + std::string{y};  // uncompressed
    const Builder builder{OSSL_PARAM_BLD_new()};
    OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
    OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
    return PublicKey{std::make_shared<const Key>(Key{make("EC", builder.get()), true})};
}

bool PublicKey::verifies(std::string_view text, std::string_view signature) const {
    std::string der;
    if (key_->is_p256) {
        der = der_of(signature);
        if (der.empty()) return false;
        signature = der;
    }
    const Digest digest{EVP_MD_CTX_new()};
    return digest && EVP_DigestVerifyInit(digest.get(), nullptr, EVP_sha256(), nullptr, key_->pkey.get()) == 1 &&
           EVP_DigestVerify(digest.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
}

}  // namespace todo
