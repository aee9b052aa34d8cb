/// Somebody who makes tokens and keys: ours, another issuer's, a forger's.
#pragma once

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "accounts/signature.hpp"
#include "base64url.hpp"
#include "crypto.hpp"

namespace todo {

inline std::string header(const std::string& alg, const std::string& kid) {
    return R"({"alg":")" + alg + R"(","kid":")" + kid + "\"}";
}

/// Of names and JSON values; one that is empty is left out.
inline std::string object(const std::map<std::string, std::string>& members) {
    std::string json = "{";
    for (const auto& [name, value] : members) {
        if (value.empty()) continue;
        if (json.size() > 1) json += ',';
        json.append("\"").append(name).append("\":").append(value);
    }
    return json + '}';
}

inline std::string unsigned_token(const std::string& header, const std::string& payload) {
    return to_base64url(header) + '.' + to_base64url(payload) + '.';
}
inline std::string sign_hs256(const std::string& header, const std::string& payload, const std::string& secret) {
    const std::string text = to_base64url(header) + '.' + to_base64url(payload);
    return text + '.' + to_base64url(HmacSha256{secret}.sign(text));
}
inline std::string oct_jwk(const std::string& kid, const std::string& secret) {
    return R"({"kty":"oct","kid":")" + kid + R"(","alg":"HS256","k":")" + to_base64url(secret) + "\"}";
}

/// A private key of OpenSSL's.
class PrivateKey {
public:
    explicit PrivateKey(EVP_PKEY* key) : key_{key, EVP_PKEY_free} {}

    /// The public one, as a careless program might take it for a secret.
    [[nodiscard]] std::string pem() const {
        const std::unique_ptr<BIO, int (*)(BIO*)> out{BIO_new(BIO_s_mem()), BIO_free};
        PEM_write_bio_PUBKEY(out.get(), key_.get());
        char* text = nullptr;
        const long size = BIO_get_mem_data(out.get(), &text);
        return {text, static_cast<std::size_t>(size)};
    }

protected:
    [[nodiscard]] std::string number(const char* name) const {
        BIGNUM* value = nullptr;
        EVP_PKEY_get_bn_param(key_.get(), name, &value);
        std::string bytes(static_cast<std::size_t>(BN_num_bytes(value)), '\0');
        BN_bn2bin(value, reinterpret_cast<unsigned char*>(bytes.data()));
        BN_free(value);
        return bytes;
    }
    [[nodiscard]] std::string raw_signature(const std::string& text) const {
        const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> digest{EVP_MD_CTX_new(), EVP_MD_CTX_free};
        EVP_DigestSignInit(digest.get(), nullptr, EVP_sha256(), nullptr, key_.get());
        std::array<unsigned char, 1024> bytes{};
        std::size_t size = bytes.size();
        EVP_DigestSign(digest.get(), bytes.data(), &size, reinterpret_cast<const unsigned char*>(text.data()),
                       text.size());
        return {reinterpret_cast<const char*>(bytes.data()), size};
    }

private:
    std::shared_ptr<EVP_PKEY> key_;
};

class RsaKey : public PrivateKey {
public:
    explicit RsaKey(unsigned bits = 2048) : PrivateKey{EVP_RSA_gen(bits)} {}
    [[nodiscard]] std::string jwk(const std::string& kid) const {
        return R"({"kty":"RSA","kid":")" + kid + R"(","alg":"RS256","n":")" + to_base64url(number("n")) + R"(","e":")" +
               to_base64url(number("e")) + "\"}";
    }
    [[nodiscard]] std::string sign(const std::string& header, const std::string& payload) const {
        const std::string text = to_base64url(header) + '.' + to_base64url(payload);
        return text + '.' + to_base64url(raw_signature(text));
    }
};

class EcKey : public PrivateKey {
public:
    EcKey() : PrivateKey{EVP_EC_gen("P-256")} {}
    [[nodiscard]] std::string jwk(const std::string& kid) const {
        return R"({"kty":"EC","kid":")" + kid + R"(","alg":"ES256","crv":"P-256","x":")" +
               to_base64url(padded(number("qx"))) + R"(","y":")" + to_base64url(padded(number("qy"))) + "\"}";
    }
    [[nodiscard]] std::string sign(const std::string& header, const std::string& payload) const {
        const std::string text = to_base64url(header) + '.' + to_base64url(payload);
        const std::string der = raw_signature(text);
        const auto* at = reinterpret_cast<const unsigned char*>(der.data());
        const std::unique_ptr<ECDSA_SIG, void (*)(ECDSA_SIG*)> pair{
            d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())), ECDSA_SIG_free};
        std::string raw(64, '\0');
        BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), reinterpret_cast<unsigned char*>(raw.data()), 32);
        BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), reinterpret_cast<unsigned char*>(raw.data()) + 32, 32);
        return text + '.' + to_base64url(raw);
    }

private:
    static std::string padded(const std::string& bytes) { return std::string(32 - bytes.size(), '\0') + bytes; }
};

/// A file of keys, as --token-keys wants it.
class KeysFile {
public:
    KeysFile() {
        close(mkstemp(path_.data()));  // with mode 0600
    }
    ~KeysFile() { unlink(path_.c_str()); }
    KeysFile(const KeysFile&) = delete;
    KeysFile& operator=(const KeysFile&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }
    const std::string& write_text(const std::string& text) {
        std::ofstream{path_} << text;
        return path_;
    }
    const std::string& write(const std::vector<std::string>& keys) {
        std::string json = R"({"keys":[)";
        for (const std::string& key : keys) json += (json.back() == '[' ? "" : ",") + key;
        return write_text(json + "]}");
    }

private:
    std::string path_ = "/tmp/todo-worker-keys.XXXXXX";
};

}  // namespace todo
