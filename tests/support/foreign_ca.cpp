#include "support/foreign_ca.hpp"

#include <stdlib.h>

#include <stdexcept>

#include "tecnochat/testkit/process.hpp"

namespace tecnochat::scenarios {
namespace {

void openssl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "openssl");
    const auto result = testkit::run(arguments);
    if (result.exit_code != 0) throw std::runtime_error("openssl failed: " + result.output);
}

const std::vector<std::string> kNewKey{
    "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"
};

std::vector<std::string> with_new_key(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), kNewKey.begin(), kNewKey.end());
    return arguments;
}

}  // namespace

ForeignCa::ForeignCa() {
    char name[] = "/tmp/tecnochat-foreign-ca-XXXXXX";
    if (mkdtemp(name) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = name;
    openssl(with_new_key(
        {"req",
         "-x509",
         "-subj",
         "/CN=stranger",
         "-keyout",
         folder_ / "ca.key",
         "-out",
         folder_ / "ca.crt"}
    ));
}

ForeignCa::~ForeignCa() {
    std::filesystem::remove_all(folder_);
}

config::TlsFiles ForeignCa::issue(const std::string& name) const {
    const config::TlsFiles files{
        folder_ / "ca.crt", folder_ / (name + ".crt"), folder_ / (name + ".key")
    };
    openssl(with_new_key(
        {"req",
         "-x509",
         "-subj",
         "/CN=" + name,
         "-addext",
         "subjectAltName=DNS:" + name,
         "-CA",
         files.ca,
         "-CAkey",
         folder_ / "ca.key",
         "-keyout",
         files.key,
         "-out",
         files.certificate}
    ));
    return files;
}

}  // namespace tecnochat::scenarios
