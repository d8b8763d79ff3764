#pragma once

#include <filesystem>
#include <string>

#include "tecnochat/config/settings.hpp"

namespace tecnochat::testkit {

/// Throwaway CAs and certificates, made by the openssl tool into a folder that goes with the
/// object. Throws when a command fails.
class TestCertificates {
 public:
    TestCertificates();
    ~TestCertificates();
    TestCertificates(const TestCertificates&) = delete;
    TestCertificates& operator=(const TestCertificates&) = delete;

    void make_ca(const std::string& ca);
    /// Certificate and key are EC P-256, good for two days, called <name>-by-<ca>. Subject
    /// CN=<name>; `alternative_names` as openssl writes them ("DNS:gateway"), may be empty. The
    /// trust anchor of the result is always the CA called `trusted`.
    config::TlsFiles issue(
        const std::string& name,
        const std::string& alternative_names,
        const std::string& ca,
        const std::string& trusted
    );
    [[nodiscard]] std::string path(const std::string& file) const { return folder_ / file; }

 private:
    void run(const std::string& arguments) const;

    std::filesystem::path folder_;
};

}  // namespace tecnochat::testkit
