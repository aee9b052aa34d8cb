/// A certificate that vouches for itself, and its key, as PEM files for a test.
#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

namespace load {

struct Certificate {
    std::string certificate;  ///< The paths.
    std::string key;
};

/// `address`: that of the server, which a client compares. Its files begin with `path`.
inline Certificate make_certificate(const std::string& path, const std::string& address = "127.0.0.1") {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{EVP_EC_gen("P-256"), EVP_PKEY_free};
    const std::unique_ptr<X509, decltype(&X509_free)> made{X509_new(), X509_free};
    X509_set_version(made.get(), X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
    X509_set_pubkey(made.get(), key.get());
    const std::string subject = "IP:" + address;
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> name{
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, subject.c_str()), X509_EXTENSION_free};
    X509_add_ext(made.get(), name.get(), -1);
    if (X509_sign(made.get(), key.get(), EVP_sha256()) == 0) throw std::runtime_error("no certificate can be made");

    Certificate files{path + "-certificate.pem", path + "-key.pem"};
    const auto write = [](const std::string& file, const auto& put) {
        const std::unique_ptr<std::FILE, int (*)(std::FILE*)> opened{std::fopen(file.c_str(), "w"), std::fclose};
        if (!opened || put(opened.get()) != 1) throw std::runtime_error(file + " cannot be written");
    };
    write(files.certificate, [&](std::FILE* file) { return PEM_write_X509(file, made.get()); });
    write(files.key, [&](std::FILE* file) {
        return PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
    return files;
}

}  // namespace load
