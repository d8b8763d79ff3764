#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tecnochat/core/assert.hpp"
#include "tecnochat/kafka/record.hpp"
#include "tecnochat/kafka/testing/mock_cluster.hpp"
#include "tecnochat/postgres/testing/sandbox.hpp"
#include "tecnochat/testkit/certificates.hpp"
#include "tecnochat/testkit/service_conformance.hpp"

namespace tecnochat::skeleton {

/// What a shipped service lives on: its database where it has one, every topic of the suite, an
/// identity, the suite's allow-list, settings. Redis is the one of the component tests; Meta is
/// nowhere.
class Shipped {
 public:
    explicit Shipped(const std::string& name);

    /// The identity of a caller.
    config::TlsFiles identity(const std::string& caller) {
        return certificates_.issue(caller, "DNS:" + caller, "ca", "ca");
    }
    [[nodiscard]] std::string http_url() const {
        return "http://127.0.0.1:" + std::to_string(http_port_);
    }
    /// Of a service that has one.
    [[nodiscard]] postgres::testing::Sandbox& database() {
        TECNOCHAT_ASSERT(sandbox.has_value(), "a service with a database");
        return *sandbox;
    }
    [[nodiscard]] int rpc_port() const { return rpc_port_; }
    /// The whole topic as it stands.
    [[nodiscard]] std::vector<kafka::Record> on_topic(const std::string& topic);

    std::optional<postgres::testing::Sandbox> sandbox;
    kafka::testing::MockCluster cluster;
    testkit::ServiceUnderTest service;

 private:
    testkit::TestCertificates certificates_;
    int rpc_port_ = 0;
    int http_port_ = 0;
};

}  // namespace tecnochat::skeleton
