#include "tecnochat/testkit/certificates.hpp"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "tecnochat/testkit/process.hpp"

namespace tecnochat::testkit {
namespace {

const std::string kNewKey = " -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes ";

}  // namespace

TestCertificates::TestCertificates() {
    std::string folder = std::filesystem::temp_directory_path() / "tecnochat-certificates-XXXXXX";
    if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = folder;
}

TestCertificates::~TestCertificates() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

void TestCertificates::run(const std::string& arguments) const {
    const std::string command =
        "cd '" + folder_.string() + "' && openssl " + arguments + " 2> openssl.log";
    if (testkit::run({"/bin/sh", "-c", command}).exit_code != 0) {
        throw std::runtime_error("openssl failed: " + arguments);
    }
}

void TestCertificates::make_ca(const std::string& ca) {
    run("req -x509 -days 2 -subj /CN=" + ca + kNewKey + "-keyout " + ca + ".key -out " + ca + ".pem"
    );
}

config::TlsFiles TestCertificates::issue(
    const std::string& name,
    const std::string& alternative_names,
    const std::string& ca,
    const std::string& trusted
) {
    const std::string file = name + "-by-" + ca + (alternative_names.empty() ? "-cn" : "");
    std::ofstream(path(file + ".ext"))
        << "basicConstraints=CA:FALSE\n"
        << (alternative_names.empty() ? "" : "subjectAltName=" + alternative_names + "\n");
    run("req -subj /CN=" + name + kNewKey + "-keyout " + file + ".key -out " + file + ".csr");
    run("x509 -req -days 2 -in " + file + ".csr -CA " + ca + ".pem -CAkey " + ca +
        ".key -CAcreateserial -extfile " + file + ".ext -out " + file + ".pem");
    return {path(trusted + ".pem"), path(file + ".pem"), path(file + ".key")};
}

}  // namespace tecnochat::testkit
