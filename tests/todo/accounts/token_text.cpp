#include "token_text.hpp"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <cstddef>
#include <stdexcept>

#include "accounts/signature.hpp"
#include "base64url.hpp"

namespace todo {
namespace {

void require(bool made) {
    if (!made) throw std::runtime_error{"OpenSSL makes no key or signature"};
}

std::string bytes_of(const BIGNUM* number, std::size_t size) {
    std::string bytes(size, '\0');
    require(BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) >= 0);
    return bytes;
}

std::string quoted(const std::string& text) { return '"' + text + '"'; }

/// From ASN.1 to the two numbers next to each other.
std::string flat(const std::string& encoded) {
    const auto* begin = reinterpret_cast<const unsigned char*>(encoded.data());
    const std::unique_ptr<ECDSA_SIG, void (*)(ECDSA_SIG*)> pair{
        d2i_ECDSA_SIG(nullptr, &begin, static_cast<long>(encoded.size())), ECDSA_SIG_free};
    require(pair != nullptr);
    return bytes_of(ECDSA_SIG_get0_r(pair.get()), 32) + bytes_of(ECDSA_SIG_get0_s(pair.get()), 32);
}

}  // namespace

std::string json(std::vector<Member> members, const std::vector<Member>& changes) {
    for (const Member& change : changes) {
        const auto found = std::find_if(members.begin(), members.end(),
                                        [&](const Member& member) { return member.first == change.first; });
        if (found == members.end()) {
            members.push_back(change);
        } else {
            *found = change;
        }
    }
    std::string text = "{";
    for (const auto& [name, value] : members) {
        if (value.empty()) continue;
        if (text.size() > 1) text += ',';
        text += quoted(name) + ':' + value;
    }
    return text + '}';
}

std::string unsigned_token(std::string_view header, std::string_view payload) {
    return to_base64url(header) + '.' + to_base64url(payload);
}

std::string hs256_token(std::string_view header, std::string_view payload, std::string_view secret) {
    const std::string text = unsigned_token(header, payload);
    return text + '.' + to_base64url(HmacSha256{secret}.sign(text));
}

std::string key_set(const std::vector<std::string>& keys) {
    std::string text = R"({"keys":[)";
    for (const std::string& key : keys) text.append(&key == keys.data() ? "" : ",").append(key);
    return text + "]}";
}

std::string hs256_jwk(const std::string& id, std::string_view secret) {
    return json({{"kty", R"("oct")"}, {"kid", quoted(id)}, {"alg", R"("HS256")"}, {"k", quoted(to_base64url(secret))}});
}

struct ForeignKey::Key {
    explicit Key(EVP_PKEY* made) : key(made) { require(made != nullptr); }
    Key(const Key&) = delete;
    Key& operator=(const Key&) = delete;
    ~Key() { EVP_PKEY_free(key); }

    [[nodiscard]] bool is_rsa() const { return EVP_PKEY_is_a(key, "RSA") == 1; }

    /// One of the numbers that it is made of, in base64url and quotes.
    [[nodiscard]] std::string number(const char* name, std::size_t least_bytes) const {
        BIGNUM* number = nullptr;
        require(EVP_PKEY_get_bn_param(key, name, &number) == 1);
        const std::size_t size = std::max(least_bytes, static_cast<std::size_t>(BN_num_bytes(number)));
        const std::string bytes = bytes_of(number, size);
        BN_free(number);
        return quoted(to_base64url(bytes));
    }

    EVP_PKEY* key;
};

ForeignKey ForeignKey::rsa(unsigned bits) { return ForeignKey{std::make_shared<Key>(EVP_RSA_gen(bits))}; }

ForeignKey ForeignKey::ec(const std::string& curve) {
    return ForeignKey{std::make_shared<Key>(EVP_EC_gen(curve.c_str()))};
}

std::string ForeignKey::jwk(const std::string& id, const std::vector<Member>& changes) const {
    if (key_->is_rsa()) {
        return json({{"kty", R"("RSA")"},
                     {"kid", quoted(id)},
                     {"alg", R"("RS256")"},
                     {"n", key_->number("n", 1)},
                     {"e", key_->number("e", 1)}},
                    changes);
    }
    return json({{"kty", R"("EC")"},
                 {"crv", R"("P-256")"},
                 {"kid", quoted(id)},
                 {"alg", R"("ES256")"},
                 {"x", key_->number("qx", 32)},
                 {"y", key_->number("qy", 32)}},
                changes);
}

std::string ForeignKey::pem() const {
    const std::unique_ptr<BIO, int (*)(BIO*)> out{BIO_new(BIO_s_mem()), BIO_free};
    require(out != nullptr && PEM_write_bio_PUBKEY(out.get(), key_->key) == 1);
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

std::string ForeignKey::token(std::string_view header, std::string_view payload) const {
    const std::string text = unsigned_token(header, payload);
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
    std::string signature(1024, '\0');
    std::size_t size = signature.size();
    require(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_->key) == 1 &&
            EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                           reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1);
    signature.resize(size);
    return text + '.' + to_base64url(key_->is_rsa() ? signature : flat(signature));
}

const ForeignKey& rsa() {
    static const ForeignKey pair = ForeignKey::rsa();
    return pair;
}
const ForeignKey& ec() {
    static const ForeignKey pair = ForeignKey::ec();
    return pair;
}

}  // namespace todo
