#pragma once

#include <filesystem>
#include <string>

#include "tecnochat/kafka/testing/mock_cluster.hpp"
#include "tecnochat/postgres/testing/sandbox.hpp"
#include "tecnochat/testkit/certificates.hpp"
#include "tecnochat/testkit/service_conformance.hpp"

namespace tecnochat::skeleton {

inline const std::filesystem::path kFolder = TECNOCHAT_SOURCE_DIR "/tests/skeleton/echo-service";

/// A list of deploy/ with the rows that the service would add to it.
std::string list_with_echo(const std::string& name);

/// What echo-service lives on: its database, its topics, its identity, its allow-list.
struct EchoFixture {
    EchoFixture();

    /// The identity of a caller.
    config::TlsFiles identity(const std::string& name) {
        return certificates.issue(name, "DNS:" + name, "ca", "ca");
    }

    postgres::testing::Sandbox sandbox{"echo-service", kFolder / "migrations"};
    kafka::testing::MockCluster cluster;
    testkit::TestCertificates certificates;
    int rpc_port = 0;
    testkit::ServiceUnderTest service;
};

}  // namespace tecnochat::skeleton
